"""Controls, changes, exceptions and spend at risk of the demo customers and of a real file, against sums of their own."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.seed import cost_records, organisation
from local.seed.organisation import BOREALIS_RECORDS, CONTROL_BROKEN, CONTROL_DISABLED, CONTROL_FIXED
from tests.integration.test_ingest import ASFF, Dropper, evaluated, needs_asff
from tests.integration.test_seeded_numbers import CANONICAL, score, states
from tests.stack import Client, Stack

COMPLIANCE = "/analytics/compliance"
CONTROLS, CHANGES, RISK, EXCEPTIONS = (f"{COMPLIANCE}/{name}" for name in ("controls", "changes", "spend-at-risk", "exceptions"))
CIS = "standards/cis-aws-foundations-benchmark/v/1.4.0"
WHO = (0, 1, 2)


def pages(client: Client, path: str, member: str, **parameters: Any) -> Iterator[Any]:
    cursor = {}
    while True:
        page = client.answer(path, parameters, **cursor)
        yield from page[member]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


# Controls


@pytest.mark.parametrize("framework", [None, CIS])
@pytest.mark.parametrize("who", WHO)
def test_controls_are_the_seeded_ones_each_once(own_stack: Stack, who: int, framework: str | None) -> None:
    accounts = organisation(own_stack.day).customers[who].account_ids
    expected, failed = states(own_stack.day, accounts, framework)
    client = own_stack.client(own_stack.customers[who])
    narrowed = {"framework": framework} if framework else {}
    found = list(pages(client, CONTROLS, "controls", limit=7, **narrowed))
    assert {one["control_id"]: one["state"] for one in found} == expected
    assert len(found) == len(expected)
    resources: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in failed:
        resources[one["Compliance"]["SecurityControlId"]].add((one["AwsAccountId"], one["Resources"][0]["Id"]))
    assert {one["control_id"]: one["failed_resources"] for one in found if one["state"] == "failed"} == {
        name: len(places) for name, places in resources.items()
    }
    failing = client.answer(CONTROLS, state="failed", limit=100, **narrowed)
    assert {one["control_id"] for one in failing["controls"]} == {name for name, state in expected.items() if state == "failed"}
    assert failing["total"] == len(failing["controls"])


def test_a_failing_control_tells_where_and_since_when(own_stack: Stack) -> None:
    client = own_stack.client(own_stack.customers[1])
    one = client.answer(f"{CONTROLS}/IAM.4")
    assert one["failing_since"][:10] == str(own_stack.day - timedelta(days=CONTROL_BROKEN))
    assert one["first_seen"][:10] == str(own_stack.day - timedelta(days=90))
    assert [(place["account"], place["resource"]) for place in one["failing_resources"]] == [
        (BOREALIS_RECORDS, f"AWS::::Account:{BOREALIS_RECORDS}")
    ]
    assert (one["responsible"], one["owner"]) == ("provider", "identity")
    assert one["fix"]["url"] == "https://docs.aws.amazon.com/console/securityhub/IAM.4/remediation"
    always = client.answer(f"{CONTROLS}/S3.9")
    assert always["failing_since"] == always["first_seen"]
    assert client.answer(f"{CONTROLS}/EC2.19")["failing_since"] is None
    issue = client.answer(COMPLIANCE, top=1)["top_issues"][0]
    assert (issue["control_id"], issue["since"], issue["fix"]) == ("IAM.4", one["failing_since"], one["fix"])


def test_unknown_controls_and_odd_names_are_not_found(client: Client) -> None:
    for name in ("S3.999", "..%2F..%2Fetc", "%00", "%FF", "a" * 2000):
        assert client.get(f"{CONTROLS}/{name}").status == 404
    assert client.get(CONTROLS, state="broken").fields == {"state"}
    assert client.get(CONTROLS, cursor="abc").fields == {"cursor"}


# Changes


def exact(by_control: dict[str, str]) -> Fraction:
    values = list(by_control.values())
    passed, failed, unknown = (values.count(name) for name in ("passed", "failed", "unknown"))
    return Fraction(100 * passed, passed + failed + unknown)


def six(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def seeded(own_stack: Stack, who: int, day: date, framework: str | None = None) -> dict[str, str]:
    return states(own_stack.day, organisation(own_stack.day).customers[who].account_ids, framework, day)[0]


@pytest.mark.parametrize("framework", [None, CIS])
@pytest.mark.parametrize("days", [80, CONTROL_DISABLED - 1, 30, CONTROL_BROKEN - 1])
@pytest.mark.parametrize("who", WHO)
def test_a_scores_change_is_divided_among_what_changed(own_stack: Stack, who: int, days: int, framework: str | None) -> None:
    first = own_stack.day - timedelta(days=days)
    before, after = (seeded(own_stack, who, day, framework) for day in (first, own_stack.day))
    answer = own_stack.client(own_stack.customers[who]).answer(
        CHANGES, {"from": str(first)}, **({"framework": framework} if framework else {})
    )
    assert (answer["then"]["score"], answer["now"]["score"]) == (score(before), score(after))
    assert (answer["then"]["unrounded"], answer["now"]["unrounded"]) == (six(exact(before)), six(exact(after)))
    changed = {name: (before.get(name), after.get(name)) for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {line["control_id"]: (line["from"], line["to"]) for line in answer["changes"]} == changed
    assert sum(line["contribution"] for line in answer["changes"]) == answer["change"] == six(exact(after)) - six(exact(before))
    if len(changed) == 1:
        assert answer["changes"][0]["contribution"] == answer["change"]


def test_borealis_fixed_one_broke_one_and_switched_one_off(own_stack: Stack) -> None:
    answer = own_stack.client(own_stack.customers[1]).answer(CHANGES, {"from": str(own_stack.day - timedelta(days=CONTROL_DISABLED + 5))})
    assert {line["control_id"]: line["category"] for line in answer["changes"]} == {
        "EC2.19": "fixed",
        "IAM.4": "newly_failing",
        "Macie.1": "disabled",
    }
    assert answer["by_category"]["fixed"]["controls"] == 1
    assert answer["by_category"]["fixed"]["contribution"] > 2 > answer["by_category"]["disabled"]["contribution"]
    then = {entry["date"]: entry["score"] for entry in answer["series"]}
    fixed = own_stack.day - timedelta(days=CONTROL_FIXED)
    assert then[str(fixed)] > then[str(fixed - timedelta(days=1))]


@pytest.mark.parametrize("who", WHO)
def test_every_day_of_ninety_has_the_score_of_its_seeded_findings(own_stack: Stack, who: int) -> None:
    first = own_stack.day - timedelta(days=90)
    series = own_stack.client(own_stack.customers[who]).answer(CHANGES, {"from": str(first)})["series"]
    expected = {str(day): score(seeded(own_stack, who, day)) for day in (first + timedelta(days=number) for number in range(91))}
    assert {entry["date"]: entry["score"] for entry in series} == expected


def test_what_changes_cannot_take_is_a_400(client: Client, stack: Stack) -> None:
    assert client.get(CHANGES, {"from": "2026-13-01"}).fields == {"from"}
    assert client.get(CHANGES, to=str(stack.day + timedelta(days=2))).fields == {"to"}
    assert client.get(CHANGES, framework=["a", "b"]).fields == {"framework"}


# Spend at risk

SERVICES = {
    "AwsEc2Instance": "Amazon Elastic Compute Cloud",
    "AwsEc2SecurityGroup": "Amazon Elastic Compute Cloud",
    "AwsS3Bucket": "Amazon Simple Storage Service",
    "AwsAccount": None,
}
"""Of what fails with HIGH or CRITICAL in the seed."""


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("basis", ["billed", "effective"])
def test_spend_at_risk_is_the_seeded_cost_of_each_place_once(own_stack: Stack, who: int, basis: str) -> None:
    accounts = organisation(own_stack.day).customers[who].account_ids
    _, failed = states(own_stack.day, accounts)
    grave = [one for one in failed if one["Severity"]["Label"] in ("CRITICAL", "HIGH")]
    places = {(one["AwsAccountId"], SERVICES[one["Resources"][0]["Type"]]) for one in grave}
    first, end = own_stack.day - timedelta(days=29), own_stack.day + timedelta(days=1)
    metric = {"billed": "NetUnblendedCost", "effective": "NetAmortizedCost"}[basis]
    spent: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for record in cost_records(organisation(own_stack.day)):
        if first <= record.day < end:
            spent[record.account, CANONICAL.get(record.service, record.service)] += record.amounts[metric]
    answer = own_stack.client(own_stack.customers[who]).answer(RISK, cost=basis)
    assert {(one["account"], one["service"]): one["amount"] for one in answer["at_risk"]} == {
        place: spent[place] for place in places if place[1] is not None
    }
    assert answer["total"] == sum(one["amount"] for one in answer["at_risk"])
    assert {one["account"] for one in answer["service_unknown"]} == {account for account, service in places if service is None}
    told = {one["control_id"] for line in (*answer["at_risk"], *answer["service_unknown"]) for one in line["controls"]}
    assert told == {one["Compliance"]["SecurityControlId"] for one in grave}


def test_spend_at_risk_follows_the_period(own_stack: Stack) -> None:
    client = own_stack.client(own_stack.customers[2])
    week, month = (client.answer(RISK, period=period) for period in ("7d", "30d"))
    assert 0 < week["total"] < month["total"]
    total = client.answer("/analytics/costs", period="7d", service="Amazon Elastic Compute Cloud")["total"]
    assert week["total"] == total
    assert client.get(RISK, period="24h").fields == {"period"}


# Exceptions


@pytest.fixture(scope="module")
def dropper(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Dropper:
    """A customer of its own with one control that passes, two that fail and one without data."""
    made = Dropper(own_stack, tmp_path_factory.mktemp("exceptions"))
    found = [
        one("S3.1", "PASSED", "a"),
        one("S3.2", "FAILED", "a"),
        one("S3.2", "FAILED", "b"),
        one("S3.3", "FAILED", "c"),
        one(ODD, "PASSED", "d"),
    ]
    made.drop(made.file("findings.json", json.dumps([*found, one("S3.4", None, "e")]).encode()))
    return made


ODD = "arn:aws:config/a b/ü%2F?x#y"


def one(control: str, status: str | None, resource: str) -> dict[str, Any]:
    return {
        "Id": f"{control}/{resource}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
        "GeneratorId": control,
        "AwsAccountId": "123456789012",
        "UpdatedAt": "2026-11-01T00:00:00Z",
        "Title": f"<script>{control}</script>",
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Id": resource, "Type": "AwsS3Bucket"}],
        "Compliance": {"Status": status} if status else None,
    }


@pytest.fixture(scope="module")
def admin(own_stack: Stack, dropper: Dropper) -> Client:
    made = own_stack.ops("keys", "create", "--customer", dropper.customer.customer_id, "--scopes", "read,admin", "--json")
    return Client(own_stack.base_url, {"X-API-Key": json.loads(made.stdout)["api_key"]})


def body(**more: Any) -> dict[str, Any]:
    until = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"
    return {"kind": "exception", "control_id": "S3.3", "reason": "known", "approver": "Ada", "expires_at": until, **more}


def test_a_control_with_an_odd_name_is_asked_for_by_its_encoded_id(dropper: Dropper) -> None:
    assert dropper.client.answer(f"{CONTROLS}/{quote(ODD, safe='')}")["control_id"] == ODD


def test_both_scores_are_shown_from_the_next_request_on(dropper: Dropper, admin: Client) -> None:
    def scores() -> tuple[int, int]:
        answer = dropper.client.answer(COMPLIANCE)
        return answer["current_score"], answer["score_with_exceptions"]

    assert scores() == (50, 50)  # S3.1 and the odd one of four
    made = admin.post(EXCEPTIONS, body())
    assert made.status == 201, made.text
    assert scores() == (50, 67)
    both = [admin.post(EXCEPTIONS, body(control_id="S3.2", resource=name)).json["id"] for name in "ab"]
    assert scores() == (50, 100)
    attested = admin.post(EXCEPTIONS, body(kind="attestation", control_id="S3.4", state="passed"))
    assert attested.status == 201, attested.text
    answer = dropper.client.answer(COMPLIANCE)
    assert (answer["exceptions"]["active"], answer["exceptions"]["excepted_controls"], answer["exceptions"]["attested_controls"]) == (
        4,
        2,
        1,
    )
    assert {one["id"] for one in answer["exceptions"]["expiring_in_30_days"]} == {made.json["id"], *both, attested.json["id"]}
    shown = {one["control_id"]: one for one in dropper.client.answer(CONTROLS)["controls"]}
    assert (shown["S3.3"]["exception"]["id"], shown["S3.3"]["excepted"]) == (made.json["id"], True)
    assert (shown["S3.2"]["exception"], shown["S3.2"]["excepted"]) == (None, True)
    assert shown["S3.4"]["attestation"]["id"] == attested.json["id"]
    places = dropper.client.answer(f"{CONTROLS}/S3.2")["failing_resources"]
    assert {one["resource"]: one["exception"]["id"] for one in places} == dict(zip("ab", both, strict=True))
    for each in (made.json["id"], *both, attested.json["id"]):
        assert admin.request("DELETE", f"{EXCEPTIONS}/{each}").status == 204
        assert admin.request("DELETE", f"{EXCEPTIONS}/{each}").status == 204
    assert scores() == (50, 50)
    history = dropper.client.answer(EXCEPTIONS)["exceptions"]
    assert {one["status"] for one in history} == {"revoked"}
    assert all(one["created_by"].startswith("key:") and one["revoked_by"] == one["created_by"] for one in history)


def test_what_expires_counts_again_though_nothing_is_written(dropper: Dropper, admin: Client) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=6)
    made = admin.post(EXCEPTIONS, body(expires_at=f"{end:%Y-%m-%dT%H:%M:%SZ}"))
    assert made.status == 201, made.text
    assert dropper.client.answer(COMPLIANCE)["score_with_exceptions"] == 67
    assert dropper.client.get(COMPLIANCE).headers["X-Cache"] == "hit"
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.1)
    answer = dropper.client.answer(COMPLIANCE)
    assert (answer["score_with_exceptions"], answer["exceptions"]["expired"]) == (50, 1)
    assert dropper.client.answer(f"{CONTROLS}/S3.3")["exception"] is None


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"reason": None}, {"reason"}),
        ({"reason": "nul\0", "approver": " "}, {"reason", "approver"}),
        ({"expires_at": "2020-01-01"}, {"expires_at"}),
        ({"expires_at": f"{datetime.now(UTC) + timedelta(days=367):%Y-%m-%d}"}, {"expires_at"}),
        ({"control_id": "S3.404"}, {"control_id"}),
        ({"kind": "attestation", "state": "passed"}, {"control_id"}),
        ({"kind": {"a": 1}}, {"kind"}),
        ({"id": "0" * 32}, {"id"}),
    ],
)
def test_what_an_exception_cannot_be_is_a_400_that_names_it(admin: Client, change: dict[str, Any], fields: set[str]) -> None:
    refused = admin.post(EXCEPTIONS, body(**change))
    assert refused.status == 400
    assert refused.fields == fields


def test_saying_something_takes_the_scope_admin(dropper: Dropper, admin: Client) -> None:
    assert dropper.client.post(EXCEPTIONS, body()).status == 403
    assert dropper.client.request("DELETE", f"{EXCEPTIONS}/{'0' * 32}").status == 403
    assert admin.request("DELETE", f"{EXCEPTIONS}/{'0' * 32}").status == 404
    assert admin.request("POST", EXCEPTIONS, b"kind=exception", {"Content-Type": "text/plain"}).status == 415


# A real file


@needs_asff
def test_controls_of_a_real_file_are_its_own(own_stack: Stack, tmp_path: Path) -> None:
    dropper = Dropper(own_stack, tmp_path)
    dropper.drop(ASFF)
    raw = json.loads(ASFF.read_bytes())
    expected = evaluated(raw)
    found = list(pages(dropper.client, CONTROLS, "controls", limit=20))
    values = [one["state"] for one in found]
    assert {name: values.count(name) for name in ("passed", "failed", "unknown", "no_data")} == expected["counts"]
    assert {one["control_id"]: (one["severity"], one["failed_resources"]) for one in found if one["state"] == "failed"} == expected[
        "issues"
    ]
    texts = {one["GeneratorId"]: one["Remediation"]["Recommendation"] for one in raw}
    for shown in found:
        told = texts[shown["control_id"]]
        assert shown["fix"] is None or (shown["fix"]["text"], shown["fix"]["url"]) == (told["Text"] or None, told["Url"] or None)
    worst = next(one for one in found if one["failed_resources"] > 10)
    listed = list(pages(dropper.client, f"{CONTROLS}/{worst['control_id']}", "failing_resources", limit=7))
    places = {
        (one["AwsAccountId"], resource["Region"], resource["Id"])
        for one in raw
        for resource in one["Resources"]
        if one["GeneratorId"] == worst["control_id"] and one["Compliance"]["Status"] == "FAILED"
    }
    assert {(one["account"], one["region"], one["resource"]) for one in listed} == places
    assert len(listed) == worst["failed_resources"] == len(places)
