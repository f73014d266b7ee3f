"""The score as the definition has it, against a second computation written straight from its sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, Finding, assess, headline_product

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATUSES = [None, "PASSED", "FAILED", "WARNING", "NOT_AVAILABLE", "SOMETHING_NEW"]


def finding(number: int, control: str = "S3.1", status: str | None = "PASSED", **more: object) -> Finding:
    fields: dict[str, object] = {
        "id": f"finding-{number}",
        "product": "prowler/prowler",
        "control_id": control,
        "title": f"title of {control}",
        "severity": "HIGH",
        "status": status,
        "ignored": False,
        "updated_at": NOW,
        "account": "111111111111",
        "region": "us-east-1",
        "resources": (f"arn:{number}",),
        "standards": ("cis",),
    }
    return Finding(**{**fields, **more})  # type: ignore[arg-type]


FINDINGS = st.lists(
    st.builds(
        finding,
        st.integers(0, 12),
        st.sampled_from(["S3.1", "IAM.4", "EC2.19"]),
        st.sampled_from(STATUSES),
        ignored=st.booleans(),
        updated_at=st.sampled_from([NOW, NOW - timedelta(hours=1)]),
        standards=st.sampled_from([("cis",), ("cis", "fsbp"), ()]),
    ),
    max_size=25,
)


def oracle(findings: list[Finding], standard: str | None) -> tuple[int | None, int, int, int, int]:
    """(score, passed, failed, unknown, no_data), from the definition's own words."""
    latest: dict[str, Finding] = {}
    for one in findings:
        held = latest.get(one.id)
        badness = [0 if one.ignored or one.status is None else {"FAILED": 3, "PASSED": 1}.get(one.status, 2) for one in (one, held or one)]
        if held is None or one.updated_at > held.updated_at or (one.updated_at == held.updated_at and badness[0] > badness[1]):
            latest[one.id] = one
    chosen = [one for one in latest.values() if standard is None or standard in one.standards]
    passed = failed = unknown = no_data = 0
    for control in {one.control_id for one in chosen}:
        statuses = {one.status for one in chosen if one.control_id == control and not one.ignored and one.status is not None}
        if "FAILED" in statuses:
            failed += 1
        elif statuses - {"PASSED"}:
            unknown += 1
        elif statuses:
            passed += 1
        else:
            no_data += 1
    evaluated = passed + failed + unknown
    score = int((Decimal(100 * passed) / evaluated).quantize(Decimal(1), ROUND_HALF_UP)) if evaluated else None
    return score, passed, failed, unknown, no_data


@given(FINDINGS)
def test_score_and_counts_follow_the_definition(findings: list[Finding]) -> None:
    day = assess("findings_export", "prowler/prowler", findings, NOW)
    found = day.overall
    assert (found.score, found.passed, found.failed, found.unknown, found.no_data) == oracle(findings, None)
    for standard, framework in day.frameworks.items():
        assert (framework.score, framework.passed, framework.failed, framework.unknown, framework.no_data) == oracle(findings, standard)


@pytest.mark.parametrize(("passed", "failed", "score"), [(1, 1, 50), (1, 2, 33), (2, 1, 67), (1, 7, 13), (0, 3, 0), (3, 0, 100)])
def test_half_a_point_rounds_up(passed: int, failed: int, score: int) -> None:
    findings = [finding(n, f"P.{n}") for n in range(passed)] + [finding(n + 50, f"F.{n}", "FAILED") for n in range(failed)]
    assert assess("x", "prowler/prowler", findings, NOW).overall.score == score


def test_no_evidence_is_no_score() -> None:
    assert assess("x", SECURITY_HUB, [], NOW).overall.score is None
    assert assess("x", "prowler/prowler", [finding(1, ignored=True)], NOW).overall.score is None


def test_of_one_id_the_latest_wins_and_a_tie_counts_failed() -> None:
    older = NOW - timedelta(minutes=1)
    assert assess("x", "prowler/prowler", [finding(1, status="FAILED", updated_at=older), finding(1)], NOW).overall.passed == 1
    assert assess("x", "prowler/prowler", [finding(1), finding(1, status="FAILED")], NOW).overall.failed == 1


def test_products_are_never_merged() -> None:
    other = finding(2, "S3.1", "FAILED", product="aws/guardduty")
    assert assess("x", "prowler/prowler", [finding(1), other], NOW).overall.failed == 0


def test_a_finding_of_security_hub_that_is_two_days_old_is_unknown() -> None:
    stale = finding(1, product=SECURITY_HUB, updated_at=NOW - STALE_AFTER - timedelta(seconds=1))
    day = assess("security_hub", SECURITY_HUB, [stale], NOW, STALE_AFTER)
    assert (day.overall.passed, day.overall.unknown) == (0, 1)


def test_one_check_told_by_two_standards_counts_once_and_fails_if_one_says_so() -> None:
    same = {"product": SECURITY_HUB, "resources": ("arn:bucket",)}
    repeated = [finding(1, status="FAILED", standards=("cis",), **same), finding(2, status="FAILED", standards=("fsbp",), **same)]
    day = assess("security_hub", SECURITY_HUB, repeated, NOW, STALE_AFTER)
    assert day.overall.findings["HIGH"] == 1
    assert day.overall.issues[0].failed_resources == 1


def test_a_control_that_fell_silent_is_no_data_and_one_switched_off_is_disabled() -> None:
    known = {"S3.1": ("cis",), "IAM.4": ("cis", "fsbp"), "EC2.19": ("cis",)}
    day = assess("security_hub", SECURITY_HUB, [], NOW, STALE_AFTER, known, frozenset({("S3.1", "cis"), ("IAM.4", "cis")}))
    assert (day.overall.disabled, day.overall.no_data) == (1, 2)
    assert day.frameworks["cis"].disabled == 2


def test_top_issues_are_the_worst_first() -> None:
    findings = [
        finding(1, "LOW.1", "FAILED", severity="LOW", resources=("a", "b", "c")),
        finding(2, "HIGH.1", "FAILED"),
        finding(3, "HIGH.2", "FAILED", resources=("a", "b")),
        finding(4, "CRIT.1", "FAILED", severity="CRITICAL"),
    ]
    issues = assess("x", "prowler/prowler", findings, NOW).overall.issues
    assert [(issue.control_id, issue.failed_resources) for issue in issues] == [("CRIT.1", 1), ("HIGH.2", 2), ("HIGH.1", 1), ("LOW.1", 3)]


def test_an_issue_has_the_worst_severity_and_the_first_title_of_what_fails() -> None:
    findings = [
        finding(1, status="FAILED", severity="MEDIUM", title="b"),
        finding(2, status="FAILED", severity="INFORMATIONAL", title="c"),
        finding(3, status="FAILED", severity="LOW", title="a"),
        finding(4, severity="CRITICAL", title="0"),
    ]
    (issue,) = assess("x", "prowler/prowler", findings, NOW).overall.issues
    assert (issue.title, issue.severity, issue.failed_resources) == ("a", "MEDIUM", 3)


def test_of_another_product_every_finding_counts_also_where_two_name_the_same_resources() -> None:
    same = [finding(number, status="FAILED", resources=("arn:bucket",)) for number in (1, 2)]
    day = assess("x", "prowler/prowler", same, NOW)
    assert (day.overall.findings["HIGH"], day.overall.issues[0].failed_resources) == (2, 1)


def test_a_failure_that_is_two_days_old_is_unknown_in_its_standard_too_and_nothing_to_fix() -> None:
    at = NOW - STALE_AFTER - timedelta(seconds=1)
    day = assess("security_hub", SECURITY_HUB, [finding(1, status="FAILED", product=SECURITY_HUB, updated_at=at)], NOW, STALE_AFTER)
    for found in (day.overall, day.frameworks["cis"]):
        assert (found.failed, found.unknown, found.findings["HIGH"], found.issues) == (0, 1, 0, ())
    just = assess("x", SECURITY_HUB, [finding(1, status="FAILED", product=SECURITY_HUB, updated_at=NOW - STALE_AFTER)], NOW, STALE_AFTER)
    assert (just.overall.failed, just.frameworks["cis"].failed) == (1, 1)


def test_of_a_tie_a_pass_goes_before_what_is_no_evidence_and_after_what_is_unknown() -> None:
    def told(*statuses: str | None) -> tuple[int, int, int]:
        of = assess("x", "prowler/prowler", [finding(1, status=status) for status in statuses], NOW).overall
        return of.passed, of.unknown, of.no_data

    assert told("PASSED", None) == told(None, "PASSED") == (1, 0, 0)
    assert told("PASSED", "WARNING") == told("WARNING", "PASSED") == (0, 1, 0)


def test_of_products_dropped_together_the_one_with_most_evidence_makes_the_headline() -> None:
    earlier = NOW - timedelta(days=1)
    found = [(NOW, finding(number, product="a/a")) for number in (1, 2)] + [(NOW, finding(3, product="b/b"))]
    assert headline_product(found) == headline_product([*found, (NOW, finding(4, product="b/b", status=None))]) == "a/a"
    between = [
        (NOW, finding(1, product="b/b")),
        (earlier, finding(2, product="b/b")),
        (earlier + timedelta(hours=1), finding(3, product="a/a")),
    ]
    assert headline_product(between) == "b/b"
    assert headline_product([(NOW, finding(1, product="b/b")), (earlier, finding(2, product="b/b")), (earlier, finding(3))]) == "b/b"
    assert headline_product([(NOW, finding(1, product="a/a")), (NOW, finding(2, product="b/b"))]) == "b/b"


def test_the_headline_is_of_the_product_dropped_last() -> None:
    earlier = NOW - timedelta(days=1)
    assert headline_product([(NOW, finding(1, product="a/a")), (earlier, finding(2, product="b/b"))]) == "a/a"
    assert headline_product([(NOW, finding(1, product="a/a")), (NOW, finding(2, product="b/b", status=None))]) == "a/a"
    assert headline_product([]) is None


def test_a_warning_is_not_hidden_by_a_later_pass_of_the_same_resource() -> None:
    same = {"product": SECURITY_HUB, "resources": ("arn:bucket",)}
    warned = finding(1, status="WARNING", updated_at=NOW - timedelta(hours=1), **same)
    day = assess("security_hub", SECURITY_HUB, [warned, finding(2, **same)], NOW, STALE_AFTER)
    assert (day.overall.passed, day.overall.unknown) == (0, 1)
