"""What a day knows of each control: the same that the score counts, and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.bridge import Tally
from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, ComplianceDay, Finding, assess
from chalicelib.domain.controls import RESOURCES_TOLD, ControlState
from chalicelib.domain.period import DAY
from tests.unit.findings import ACCOUNT, NOW, finding

FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from(["S3.1", "IAM.4", "EC2.19"]),
        st.sampled_from([None, "PASSED", "FAILED", "WARNING"]),
        st.sampled_from("abcd"),
        ignored=st.booleans(),
        updated_at=st.sampled_from([NOW, NOW - timedelta(hours=1), NOW - timedelta(days=3)]),
        resources=st.sampled_from([("r1",), ("r2",), ("r1", "r2"), ()]),
        region=st.sampled_from(["us-east-1", "eu-west-1"]),
        standards=st.sampled_from([("cis",), ("cis", "fsbp"), ()]),
        severity=st.sampled_from(["CRITICAL", "LOW"]),
    ),
    max_size=15,
)
DISABLED = st.frozensets(st.tuples(st.sampled_from(["S3.1", "IAM.4"]), st.sampled_from(["cis", "fsbp"])))


def day(*findings: Finding, at: datetime = NOW, before: ComplianceDay | None = None) -> ComplianceDay:
    known = dict(before.controls) if before else None
    return assess("security_hub", SECURITY_HUB, findings, at, STALE_AFTER, known, before=before)


def of(day: ComplianceDay, name: str = "S3.1") -> ControlState:
    return next(control for control in day.states if control.id == name)


@given(FINDINGS, DISABLED)
def test_states_are_those_that_the_score_counts(findings: list[Finding], disabled: frozenset[tuple[str, str]]) -> None:
    known = {"IAM.4": ("cis",), "GuardDuty.1": ("fsbp",)}
    made = assess("security_hub", SECURITY_HUB, findings, NOW, STALE_AFTER, known, disabled)
    for framework in (None, *made.frameworks):
        states = [state for _, state in made.scoped(framework)]
        evaluation = made.evaluation(framework)
        assert Tally.of(states).score == evaluation.score
        for name in ("passed", "failed", "unknown", "no_data", "disabled"):
            assert states.count(name) == getattr(evaluation, name), (framework, name)
    assert {control.id: control.standards for control in made.states} == made.controls
    assert {control.id: control.failed for control in made.states if control.state == "failed"} == {
        issue.control_id: issue.failed_resources for issue in made.overall.issues
    }


@given(FINDINGS)
def test_each_resource_is_counted_once_by_the_worst_that_is_said(findings: list[Finding]) -> None:
    made = day(*findings)
    latest: dict[str, Finding] = {}
    weights = {"PASSED": 1, "WARNING": 2, "FAILED": 3}
    for one in findings:
        held = latest.get(one.id)
        weight = [0 if x.ignored or x.status is None else weights[x.status] for x in (one, held or one)]
        if held is None or (one.updated_at, weight[0]) > (held.updated_at, weight[1]):
            latest[one.id] = one
    for control in made.states:
        worst: dict[tuple[str, str], int] = {}
        for one in latest.values():
            if one.control_id == control.id and not one.ignored and one.status is not None:
                weight_of = 2 if NOW - one.updated_at > STALE_AFTER else weights[one.status]
                for resource in one.resources:
                    worst[one.region, resource] = max(weight_of, worst.get((one.region, resource), 0))
        values = list(worst.values())
        assert (control.passed, control.unknown, control.failed) == (values.count(1), values.count(2), values.count(3))


HISTORY = st.lists(st.sampled_from(["FAILED", "PASSED", "WARNING", "GONE"]), min_size=1, max_size=12)


@given(HISTORY)
def test_since_when_a_control_fails_is_carried_from_day_to_day(history: list[str]) -> None:
    last: ComplianceDay | None = None
    failing_from: datetime | None = None
    seen_from: datetime | None = None
    for number, status in enumerate(history):
        at = NOW + number * DAY
        found = [] if status == "GONE" else [finding("S3.1", status, updated_at=at)]
        last = day(*found, at=at, before=last)
        if status == "FAILED":
            failing_from = failing_from or at
        if status == "PASSED":
            failing_from = None
        if status != "GONE":
            seen_from = seen_from or at
        if seen_from:
            assert of(last).first_seen == seen_from
            if status == "FAILED":
                assert of(last).failing_since == failing_from


@pytest.mark.parametrize("status", ["GONE", "WARNING"])
def test_a_spell_without_evidence_ends_nothing(status: str) -> None:
    failing = day(finding("S3.1"))
    found = [finding("S3.1", status, updated_at=NOW + DAY)] if status == "WARNING" else []
    between = day(*found, at=NOW + DAY, before=failing)
    again = day(finding("S3.1", updated_at=NOW + 2 * DAY), at=NOW + 2 * DAY, before=between)
    assert of(between).failing_since == of(again).failing_since == NOW


def test_a_control_that_was_switched_off_or_is_no_failure_has_no_since_when() -> None:
    failing = day(finding("S3.1"))
    off = assess("security_hub", SECURITY_HUB, [], NOW + DAY, STALE_AFTER, {"S3.1": ("cis",)}, frozenset({("S3.1", "cis")}), failing)
    assert (of(off).state, of(off).failing_since) == ("disabled", None)
    silent = day(at=NOW + 2 * DAY, before=off)
    assert (of(silent).state, of(silent).failing_since) == ("no_data", None)
    passing = day(finding("S3.1", "PASSED"), before=failing)
    warned = day(finding("S3.1", "WARNING", updated_at=NOW + DAY), at=NOW + DAY, before=passing)
    assert (of(warned).state, of(warned).failing_since) == ("unknown", None)
    assert of(day(finding("S3.1", "WARNING"))).failing_since is None


def test_a_state_is_told_of_a_framework_or_of_all() -> None:
    made = of(day(finding("S3.1", "PASSED", "a"), finding("S3.1", "FAILED", "b", standards=("fsbp",))))
    assert [made.state_in(framework) for framework in (None, "cis", "pci")] == ["failed", "passed", "failed"]
    nameless = of(day(finding("S3.1", types=())))
    assert nameless.places == ((ACCOUNT, ""),)


def test_a_second_look_on_one_day_moves_nothing() -> None:
    first = day(finding("S3.1"))
    later = NOW + timedelta(hours=3)
    again = day(finding("S3.1", updated_at=later), at=later, before=first)
    assert (of(again).first_seen, of(again).failing_since) == (NOW, NOW)


def test_what_was_kept_before_there_were_states_leaves_since_when_unknown() -> None:
    old = replace(day(finding("S3.1"), at=NOW - DAY), states=())
    made = day(finding("S3.1"), finding("IAM.4"), before=old)
    assert (of(made).first_seen, of(made).failing_since) == (None, None)
    assert (of(made, "IAM.4").first_seen, of(made, "IAM.4").failing_since) == (NOW, NOW)
    assert of(day(finding("S3.1"), at=NOW + DAY, before=made)).failing_since is None


def test_another_products_control_of_the_same_name_is_another_one() -> None:
    theirs = assess("findings_export", "a/a", [finding("S3.1", product="a/a")], NOW - DAY)
    ours = assess("findings_export", "b/b", [finding("S3.1", product="b/b")], NOW, before=theirs)
    assert of(ours).failing_since == NOW


def test_a_control_that_passes_keeps_the_severity_that_it_failed_with() -> None:
    failing = day(finding("S3.1", severity="CRITICAL"))
    passing = day(finding("S3.1", "PASSED", severity="INFORMATIONAL"), at=NOW + DAY, before=failing)
    assert of(passing).severity == "CRITICAL"
    assert of(day(finding("S3.1", "PASSED", severity="INFORMATIONAL"))).severity == "INFORMATIONAL"
    warned = day(finding("S3.1", "WARNING", severity="HIGH"), before=day(finding("S3.1", "PASSED", severity="INFORMATIONAL")))
    assert of(warned).severity == "HIGH"


def test_a_controls_severity_is_the_worst_that_is_said_of_what_fails_else_of_what_is_there() -> None:
    failing = day(
        finding("S3.1", name="a", severity="LOW"),
        finding("S3.1", name="b", severity="MEDIUM"),
        finding("S3.1", "PASSED", "c", severity="CRITICAL"),
    )
    assert of(failing).severity == "MEDIUM"
    passing = day(*(finding("S3.1", "PASSED", level, severity=level) for level in ("INFORMATIONAL", "MEDIUM", "LOW")))
    assert of(passing).severity == "MEDIUM"
    assert of(day(before=day(finding("S3.1", severity="LOW")))).severity == "LOW"


def test_a_controls_title_is_that_of_what_fails_and_outlasts_a_silent_day() -> None:
    failing = day(finding("S3.1", "PASSED", "a", title="a"), finding("S3.1", name="b", title="c"), finding("S3.1", name="c", title="b"))
    assert of(failing).title == "b"
    assert of(day(at=NOW + DAY, before=failing)).title == "b"
    assert of(assess("security_hub", SECURITY_HUB, [], NOW, STALE_AFTER, {"S3.1": ("cis",)})).title == "S3.1"


def test_a_failure_that_is_too_old_to_count_fails_nowhere() -> None:
    old = day(finding("S3.1", updated_at=NOW - STALE_AFTER - timedelta(seconds=1)))
    assert (of(old).state, of(old).failed, of(old).unknown, of(old).places, of(old).resources) == ("unknown", 0, 1, (), ())


@pytest.mark.parametrize("order", [1, -1])
def test_a_resource_that_fails_by_one_finding_and_passes_by_another_fails(order: int) -> None:
    both = [finding("S3.1", status, status, resources=("r",)) for status in ("FAILED", "WARNING", "PASSED")]
    made = of(day(*both[::order]))
    assert (made.failed, made.unknown, made.passed) == (1, 0, 0)
    made = of(day(*both[1:][::order]))
    assert (made.failed, made.unknown, made.passed) == (0, 1, 0)


def test_where_a_control_fails_is_told_by_account_and_type() -> None:
    passing = finding("S3.1", "PASSED", "ok", account="2", types=("AwsRdsDbInstance",))
    made = day(finding("S3.1", name="a"), finding("S3.1", name="b", resources=("r", "q"), types=("AwsEc2Vpc", "AwsEc2Subnet")), passing)
    assert of(made).places == ((ACCOUNT, "AwsEc2Subnet"), (ACCOUNT, "AwsEc2Vpc"), (ACCOUNT, "AwsS3Bucket"))
    assert of(made).resources == ("arn:S3.1/a", "q", "r")


@pytest.mark.parametrize(("count", "told"), [(RESOURCES_TOLD, RESOURCES_TOLD), (RESOURCES_TOLD + 1, 0)])
def test_of_very_many_failing_resources_a_day_keeps_the_number_only(count: int, told: int) -> None:
    made = day(*(finding("S3.1", name=f"{number}") for number in range(count)))
    assert (of(made).failed, len(of(made).resources)) == (count, told)


def test_a_state_of_its_own_in_a_standard_is_kept() -> None:
    findings = [finding("S3.1", "PASSED", "a"), finding("S3.1", "FAILED", "b", standards=("fsbp",))]
    made = of(day(*findings))
    assert (made.state, made.state_in("cis"), made.state_in("fsbp")) == ("failed", "passed", "failed")


def test_the_fix_is_the_sources_own_and_outlasts_a_silent_day() -> None:
    failing = day(finding("S3.1", fix="Block public access.", fix_url="https://example.org/s3"))
    silent = day(at=NOW + DAY, before=failing)
    assert (of(day(finding("S3.1"))).fix, of(day(finding("S3.1"))).fix_url) == ("", "")
    assert (of(day(finding("S3.1", fix_url="https://example.org"), before=failing)).fix_url) == "https://example.org"
    assert (of(silent).state, of(silent).fix, of(silent).fix_url) == ("no_data", "Block public access.", "https://example.org/s3")
