"""Dropped exports, by `ops.ingest`: what the API says of them equals a plain sum over the file, to the last digit."""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.stack import SHARED_DATA, Client, Customer, Stack

FOCUS = SHARED_DATA / "focus" / "focus_1.0_first_300.csv"
ASFF = SHARED_DATA / "asff" / "prowler_first_330.asff.json"
needs_focus = pytest.mark.skipif(not FOCUS.exists(), reason=f"{FOCUS} is not here")
needs_asff = pytest.mark.skipif(not ASFF.exists(), reason=f"{ASFF} is not here")
COSTS, COMPLIANCE = "/analytics/costs", "/analytics/compliance"
SEPTEMBER = {"start": "2024-09-01", "end": "2024-10-01"}
COLUMNS = {
    "service": "ServiceName",
    "region": "RegionId",
    "account": "SubAccountId",
    "category": "ServiceCategory",
    "provider": "ProviderName",
}
AMOUNTS = {"billed": "BilledCost", "effective": "EffectiveCost", "list": "ListCost"}
HEADER = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "BillingCurrency",
    "ChargePeriodStart",
    "ServiceName",
    "RegionId",
    "SubAccountId",
    "Tags",
)
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
Row = dict[str, str]


class Dropper:
    """A new customer who drops files."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self.customer: Customer = stack.new_customer(f"drops-{uuid4().hex[:12]}")
        self.client: Client = stack.client(self.customer)

    def file(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def drop(self, *paths: Path) -> str:
        """What the command printed; it must have taken everything in."""
        done = self._stack.ops("ingest", "--customer", self.customer.customer_id, *map(str, paths))
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, path: Path) -> str:
        done = self._stack.ops("ingest", "--customer", self.customer.customer_id, str(path))
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def costs(self, **parameters: str) -> Any:
        return self.client.answer(COSTS, parameters)


@pytest.fixture
def new_dropper(own_stack: Stack, tmp_path: Path) -> Callable[[], Dropper]:
    return lambda: Dropper(own_stack, tmp_path)


@pytest.fixture(scope="module")
def dropper(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Dropper:
    """One customer for all that has a month and keys of its own."""
    return Dropper(own_stack, tmp_path_factory.mktemp("drops"))


@pytest.fixture(scope="module")
def dropped_whole(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Dropper:
    """The real bill under one key, dropped twice."""
    dropper = Dropper(own_stack, tmp_path_factory.mktemp("whole"))
    for _ in range(2):
        dropper.drop(FOCUS)
    return dropper


@pytest.fixture(scope="module")
def dropped_in_halves(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Dropper:
    """The same bill as two keys, the second one gzipped."""
    dropper = Dropper(own_stack, tmp_path_factory.mktemp("halves"))
    header, *lines = FOCUS.read_bytes().splitlines(keepends=True)
    rows = rows_of(FOCUS.read_text(encoding="utf-8-sig"))
    assert len(rows) == len(lines), "a row over several lines: it can't be cut by lines"
    first, second = header + b"".join(lines[:140]), header + b"".join(lines[140:])
    dropper.drop(dropper.file("first.csv", first), dropper.file("second.csv.gz", gzip.compress(second)))
    return dropper


def rows_of(text: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(text)))


def plain_sum(rows: Iterable[Row], basis: str) -> Decimal:
    return sum((Decimal(row[AMOUNTS[basis]]) for row in rows), Decimal(0))


def parts(rows: Iterable[Row], basis: str, *dimensions: str) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        names = (row[COLUMNS[dimension]] for dimension in dimensions)
        sums[" / ".join("(none)" if name in ("NULL", "") else name for name in names)] += Decimal(row[AMOUNTS[basis]])
    return dict(sums)


# The real bill


@needs_focus
@pytest.mark.parametrize("which", ["dropped_whole", "dropped_in_halves"])
@pytest.mark.parametrize("basis", AMOUNTS)
def test_a_real_bill_adds_up_as_a_plain_sum_over_its_rows(request: pytest.FixtureRequest, which: str, basis: str) -> None:
    dropper: Dropper = request.getfixturevalue(which)
    rows = rows_of(FOCUS.read_text(encoding="utf-8-sig"))
    for dimensions in (
        ("service",),
        ("region",),
        ("account",),
        ("category",),
        ("provider",),
        ("service", "region"),
        ("account", "category"),
    ):
        answer = dropper.costs(**SEPTEMBER, cost=basis, breakdown=",".join(dimensions))
        assert answer["total"] == plain_sum(rows, basis)
        assert answer["breakdown"] == parts(rows, basis, *dimensions)
        assert answer["currency"] == "USD"
        assert answer["reconciliation"]["difference"] == 0


@needs_focus
@pytest.mark.parametrize("which", ["dropped_whole", "dropped_in_halves"])
def test_the_real_bills_total_is_the_one_that_is_known(request: pytest.FixtureRequest, which: str) -> None:
    answer = request.getfixturevalue(which).costs(**SEPTEMBER)
    assert str(answer["total"]) == "5.1691934992"
    assert answer["reconciliation"]["sources"] == ["focus_export"]


@needs_focus
def test_the_real_bill_by_day_is_its_rows_by_day(dropped_whole: Dropper) -> None:
    rows = rows_of(FOCUS.read_text(encoding="utf-8-sig"))
    days: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        days[row["ChargePeriodStart"][:10]] += Decimal(row["BilledCost"])
    series = dropped_whole.costs(**SEPTEMBER, granularity="day")["series"]
    assert len(series) == 30
    assert {entry["start"][:10]: entry["amount"] for entry in series if entry["start"][:10] in days} == days
    assert all(entry["amount"] == 0 for entry in series if entry["start"][:10] < max(days) and entry["start"][:10] not in days)


@needs_focus
def test_the_real_bill_by_one_of_its_tags(dropped_whole: Dropper) -> None:
    rows = rows_of(FOCUS.read_text(encoding="utf-8-sig"))
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        tags = {} if row["Tags"] in ("NULL", "") else json.loads(row["Tags"])
        sums[tags.get("environment") or "(none)"] += Decimal(row["BilledCost"])
    assert len(sums) > 1
    assert dropped_whole.costs(**SEPTEMBER, breakdown="tag:environment")["breakdown"] == sums


@needs_focus
def test_a_filter_on_the_real_bill_is_its_rows(dropped_whole: Dropper) -> None:
    rows = rows_of(FOCUS.read_text(encoding="utf-8-sig"))
    for name, amount in parts(rows, "billed", "region").items():
        assert dropped_whole.costs(**SEPTEMBER, region=name)["total"] == amount


# Real findings


@needs_asff
def test_real_findings_score_as_the_definition_says(new_dropper: Callable[[], Dropper]) -> None:
    dropper = new_dropper()
    dropper.drop(ASFF)
    dropper.drop(dropper.file("again.json", json.dumps({"Findings": json.loads(ASFF.read_bytes())}).encode()))
    expected = evaluated(json.loads(ASFF.read_bytes()))
    answer = dropper.client.answer(COMPLIANCE, top=1000)
    assert answer["score"]["product"] == "prowler/prowler"
    assert answer["current_score"] == expected["score"]
    assert {name: answer["score"][name] for name in ("passed", "failed", "unknown", "no_data")} == expected["counts"]
    assert answer["findings"] == expected["findings"]
    assert answer["trend"] is None
    assert {issue["control_id"]: (issue["severity"], issue["failed_resources"]) for issue in answer["top_issues"]} == expected["issues"]
    by_framework = {name: evaluated(json.loads(ASFF.read_bytes()), name) for name in frameworks(json.loads(ASFF.read_bytes()))}
    assert by_framework
    assert {one["id"]: one["score"] for one in answer["frameworks"]} == {name: one["score"] for name, one in by_framework.items()}
    for one in answer["frameworks"]:
        assert {name: one[name] for name in ("passed", "failed", "unknown", "no_data")} == by_framework[one["id"]]["counts"]


def standards(finding: dict[str, Any]) -> set[str]:
    return {one["StandardsId"] for one in (finding.get("Compliance") or {}).get("AssociatedStandards") or []}


def frameworks(findings: Iterable[dict[str, Any]]) -> set[str]:
    return {name for finding in findings for name in standards(finding)}


def evaluated(findings: list[dict[str, Any]], framework: str | None = None) -> dict[str, Any]:
    """API.md's rule, written once more: one finding per Id, a state per control, the score of the states."""
    latest: dict[str, dict[str, Any]] = {}
    for finding in findings:
        held = latest.get(finding["Id"])
        if held is None or rank(finding) > rank(held):
            latest[finding["Id"]] = finding
    controls: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in latest.values():
        compliance = finding.get("Compliance") or {}
        control = (
            controls[compliance.get("SecurityControlId") or finding["GeneratorId"]] if framework in {None, *standards(finding)} else []
        )
        ignored = finding.get("RecordState", "ACTIVE") == "ARCHIVED" or finding.get("Workflow", {}).get("Status", "NEW") == "SUPPRESSED"
        if compliance and not ignored:
            control.append(finding)
    states = {name: state({one["Compliance"]["Status"] for one in members}) for name, members in controls.items()}
    counts = {name: sum(found == name for found in states.values()) for name in ("passed", "failed", "unknown", "no_data")}
    failing = {name: [one for one in members if one["Compliance"]["Status"] == "FAILED"] for name, members in controls.items()}
    labels = [one["Severity"]["Label"] for members in failing.values() for one in members]
    total = counts["passed"] + counts["failed"] + counts["unknown"]
    return {
        "score": int(Decimal(100 * counts["passed"]) / total + Decimal("0.5")) if total else None,
        "counts": counts,
        "findings": {name.lower(): labels.count(name) for name in SEVERITIES},
        "issues": {name: issue(members) for name, members in failing.items() if members},
    }


def rank(finding: dict[str, Any]) -> tuple[datetime, bool]:
    return datetime.fromisoformat(finding["UpdatedAt"]), (finding.get("Compliance") or {}).get("Status") == "FAILED"


def state(statuses: set[str]) -> str:
    if "FAILED" in statuses:
        return "failed"
    if statuses - {"PASSED"}:
        return "unknown"
    return "passed" if statuses else "no_data"


def issue(members: list[dict[str, Any]]) -> tuple[str, int]:
    worst = min((one["Severity"]["Label"] for one in members), key=SEVERITIES.index)
    places = {(one["AwsAccountId"], resource.get("Region"), resource["Id"]) for one in members for resource in one["Resources"]}
    return worst, len(places)


# Small files of our own


def focus(*rows: tuple[str, ...]) -> bytes:
    """A FOCUS file of HEADER's columns."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def row(day: str, billed: str, service: str = "AWS Lambda", currency: str = "USD", tags: str = "NULL") -> tuple[str, ...]:
    return (billed, billed, billed, currency, f"{day} 00:00:00", service, "eu-west-1", "410000000001", tags)


MARCH = {"start": "2025-03-01", "end": "2025-04-01"}


def month(number: int) -> dict[str, str]:
    """A month of 2025, by which tests that share a customer keep apart."""
    return {"start": f"2025-{number:02}-01", "end": f"2025-{number + 1:02}-01"}


def test_a_malformed_row_is_refused_with_its_place_and_earlier_numbers_stay(dropper: Dropper) -> None:
    dropper.drop(dropper.file("malformed-bill.csv", focus(row("2025-03-01", "1.25"), row("2025-03-02", "2.5"))))
    bad = focus(row("2025-03-01", "7"), row("2025-03-02", "eleven"), row("2025-03-03", "3"))
    told = dropper.refused(dropper.file("malformed-bill.csv", bad))
    assert "row 3" in told
    assert "BilledCost" in told
    assert dropper.costs(**month(3))["total"] == Decimal("3.75")
    told = dropper.refused(dropper.file("malformed-other.csv", focus(row("2025-03-04", "NaN"))))
    assert "row 2" in told
    assert dropper.costs(**month(3))["total"] == Decimal("3.75")
    assert "malformed-other.csv" in json.dumps(dropper.costs(**month(3))["coverage"])
    dropper.drop(
        dropper.file("malformed-bill.csv", focus(row("2025-03-01", "7"))),
        dropper.file("malformed-other.csv", focus(row("2025-03-04", "1"))),
    )
    assert dropper.costs(**month(3))["total"] == Decimal(8)


UNREADABLE = {
    "no-column.csv": (b"BilledCost,ChargePeriodStart\n1,2025-03-01\n", "EffectiveCost"),
    "bad-time.csv": (focus(row("2025-13-01", "1")), "row 2: ChargePeriodStart"),
    "no-currency.csv": (focus(row("2025-03-01", "1", currency="")), "row 2: BillingCurrency"),
    "ragged.csv": (focus(row("2025-03-01", "1")) + b"1,2,3\n", "row 3"),
    "binary.csv": (bytes(range(256)) * 4, "rejected"),
    "cut.csv.gz": (gzip.compress(focus(row("2025-03-01", "1")))[:-9], "rejected"),
    "broken.json": (b'[{"Id": ', "rejected"),
    "no-id.json": (b'[{"ProductArn": "x"}]', "finding 0"),
}


def test_a_file_that_cannot_be_read_exactly_is_refused_as_a_whole(own_stack: Stack, tmp_path: Path) -> None:
    customer = refusing_customer(own_stack)
    for name, (content, _) in UNREADABLE.items():
        (tmp_path / name).write_bytes(content)
    done = own_stack.ops("ingest", "--customer", customer.customer_id, *(str(tmp_path / name) for name in UNREADABLE))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    said = {line.split("\t")[0]: line for line in done.stdout.splitlines()}
    for name, (_, told) in UNREADABLE.items():
        assert "rejected" in said[name]
        assert told in said[name]
    assert own_stack.client(customer).answer(COSTS, MARCH)["total"] is None
    assert own_stack.client(customer).answer(COMPLIANCE)["current_score"] is None


_refusing: list[Customer] = []


def refusing_customer(stack: Stack) -> Customer:
    """One for all the files that are refused: none of them may leave anything."""
    if not _refusing:
        _refusing.append(stack.new_customer(f"refused-{uuid4().hex[:12]}"))
    return _refusing[0]


def test_two_currencies_are_never_added(dropper: Dropper) -> None:
    content = focus(row("2025-01-01", "10.5"), row("2025-01-01", "4.25", currency="EUR"), row("2025-01-02", "0.1", currency="EUR"))
    dropper.drop(dropper.file("currencies-two.csv", content))
    refused = dropper.client.get(COSTS, month(1))
    assert refused.status == 400
    assert refused.fields == {"currency"}
    assert "EUR" in refused.text
    assert "USD" in refused.text
    euros, dollars = (dropper.costs(**month(1), currency=currency) for currency in ("EUR", "USD"))
    assert (euros["currency"], euros["total"]) == ("EUR", Decimal("4.35"))
    assert (dollars["currency"], dollars["total"]) == ("USD", Decimal("10.5"))
    assert euros["reconciliation"]["difference"] == 0
    report = dropper.client.post("/analytics/reports", {"type": "costs", "format": "csv", **month(1)}, Prefer="wait=20")
    assert report.status != 200 or "currency" in report.text


def test_every_one_of_many_rows_counts(dropper: Dropper) -> None:
    rows = [
        (
            *row(f"2025-05-{1 + number % 28:02}", f"0.{number:011d}", f"Service {number % 37}")[:-1],
            json.dumps({"team": f"t{number % 5}", "note": "x" * 260}),
        )
        for number in range(1, 5001)
    ]
    content = focus(*rows)
    assert len(content) > 1_500_000
    assert "5000 rows" in dropper.drop(dropper.file("rows-many.csv", content))
    answer = dropper.costs(**month(5), breakdown="tag:team")
    assert answer["total"] == sum(Decimal(f"0.{number:011d}") for number in range(1, 5001))
    assert answer["breakdown"] == {f"t{rest}": sum(Decimal(f"0.{n:011d}") for n in range(1, 5001) if n % 5 == rest) for rest in range(5)}
    assert len(dropper.costs(**month(5))["breakdown"]) == 37


def test_the_same_key_with_other_content_replaces_its_numbers(dropper: Dropper) -> None:
    dropper.drop(dropper.file("replaced-bill.csv", focus(row("2025-06-01", "5"), row("2025-07-09", "6"))))
    dropper.drop(dropper.file("replaced-bill.csv", focus(row("2025-06-02", "2.5"))))
    march = dropper.costs(**month(6), granularity="day")
    assert march["total"] == Decimal("2.5")
    assert march["series"][0]["amount"] == 0
    assert dropper.costs(start="2025-07-01", end="2025-08-01")["total"] is None


def test_other_keys_add_and_equal_bytes_count_once(dropper: Dropper) -> None:
    one, other = focus(row("2025-08-01", "5")), focus(row("2025-08-01", "0.00000000001"))
    dropper.drop(dropper.file("keys-one.csv", one), dropper.file("keys-other.csv", other), dropper.file("keys-copy.csv", one))
    assert dropper.costs(**month(8))["total"] == Decimal("5.00000000001")
    dropper.drop(dropper.file("keys-one.csv", focus(row("2025-08-01", "1"))))
    assert dropper.costs(**month(8))["total"] == Decimal("6.00000000001"), "the copy still brings what it brought"


def test_a_gzipped_file_is_read_as_a_plain_one(dropper: Dropper) -> None:
    dropper.drop(dropper.file("zipped-bill.csv.gz", gzip.compress(focus(row("2025-09-01", "5.125"), row("2025-09-02", "-0.125")))))
    assert dropper.costs(**month(9))["total"] == Decimal(5)


def test_a_time_with_a_zone_is_its_utc_day_and_one_without_is_utc(dropper: Dropper) -> None:
    times = ("2025-10-05T23:30:00-02:00", "2025-10-05T23:30:00", "2025-10-05T23:30:00Z", "2025-10-06 01:00:00+02:00")
    rows = [(str(2**number), *row("", "0")[1:4], time, *row("", "0")[5:]) for number, time in enumerate(times)]
    dropper.drop(dropper.file("times-zones.csv", focus(*rows)))
    series = {entry["start"][:10]: entry["amount"] for entry in dropper.costs(**month(10), granularity="day")["series"]}
    assert (series["2025-10-05"], series["2025-10-06"]) == (2 + 4 + 8, 1)


def test_what_has_no_value_is_none_and_formulas_stay_text(dropper: Dropper) -> None:
    rows = [row("2025-11-01", "1", service) for service in ("NULL", "", "=1+1", "@cmd", "<img src=/etc/passwd>")]
    dropper.drop(dropper.file("odd-odd.csv", focus(*rows)))
    assert dropper.costs(**month(11))["breakdown"] == {"(none)": 2, "=1+1": 1, "@cmd": 1, "<img src=/etc/passwd>": 1}
    made = dropper.client.report({"type": "costs", "format": "csv", **month(11)})
    names = [line["Name"] for line in rows_of(dropper.client.download(made["id"]).decode("utf-8-sig")) if line["table"] == "Cost by line"]
    assert "'=1+1" in names
    assert dropper.client.report({"type": "costs", "format": "pdf", **month(11)})["size_bytes"] > 1000


def test_findings_of_several_files_are_one_set_by_id(new_dropper: Callable[[], Dropper]) -> None:
    dropper = new_dropper()
    old, new = (finding("a", "C.1", status, day) for status, day in (("FAILED", "2025-03-01"), ("PASSED", "2025-03-02")))
    dropper.drop(dropper.file("new.json", json.dumps([new, finding("b", "C.2", "WARNING")]).encode()))
    dropper.drop(dropper.file("old.json", json.dumps({"Findings": [old]}).encode()))
    answer = dropper.client.answer(COMPLIANCE)
    assert (answer["current_score"], answer["score"]["passed"], answer["score"]["unknown"]) == (50, 1, 1)
    tied = finding("a", "C.1", "FAILED", "2025-03-02")
    dropper.drop(dropper.file("tie.json", json.dumps(tied).encode()))
    answer = dropper.client.answer(COMPLIANCE)
    assert (answer["current_score"], answer["score"]["failed"], answer["findings"]["high"]) == (0, 1, 1)
    suppressed = {**finding("a", "C.1", "FAILED", "2025-03-03"), "Workflow": {"Status": "SUPPRESSED"}}
    dropper.drop(dropper.file("tie.json", json.dumps([suppressed]).encode()))
    answer = dropper.client.answer(COMPLIANCE)
    assert (answer["current_score"], answer["score"]["no_data"], answer["findings"]["high"]) == (0, 1, 0)


def finding(name: str, control: str, status: str, day: str = "2025-03-01") -> dict[str, Any]:
    return {
        "Id": name,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
        "GeneratorId": f"prowler-{control}",
        "AwsAccountId": "410000000001",
        "UpdatedAt": f"{day}T12:00:00Z",
        "Title": control,
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Id": f"arn:aws:s3:::{name}", "Region": "eu-west-1"}],
        "Compliance": {"Status": status, "SecurityControlId": control},
    }


def test_commands_refuse_what_is_not_there(own_stack: Stack, tmp_path: Path) -> None:
    customer = refusing_customer(own_stack).customer_id
    (tmp_path / "note.txt").write_text("no export")
    for arguments in (("--customer", "nobody-here", str(tmp_path / "note.txt")), ("--customer", customer, str(tmp_path / "note.txt"))):
        done = own_stack.ops("ingest", *arguments)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
    assert own_stack.ops("ingest", "--customer", customer, str(tmp_path / "absent.csv")).returncode != 0


def test_a_revoked_key_opens_nothing_within_a_minute(own_stack: Stack) -> None:
    customer = refusing_customer(own_stack).customer_id
    made = json.loads(own_stack.ops("keys", "create", "--customer", customer, "--scopes", "read", "--json").stdout)
    revoked = own_stack.ops("keys", "revoke", "--customer", customer, "--key", made["key_id"])
    assert revoked.returncode == 0, revoked.stderr
    assert own_stack.anonymous.get(COSTS, headers={"X-API-Key": made["api_key"]}).status == 401
