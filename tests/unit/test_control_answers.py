"""Controls, their changes and the spend at risk, as they are answered."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, ComplianceDay, Finding, assess
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.exceptions import Declaration, Exceptions
from chalicelib.domain.names import service_category, service_name, service_of
from chalicelib.domain.period import DAY
from chalicelib.domain.responsibility import family_of, party_of
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.changes import changes_answer
from chalicelib.usecases.answers.controls import control_answer, controls_answer
from chalicelib.usecases.answers.risk import risk_answer
from chalicelib.usecases.questions.compliance import changes_question, control_question, controls_question, risk_question
from local.seed.controls import CONTROLS
from tests.fakes import FakeCompliance
from tests.unit.findings import ACCOUNT, NOW, finding

TODAY = NOW.date()
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


def assessed(findings: list[Finding], ago: int = 0, **more: Any) -> ComplianceDay:
    at = NOW - ago * DAY
    return assess("security_hub", SECURITY_HUB, findings, at, STALE_AFTER, **more)


def store(*findings: Finding, hub: bool = True) -> FakeCompliance:
    held = FakeCompliance({TODAY: assessed(list(findings))})
    held.hub.found = {ACCOUNT: findings} if hub else {}
    return held


def controls(held: FakeCompliance, **parameters: str | list[str]) -> Any:
    given = {name: value if isinstance(value, list) else [value] for name, value in parameters.items()}
    return controls_answer(held, "acme", controls_question(given, NOW), held.status, NOW)


def control(held: FakeCompliance, name: str, **parameters: str) -> Any:
    question = control_question(name, {key: [value] for key, value in parameters.items()}, NOW)
    return control_answer(held, "acme", question, held.status, NOW)


def pages(ask: Any, member: str) -> list[Any]:
    found, cursor = [], None
    while True:
        page = ask(**({"cursor": cursor} if cursor else {}))
        found += page[member]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map(lambda text: f"c{text}")
MANY = st.lists(
    st.builds(
        finding, NAMES, st.sampled_from(["PASSED", "FAILED", "WARNING"]), st.sampled_from("ab"), severity=st.sampled_from(SEVERITIES)
    ),
    max_size=14,
)


@settings(max_examples=30)
@given(MANY, st.integers(1, 4))
def test_pages_hold_every_control_once_and_the_worst_first(findings: list[Finding], limit: int) -> None:
    held = store(*findings)
    found = pages(lambda **more: controls(held, limit=str(limit), **more), "controls")
    assert Counter(one["control_id"] for one in found) == Counter({one.control_id for one in findings})
    ranks = [
        (("failed", "unknown", "passed").index(one["state"]), SEVERITIES.index(one["severity"]), -one["failed_resources"]) for one in found
    ]
    assert ranks == sorted(ranks)


def test_filters_narrow_and_say_how_many_there_are() -> None:
    held = store(finding("A.1"), finding("B.1", severity="LOW"), finding("C.1", "PASSED"), finding("D.1", standards=("pci",)))
    assert [one["control_id"] for one in controls(held, state="failed", framework="cis")["controls"]] == ["A.1", "B.1"]
    assert [one["control_id"] for one in controls(held, severity=["low", "CRITICAL"])["controls"]] == ["B.1"]
    assert controls(held, state=["passed", "unknown"])["total"] == 1
    assert controls(held, framework="unheard-of")["controls"] is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"state": "bad"},
        {"severity": "SEVERE"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "٣"},
        {"framework": ""},
        {"cursor": "x"},
        {"cursor": base64.urlsafe_b64encode(b"[1]").decode()},
        {"cursor": base64.urlsafe_b64encode(json.dumps([True, 0, 0, "a", "b"]).encode()).decode()},
        {"cursor": base64.urlsafe_b64encode(b"[" * 1000).decode()},
        {"cursor": "A" * 2049},
        {"sort": "severity"},
    ],
)
def test_what_controls_cannot_take_is_refused_by_name(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        controls_question({name: [value] for name, value in parameters.items()}, NOW)
    assert [name for name, _ in refused.value.problems] == list(parameters)


def test_without_a_state_per_control_there_is_no_list_and_no_control() -> None:
    assert controls(FakeCompliance())["controls"] is None
    with pytest.raises(NotFound):
        control(FakeCompliance(), "S3.1")


@pytest.mark.parametrize("name", ["S3.1", "arn:aws:config/a b/ü%2F?x#y", "prowler-iam_root_mfa", "100%", "..", "a+b"])
def test_a_control_is_found_by_its_id_as_it_is_and_as_it_is_sent(name: str) -> None:
    held = store(finding(name))
    for sent in (name, quote(name, safe="")):
        assert control(held, sent)["control_id"] == name


def test_an_unknown_control_is_not_found() -> None:
    with pytest.raises(NotFound):
        control(store(finding("S3.1")), "S3.2")


def test_failing_resources_are_those_that_were_counted() -> None:
    stale = finding("S3.1", name="old", updated_at=NOW - timedelta(days=3))
    moved = finding("S3.1", name="elsewhere", account="999999999999")
    many = [finding("S3.1", name=f"{number}", resources=(f"r{number % 5}", f"q{number}")) for number in range(8)]
    passed = [finding("S3.1", "PASSED", "fine"), finding("S3.1", name="archived", ignored=True), finding("S3.2")]
    held = store(*many, stale, *passed)
    held.hub.found["999999999999"] = (moved,)  # an account that is not the customer's any more
    shown = control(held, "S3.1")
    found = pages(lambda **more: control(held, "S3.1", limit="4", **more), "failing_resources")
    names = [one["resource"] for one in found]
    assert sorted(names) == sorted({name for one in many for name in one.resources})
    assert len(names) == shown["failed_resources"] == 13


def test_only_the_accounts_of_a_page_are_read() -> None:
    accounts = [f"{number:012d}" for number in range(9)]
    found = {account: tuple(finding("S3.1", name=f"{account}{n}", account=account) for n in range(3)) for account in accounts}
    held = store(*(one for of_account in found.values() for one in of_account))
    held.hub.found = found
    first = control(held, "S3.1", limit="4")
    assert held.hub.asked == accounts[:2]
    held.hub.asked.clear()
    second = control(held, "S3.1", limit="4", cursor=first["next_cursor"])
    assert held.hub.asked == accounts[1:3]
    assert [one["account"] for one in first["failing_resources"] + second["failing_resources"]] == [
        *accounts[:1] * 3,
        *accounts[1:2] * 3,
        *accounts[2:3] * 2,
    ]


def test_a_dropped_files_control_has_its_resources_from_the_files() -> None:
    dropped = finding("prowler-s3_x", product="prowler/prowler")
    held = store(hub=False)
    held.days[TODAY] = assess("findings_export", "prowler/prowler", [dropped], NOW)
    held.dropped = [(NOW, (dropped, finding("prowler-s3_x", name="other", product="else/where")))]
    (only,) = control(held, "prowler-s3_x")["failing_resources"]
    assert (only["resource"], only["type"]) == ("arn:prowler-s3_x/", "AwsS3Bucket")


# Changes


def changes(held: FakeCompliance, **parameters: str) -> Any:
    question = changes_question({name.rstrip("_"): [value] for name, value in parameters.items()}, NOW)
    return changes_answer(held, "acme", question, held.status, NOW)


CONTROL_IDS = ["A.1", "A.2", "B.1", "B.2"]
STATES = st.lists(
    st.builds(
        finding,
        st.sampled_from(CONTROL_IDS),
        st.sampled_from(["PASSED", "FAILED", "WARNING"]),
        standards=st.sampled_from([("cis",), ("pci",)]),
    ),
    max_size=6,
)
SAID = st.lists(
    st.builds(
        Declaration,
        st.just("0" * 32),
        st.sampled_from(["exception", "attestation"]),
        st.sampled_from(CONTROL_IDS),
        st.none(),
        st.just("reason"),
        st.just("Ada"),
        st.sampled_from([NOW - 40 * DAY, NOW - 15 * DAY, NOW]),
        st.just("key:1"),
        st.sampled_from([NOW - 20 * DAY, NOW + DAY]),
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 40), STATES, max_size=6), SAID, st.sampled_from([None, "cis"]))
def test_contributions_sum_to_the_change_over_any_history(
    history: dict[int, list[Finding]], said: list[Declaration], framework: str | None
) -> None:
    held, last = FakeCompliance(), None
    for ago in sorted(history, reverse=True):
        at = NOW - ago * DAY
        found = [finding(one.control_id, one.status, updated_at=at, standards=one.standards) for one in history[ago]]
        last = held.days[at.date()] = assessed(found, ago, known=dict(last.controls) if last else None, before=last)
    held.choices.said = {"exceptions": Exceptions(tuple(said))} if said else {}
    answer = changes(held, **({"framework": framework} if framework else {}))
    for side in (answer, answer["with_exceptions"]):
        member = "contribution" if side is answer else "contribution_with_exceptions"
        assert (side["then"] is None) == (answer["then"] is None)
        if side["change"] is None:
            assert answer["changes"] is None or all(line[member] is None for line in answer["changes"])
            continue
        assert sum(line[member] for line in answer["changes"]) == side["change"] == side["now"]["unrounded"] - side["then"]["unrounded"]
        assert sum(part[member] for part in answer["by_category"].values()) == side["change"]
        first = changes(held, top="1", **({"framework": framework} if framework else {}))
        assert sum(line[member] for line in first["changes"]) + first["others"][member] == side["change"]
        assert len(first["changes"]) + first["others"]["controls"] == len(answer["changes"])
    known = [one["control_id"] for one in answer["changes"] or ()]
    assert len(known) == len(set(known))
    if answer["now"]:
        now = held.days[date.fromisoformat(answer["now"]["date"])]
        assert answer["now"]["score"] == now.evaluation(framework).score


def test_each_change_has_its_word() -> None:
    before = [
        finding("passes-fails", "PASSED"),
        finding("fails-passes"),
        finding("passes-gone", "PASSED"),
        finding("passes-warns", "PASSED"),
        finding("warns-passes", "WARNING"),
        finding("passes-off", "PASSED"),
        finding("fails-still"),
        finding("fails-excepted"),
        finding("nothing", None),
        finding("attested", None),
    ]
    then = assess(
        "security_hub", SECURITY_HUB, [finding(one.control_id, one.status, updated_at=NOW - 30 * DAY) for one in before], NOW - 30 * DAY
    )
    after = [
        finding("passes-fails"),
        finding("fails-passes", "PASSED"),
        finding("passes-warns", "WARNING"),
        finding("warns-passes", "PASSED"),
        finding("fails-still"),
        finding("fails-excepted"),
        finding("new", "PASSED"),
    ]
    known, off = {one.control_id: ("cis",) for one in before}, frozenset({("passes-off", "cis")})
    held = FakeCompliance({then.day: then, TODAY: assessed(after, known=known, disabled=off, before=then)})
    made = [
        Declaration("0" * 32, kind, control_id, None, "reason", "Ada", NOW - DAY, "key:1", NOW + DAY)
        for kind, control_id in (("exception", "fails-excepted"), ("attestation", "attested"))
    ]
    held.choices.said = {"exceptions": Exceptions(tuple(made))}
    answer = changes(held)
    assert {line["control_id"]: line["category"] for line in answer["changes"]} == {
        "passes-fails": "newly_failing",
        "fails-passes": "fixed",
        "passes-gone": "to_no_data",
        "passes-warns": "became_unknown",
        "warns-passes": "recovered",
        "passes-off": "disabled",
        "fails-excepted": "excepted",
        "attested": "attested",
        "new": "appeared",
    }
    excepted = next(line for line in answer["changes"] if line["control_id"] == "fails-excepted")
    assert excepted["contribution"] == 0
    assert excepted["contribution_with_exceptions"] > 0
    back = changes_answer(held, "acme", changes_question({"from": ["2026-10-24"], "to": ["2026-11-21"]}, NOW), held.status, NOW)
    assert back["changes"] == []


def test_a_state_stands_until_a_day_that_has_another_and_trends_are_of_days() -> None:
    held = FakeCompliance(
        {(NOW - ago * DAY).date(): assessed([finding("A.1", "PASSED", updated_at=NOW - ago * DAY)], ago) for ago in (50, 10)}
    )
    answer = changes(held, from_="2026-11-11", to="2026-11-21")
    assert (answer["then"]["date"], answer["now"]["date"]) == ("2026-10-04", "2026-11-13")
    assert [entry["score"] for entry in answer["series"]] == [None, None, 100, *[None] * 8]
    assert held.reads == 3


def test_a_control_that_its_source_no_longer_tells_of_has_disappeared() -> None:
    held = store(finding("A.1"))
    held.days[TODAY - 30 * DAY] = assessed([finding(name, "PASSED", updated_at=NOW - 30 * DAY) for name in ("A.1", "B.1")], 30)
    (gone,) = [line for line in changes(held)["changes"] if line["control_id"] == "B.1"]
    assert (gone["category"], gone["from"], gone["to"]) == ("disappeared", "passed", None)


def test_two_products_are_not_compared() -> None:
    held = store(finding("A.1"))
    held.days[TODAY - 30 * DAY] = assess("findings_export", "prowler/prowler", [finding("A.1", product="prowler/prowler")], NOW - 30 * DAY)
    answer = changes(held)
    assert (answer["then"], answer["change"], answer["changes"], answer["by_category"]) == (None, None, None, None)
    assert answer["now"]["score"] == 0
    assert answer["series"][0]["score"] is None


def test_a_customer_without_any_day_has_no_changes() -> None:
    answer = changes(FakeCompliance())
    assert (answer["then"], answer["now"], answer["change"], answer["changes"]) == (None, None, None, None)
    assert answer["with_exceptions"] == {"then": None, "now": None, "change": None}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"from": ["2026-11-23"]}, "from"),
        ({"from": ["2026-11-20"], "to": ["2026-11-19"]}, "from"),
        ({"to": ["2026-11-24"]}, "to"),
        ({"from": ["2025-10-22"]}, "from"),
        ({"from": ["2026-11-01T06:00:00Z"]}, "from"),
        ({"from": ["yesterday"]}, "from"),
        ({"period": ["30d"]}, "period"),
    ],
)
def test_what_changes_cannot_take_is_refused_by_name(parameters: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        changes_question(parameters, NOW)
    assert [name for name, _ in refused.value.problems] == [field]


# Whose it is, and what it costs


@pytest.mark.parametrize(
    ("control_id", "responsible", "owner"),
    [
        ("CloudTrail.1", "provider", "security"),
        ("Config.1", "provider", "security"),
        ("GuardDuty.1", "provider", "security"),
        ("IAM.6", "provider", "identity"),
        ("IAM.3", "customer", "identity"),
        ("EC2.7", "provider", "security"),
        ("EC2.19", "customer", "applications"),
        ("S3.8", "customer", "data"),
        ("aws-foundational-security-best-practices/v/1.0.0/RDS.2", "customer", "data"),
        ("aws-foundational-security-best-practices/v/1.0.0/IAM.4", "provider", "identity"),
        ("prowler-iam_root_mfa_enabled", "provider", "identity"),
        ("prowler-iam_rotate_access_key_90_days", "customer", "identity"),
        ("prowler-cloudtrail_multi_region_enabled", "provider", "security"),
        ("prowler-ec2_ebs_default_encryption", "provider", "security"),
        ("prowler-ec2_securitygroup_allow_ingress_from_internet_to_any_port", "customer", "applications"),
        ("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/1.1", None, None),
        ("Unheard.1", None, None),
        ("", None, None),
    ],
)
def test_whose_a_control_is_comes_from_the_table_or_is_unknown(control_id: str, responsible: str | None, owner: str | None) -> None:
    assert (party_of(control_id).responsible, party_of(control_id).owner) == (responsible, owner)


def test_every_seeded_control_is_somebodys() -> None:
    assert all(party_of(one.id).responsible for one in CONTROLS)


@pytest.mark.parametrize(
    ("kinds", "responsible"),
    [
        (["AwsS3Bucket"], "customer"),
        (["AwsCloudTrailTrail"], "provider"),
        (["AwsS3Bucket", "AwsRdsDbInstance"], "customer"),
        (["AwsS3Bucket", "AwsCloudTrailTrail"], None),
        (["Other"], None),
        ([], None),
    ],
)
def test_where_an_id_tells_nothing_the_failing_resources_do_if_they_agree(kinds: list[str], responsible: str | None) -> None:
    assert party_of("arn:aws:securityhub:::ruleset/x/rule/1.1", kinds).responsible == responsible


@pytest.mark.parametrize(
    ("kind", "control_id", "service"),
    [
        ("AwsS3Bucket", "S3.8", "Amazon Simple Storage Service"),
        ("AwsEc2Volume", "EC2.3", "Amazon Elastic Compute Cloud"),
        ("AwsEc2VpcEndpointService", "EC2.10", "Amazon Virtual Private Cloud"),
        ("AwsElbv2LoadBalancer", "ELB.1", "Elastic Load Balancing"),
        ("AwsElastiCacheCluster", "ElastiCache.1", "Amazon ElastiCache"),
        ("AwsAccount", "GuardDuty.1", "Amazon GuardDuty"),
        ("Other", "prowler-ec2_ebs_default_encryption", "Amazon Elastic Compute Cloud"),
        ("AwsAccount", "IAM.6", None),
        ("", "something", None),
    ],
)
def test_the_service_at_risk_is_the_resources_else_the_familys_else_unknown(kind: str, control_id: str, service: str | None) -> None:
    assert service_of(kind, family_of(control_id)) == service


def test_a_service_has_one_name_whatever_a_source_calls_it() -> None:
    names = ("AWS/EC2", "EC2 - Other", "Amazon Elastic Compute Cloud - Compute")
    assert {service_name(name) for name in names} == {"Amazon Elastic Compute Cloud"}
    assert service_name("Unheard") == "Unheard"


def test_a_service_has_its_category_and_any_other_is_other() -> None:
    assert [service_category(name) for name in ("AWS Lambda", "Amazon GuardDuty", "", "Unheard")] == [
        "Compute",
        "Security",
        "Other",
        "Other",
    ]


S3 = "Amazon Simple Storage Service"


def costs(**amounts: str | None) -> dict[date, CostDay]:
    """Yesterday's, by `a<account>_<service>`."""
    lines = []
    for place, amount in amounts.items():
        account, service = place[1:].split("_")
        billed = None if amount is None else Decimal(amount)
        lines.append(CostLine(account, S3 if service == "S3" else service, "", "", "AWS", "Usage", "USD", billed, None, None))
    return {TODAY - DAY: CostDay.of(TODAY - DAY, lines, (), False, ())}


def risk(held: FakeCompliance, **parameters: str) -> Any:
    question = risk_question({name: [value] for name, value in parameters.items()}, NOW)
    return risk_answer(held, "acme", question, CustomerStatus(), NOW)


def test_each_account_and_service_at_risk_is_counted_once_however_much_fails_there() -> None:
    held = store(
        finding("S3.1", account="1"),
        finding("S3.8", account="1", severity="CRITICAL"),
        finding("S3.8", name="2", account="2", severity="CRITICAL"),
        finding("S3.9", account="3", severity="MEDIUM"),
        finding("S3.2", "PASSED", account="4"),
        finding("IAM.6", account="1", types=("AwsAccount",), severity="CRITICAL"),
    )
    yesterday = costs(a1_S3="10.5", a3_S3="99", a1_Athena="7")
    before = replace(costs(a1_S3="0.25")[TODAY - DAY], day=TODAY - 2 * DAY)
    held.costs.found = {before.day: before, **yesterday}
    answer = risk(held)
    assert answer["total"] == Decimal("10.75")
    assert [(one["account"], one["service"], one["amount"]) for one in answer["at_risk"]] == [("1", S3, Decimal("10.75")), ("2", S3, 0)]
    assert [one["control_id"] for one in answer["at_risk"][0]["controls"]] == ["S3.8", "S3.1"]
    assert [(one["account"], one["service"], one["amount"]) for one in answer["service_unknown"]] == [("1", None, None)]
    assert answer["currency"] == "USD"


def test_what_is_not_shown_one_by_one_is_told_together() -> None:
    held = store(*(finding("S3.1", name=f"{n}", account=f"{n}") for n in range(4)), finding("IAM.6", severity="CRITICAL", types=()))
    held.costs.found = costs(a0_S3="1", a1_S3="8", a2_S3="2", a3_S3="4")
    answer = risk(held, top="2")
    assert [one["amount"] for one in answer["at_risk"]] == [8, 4]
    assert answer["others"] == {"places": 2, "amount": 3}
    assert (answer["total"], answer["places"]) == (15, {"at_risk": 4, "service_unknown": 1})


def test_an_amount_that_is_unknown_makes_the_total_unknown() -> None:
    held = store(finding("S3.1", account="1"), finding("S3.1", name="2", account="2"))
    held.costs.found = costs(a1_S3=None, a2_S3="5")
    answer = risk(held)
    assert answer["total"] is None
    assert [(one["account"], one["amount"]) for one in answer["at_risk"]] == [("2", 5), ("1", None)]


def test_without_costs_or_without_controls_nothing_is_said_to_be_zero() -> None:
    assert [(one["account"], one["amount"]) for one in risk(store(finding("S3.1", account="1")))["at_risk"]] == [("1", None)]
    assert risk(store(finding("S3.1")))["total"] is None
    nothing = FakeCompliance()
    nothing.costs.found = costs(a1_S3="5")
    assert (risk(nothing)["total"], risk(nothing)["at_risk"]) == (None, None)
    calm = store(finding("S3.1", "PASSED"))
    calm.costs.found = nothing.costs.found
    assert (risk(calm)["total"], risk(calm)["at_risk"]) == (0, [])


@pytest.mark.parametrize(
    ("parameters", "field"), [({"breakdown": "service"}, "breakdown"), ({"period": "24h"}, "period"), ({"cost": "net"}, "cost")]
)
def test_what_spend_at_risk_cannot_take_is_refused_by_name(parameters: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        risk(FakeCompliance(), **parameters)
    assert field in [name for name, _ in refused.value.problems]
