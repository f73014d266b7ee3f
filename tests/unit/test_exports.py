"""Dropped files: read exactly, or refused as a whole with the place that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.exact import add
from chalicelib.sources import findings, focus_export

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
HEADER = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "BillingCurrency",
    "ChargePeriodStart",
    "ServiceName",
    "RegionId",
    "SubAccountId",
    "Tags",
]
GOOD = ["1.00000000001", "0.5", "NULL", "USD", "2026-09-03 22:00:00", "Amazon EC2", "us-east-1", "123", '{"team": "a"}']


def file(*rows: list[str], header: list[str] | None = None) -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text).writerows([header or HEADER, *rows])
    return io.BytesIO(text.getvalue().encode())


def changed(column: str, value: str) -> list[str]:
    return [value if name == column else old for name, old in zip(HEADER, GOOD, strict=True)]


def test_every_digit_is_kept_and_null_is_unknown() -> None:
    export = focus_export.read(file(GOOD), "digest", RECEIVED)
    (part,) = export.parts
    (line,) = part.lines
    assert (line.billed, line.effective, line.list) == (Decimal("1.00000000001"), Decimal("0.5"), None)
    assert (part.day, line.account, line.tags, part.estimated) == (date(2026, 9, 3), "123", {"team": "a"}, False)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-03T23:59:59Z", date(2026, 9, 3)),
        ("2026-09-03T23:30:00-01:00", date(2026, 9, 4)),
        ("2026-09-03 00:00:00", date(2026, 9, 3)),
        ("2026-09-03", date(2026, 9, 3)),
        ("2026-09-03T10:00:00.123Z", date(2026, 9, 3)),
    ],
)
def test_a_charge_lies_at_its_start_in_utc(text: str, day: date) -> None:
    assert focus_export.read(file(changed("ChargePeriodStart", text)), "d", RECEIVED).parts[0].day == day


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (changed("BilledCost", "1,5"), "row 3: BilledCost"),
        (changed("EffectiveCost", "NaN"), "row 3: EffectiveCost"),
        (changed("ListCost", "Infinity"), "row 3: ListCost"),
        (changed("BilledCost", "1e999999"), "row 3: BilledCost"),
        (changed("BillingCurrency", ""), "row 3: BillingCurrency"),
        (changed("ChargePeriodStart", "yesterday"), "row 3: ChargePeriodStart"),
        (GOOD[:-1], "row 3: 8 fields under 9 columns"),
    ],
)
def test_a_malformed_row_refuses_the_file_and_names_the_place(row: list[str], told: str) -> None:
    with pytest.raises(RejectedDrop, match=told):
        focus_export.read(file(GOOD, row), "d", RECEIVED)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x1f\x8bnot gzip", b'BilledCost\n"open'])
def test_what_is_no_cost_export_is_refused(content: bytes) -> None:
    with pytest.raises(RejectedDrop):
        focus_export.read(io.BytesIO(content), "d", RECEIVED)


def test_gzip_and_a_byte_order_mark_are_read_through() -> None:
    packed = io.BytesIO(gzip.compress(b"\xef\xbb\xbf" + file(GOOD).getvalue()))
    assert focus_export.read(packed, "d", RECEIVED).rows == 1


def test_tags_that_are_no_json_cost_the_row_its_tags_and_leave_a_note() -> None:
    export = focus_export.read(file(changed("Tags", "{'team': 'a'}")), "d", RECEIVED)
    assert export.parts[0].lines[0].tags == {}
    assert "1 rows" in export.notes[0]


@given(st.lists(st.tuples(st.decimals(-(10**9), 10**9, places=11), st.integers(1, 28), st.text(max_size=8)), max_size=40))
def test_no_cent_of_any_file_is_lost(rows: list[tuple[Decimal, int, str]]) -> None:
    lines = [
        [str(amount), str(amount), str(amount), "USD", f"2026-09-{day:02d}", service.replace("\0", ""), "", "", "NULL"]
        for amount, day, service in rows
    ]
    export = focus_export.read(file(*lines), "d", RECEIVED)
    assert add(line.billed or Decimal(0) for part in export.parts for line in part.lines) == add(amount for amount, _, _ in rows)
    assert add(own.billed or Decimal(0) for part in export.parts for own in part.totals) == add(amount for amount, _, _ in rows)
    assert export.rows == len(rows)


FINDING = {
    "Id": "1",
    "ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
    "GeneratorId": "check-1",
    "AwsAccountId": "123456789012",
    "UpdatedAt": "2026-11-01T00:00:00Z",
    "Compliance": {"Status": "FAILED"},
}


def read(document: object) -> list[object]:
    return list(findings.read(io.BytesIO(json.dumps(document).encode())))


@pytest.mark.parametrize("document", [[FINDING], {"Findings": [FINDING]}, {"detail": {"findings": [FINDING]}}, FINDING])
def test_findings_are_found_in_every_shape_that_they_come_in(document: object) -> None:
    assert len(read(document)) == 1


@pytest.mark.parametrize("missing", ["Id", "ProductArn", "GeneratorId", "AwsAccountId", "UpdatedAt"])
def test_a_finding_without_a_required_field_is_refused_by_name(missing: str) -> None:
    with pytest.raises(RejectedDrop, match=f"finding 0: no {missing}"):
        read([{name: value for name, value in FINDING.items() if name != missing}])


@pytest.mark.parametrize("document", [7, "x", {"Findings": 3}, [1], [{**FINDING, "UpdatedAt": "soon"}], [{**FINDING, "Resources": 7}]])
def test_what_holds_no_findings_is_refused(document: object) -> None:
    with pytest.raises(RejectedDrop):
        read(document)


@pytest.mark.parametrize(
    ("severity", "label"),
    [
        ({"Label": "HIGH"}, "HIGH"),
        ({"Normalized": 0}, "INFORMATIONAL"),
        ({"Normalized": 39}, "LOW"),
        ({"Normalized": 90}, "CRITICAL"),
        ({}, "INFORMATIONAL"),
    ],
)
def test_severity_is_the_label_or_the_normalized_numbers(severity: dict[str, object], label: str) -> None:
    assert findings.to_finding({**FINDING, "Severity": severity}).severity == label


def test_archived_and_suppressed_findings_are_ignored_and_absent_states_are_not() -> None:
    assert not findings.to_finding(FINDING).ignored
    assert findings.to_finding({**FINDING, "RecordState": "ARCHIVED"}).ignored
    assert findings.to_finding({**FINDING, "Workflow": {"Status": "SUPPRESSED"}}).ignored


def test_a_resource_keeps_its_type_whatever_the_order() -> None:
    resources = [{"Id": "b", "Type": "AwsS3Bucket"}, {"Id": "a", "Type": "AwsEc2Vpc"}, {"Id": "c"}]
    found = findings.to_finding({**FINDING, "Resources": resources})
    assert (found.resources, found.types) == (("a", "b", "c"), ("AwsEc2Vpc", "AwsS3Bucket", ""))


@pytest.mark.parametrize(
    ("recommendation", "fix"),
    [
        ({"Text": "Do  this.\nThen that.", "Url": "https://example.org/x"}, ("Do this. Then that.", "https://example.org/x")),
        ({"Text": "x" * 600}, ("x" * 500, "")),
        ({"Url": "javascript:alert(1)"}, ("", "")),
        ({"Url": "https://example.org/a b"}, ("", "")),
        ({"Url": "https://example.org/" + "x" * 500}, ("", "")),
        ({}, ("", "")),
        (None, ("", "")),
    ],
)
def test_a_fix_is_the_findings_own_bounded_and_leads_to_the_web_only(recommendation: object, fix: tuple[str, str]) -> None:
    found = findings.to_finding({**FINDING, "Remediation": {"Recommendation": recommendation}})
    assert (found.fix, found.fix_url) == fix
    assert (findings.to_finding(FINDING).fix, findings.to_finding(FINDING).fix_url) == ("", "")


def test_a_remediation_of_another_shape_is_refused_with_its_place() -> None:
    with pytest.raises(RejectedDrop, match="finding 0"):
        read([{**FINDING, "Remediation": "restart it"}])


def test_a_product_is_what_follows_product_in_the_arn() -> None:
    assert findings.product_of("arn:aws:securityhub:us-east-1::product/aws/securityhub") == "aws/securityhub"
    assert findings.to_finding({**FINDING, "Compliance": None}).status is None


@pytest.mark.parametrize("amount", ["1" * 41, "0." + "1" * 41, "1e60", "1e-60", "1_000.5", "１", "0x1"])
def test_a_number_that_would_cost_a_sum_its_exactness_is_refused(amount: str) -> None:
    with pytest.raises(RejectedDrop, match="row 2: BilledCost"):
        focus_export.read(file(changed("BilledCost", amount)), "d", RECEIVED)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01T00:00:00+05:00", "1969-12-31"])
def test_a_day_outside_of_any_bill_is_refused(day: str) -> None:
    with pytest.raises(RejectedDrop, match="ChargePeriodStart"):
        focus_export.read(file(changed("ChargePeriodStart", day)), "d", RECEIVED)


def test_a_time_that_names_utc_in_letters_is_read() -> None:
    assert focus_export.read(file(changed("ChargePeriodStart", "2026-09-03 22:00:00 UTC")), "d", RECEIVED).parts[0].day == date(2026, 9, 3)


def test_a_damaged_gzip_file_is_refused() -> None:
    packed = bytearray(gzip.compress(file(*[GOOD] * 200).getvalue()))
    for position in range(12, len(packed)):
        damaged = bytes(packed[:position]) + bytes([packed[position] ^ 0x55]) + bytes(packed[position + 1 :])
        with pytest.raises(RejectedDrop):
            focus_export.read(io.BytesIO(damaged), "d", RECEIVED)


def test_half_a_character_costs_a_row_its_tags_and_a_findings_file_its_place() -> None:
    assert focus_export.read(file(changed("Tags", '{"team": "\\ud800"}')), "d", RECEIVED).parts[0].lines[0].tags == {}
    with pytest.raises(RejectedDrop):
        read([{**FINDING, "Title": "\ud800"}])


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(RejectedDrop, match="twice"):
        focus_export.read(file([*GOOD, "2"], header=[*HEADER, "BilledCost"]), "d", RECEIVED)
