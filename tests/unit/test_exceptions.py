"""What a customer says of its controls: recorded whole, ends by itself, and leaves the defined score alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.bridge import Tally
from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, ComplianceDay, Finding, assess
from chalicelib.domain.controls import RESOURCES_TOLD
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.exceptions import Declaration, Exceptions, InEffect, ending_within, next_turn
from chalicelib.domain.period import DAY
from chalicelib.usecases.answers.compliance import compliance_answer
from chalicelib.usecases.exceptions import KEPT_AT_LEAST, MOST_IN_EFFECT, MOST_KEPT, declare, list_declarations, revoke
from chalicelib.usecases.questions.compliance import ComplianceQuestion
from tests.fakes import FakeCompliance
from tests.unit.findings import NOW, finding

WEEK = timedelta(days=7)
BODY = {
    "kind": ["exception"],
    "control_id": ["S3.1"],
    "reason": ["behind the firewall"],
    "approver": ["Ada"],
    "expires_at": ["2026-12-31"],
}
ATTESTED = {**BODY, "kind": ["attestation"], "control_id": ["IAM.9"], "state": ["passed"]}


def today(*findings: Finding) -> ComplianceDay:
    return assess("security_hub", SECURITY_HUB, findings, NOW, STALE_AFTER, {"IAM.9": ("cis",)})


def store(*findings: Finding) -> FakeCompliance:
    """S3.1 fails, EC2.1 passes, IAM.9 has no data."""
    return FakeCompliance({NOW.date(): today(*(findings or (finding("S3.1"), finding("EC2.1", "PASSED"))))})


def said(kind: str = "exception", control: str = "S3.1", resource: str | None = None, since: datetime = NOW, **more: object) -> Declaration:
    made = Declaration("0" * 32, kind, control, resource, "reason", "Ada", since, "key:1", since + WEEK)
    return replace(made, **more)


def asked(held: FakeCompliance, now: datetime = NOW, framework: str | None = None) -> dict[str, object]:
    return dict(compliance_answer(held, "acme", ComplianceQuestion(framework, 10), held.status, now))


@given(st.integers(-3, 20))
def test_a_declaration_is_in_effect_from_its_moment_up_to_its_end(days: int) -> None:
    assert said().in_effect(NOW + days * DAY) == (0 <= days < 7)


def test_an_exception_that_expired_counts_again_at_that_instant_and_is_still_on_record() -> None:
    held = store()
    held.choices.said["exceptions"] = Exceptions((said(),))
    end = NOW + WEEK
    held.days[end.date()] = held.days[NOW.date()]
    before, after = asked(held, end - timedelta(microseconds=1)), asked(held, end)
    assert (before["current_score"], before["score_with_exceptions"]) == (50, 100)
    assert (after["current_score"], after["score_with_exceptions"]) == (50, 50)
    assert before["exceptions"]["active"] == after["exceptions"]["expired"] == 1
    assert list_declarations(held, "acme", {}, end)["exceptions"][0]["status"] == "expired"


def test_an_answer_is_not_kept_beyond_the_next_expiry() -> None:
    held = store()
    held.choices.said["exceptions"] = Exceptions((said(), said(expires_at=NOW + 2 * DAY)))
    assert compliance_answer(held, "acme", ComplianceQuestion(None, 10), held.status, NOW).until == NOW + 2 * DAY
    assert compliance_answer(store(), "acme", ComplianceQuestion(None, 10), store().status, NOW).until is None


def test_the_next_turn_is_also_when_one_comes_to_be_about_to_expire() -> None:
    one = said(expires_at=NOW + 40 * DAY)
    assert next_turn([one], NOW) == NOW + 10 * DAY
    assert ending_within([one], NOW + 10 * DAY, 30 * DAY) == [one]
    assert ending_within([one], NOW + 10 * DAY - timedelta(seconds=1), 30 * DAY) == []
    assert next_turn([said(revoked_at=NOW)], NOW) is None


def test_one_that_ended_before_its_time_was_revoked_and_any_other_expired() -> None:
    early = said(revoked_at=NOW + DAY)
    assert [early.status(NOW), early.status(NOW + DAY), early.status(NOW + 9 * DAY)] == ["active", "revoked", "revoked"]
    assert [said().status(NOW + WEEK - timedelta(microseconds=1)), said().status(NOW + WEEK)] == ["active", "expired"]


def test_what_turns_at_this_instant_is_no_next_turn() -> None:
    assert next_turn([said(expires_at=NOW + 30 * DAY)], NOW) == NOW + 30 * DAY
    assert next_turn([said(expires_at=NOW)], NOW) is None
    assert next_turn([said(expires_at=NOW + 40 * DAY, revoked_at=NOW)], NOW) is None


CONTROLS = ["S3.1", "IAM.9", "EC2.1", "KMS.4"]
STATEMENTS = st.lists(
    st.builds(
        said,
        st.sampled_from(["exception", "attestation"]),
        st.sampled_from(CONTROLS),
        st.sampled_from([None, "arn:S3.1/", "arn:EC2.1/", "arn:S3.1/b"]),
        st.sampled_from([NOW, NOW - 2 * WEEK]),
    ),
    max_size=6,
)
FOUND = st.lists(
    st.builds(finding, st.sampled_from(CONTROLS), st.sampled_from([None, "PASSED", "FAILED", "WARNING"]), st.sampled_from(["", "b"]))
)


@given(FOUND, STATEMENTS)
def test_the_score_with_exceptions_is_the_rule_in_words(findings: list[Finding], declarations: list[Declaration]) -> None:
    made, at = today(*findings), NOW
    now = [one for one in declarations if one.created_at <= at < one.expires_at]
    whole = {one.control_id for one in now if one.kind == "exception" and one.resource is None}
    single = {(one.control_id, one.resource) for one in now if one.kind == "exception" and one.resource}
    attested = {one.control_id for one in now if one.kind == "attestation" and one.resource is None}
    passed = evaluated = 0
    for control in made.states:
        all_excepted = bool(control.resources) and all((control.id, resource) in single for resource in control.resources)
        if control.state == "failed" and (control.id in whole or all_excepted):
            continue
        if control.state == "unknown" and control.id in whole:
            continue
        counts = "passed" if control.state == "no_data" and control.id in attested else control.state
        passed += counts == "passed"
        evaluated += counts in ("passed", "failed", "unknown")
    found = Tally.of(InEffect(declarations, at).all_counted(made.scoped(None)).values())
    assert (found.passed, found.evaluated) == (passed, evaluated)


def test_one_of_two_failing_resources_excepted_changes_nothing_both_do() -> None:
    held = store(finding("S3.1", name="a"), finding("S3.1", name="b"), finding("EC2.1", "PASSED"))
    held.choices.said["exceptions"] = Exceptions((said(resource="arn:S3.1/a"),))
    assert asked(held)["score_with_exceptions"] == 50
    held.choices.said["exceptions"] = Exceptions((said(resource="arn:S3.1/a"), said(resource="arn:S3.1/b")))
    answer = asked(held)
    assert (answer["current_score"], answer["score_with_exceptions"]) == (50, 100)
    assert answer["exceptions"]["excepted_controls"] == 1


def test_of_more_failing_resources_than_are_kept_only_the_controls_exception_counts() -> None:
    names = [f"{number}" for number in range(RESOURCES_TOLD + 1)]
    held = store(*(finding("S3.1", name=name) for name in names), finding("EC2.1", "PASSED"))
    held.choices.said["exceptions"] = Exceptions(tuple(said(resource=f"arn:S3.1/{name}") for name in names))
    assert asked(held)["score_with_exceptions"] == 50
    held.choices.said["exceptions"] = Exceptions((said(),))
    assert asked(held)["score_with_exceptions"] == 100


def test_a_framework_has_its_own_score_with_exceptions() -> None:
    held = store(
        finding("S3.1", standards=("cis",)), finding("EC2.1", standards=("cis",)), finding("EC2.1", "PASSED", "x", standards=("fsbp",))
    )
    held.choices.said["exceptions"] = Exceptions((said(),))
    assert (asked(held, framework="cis")["current_score"], asked(held, framework="cis")["score_with_exceptions"]) == (0, 0)
    assert (asked(held, framework="fsbp")["score_with_exceptions"], asked(held, framework="pci")["score_with_exceptions"]) == (100, None)


def test_without_states_of_each_control_exceptions_leave_the_second_score_unknown() -> None:
    held = store()
    held.days[NOW.date()] = replace(held.days[NOW.date()], states=())
    assert asked(held)["score_with_exceptions"] == 50
    held.choices.said["exceptions"] = Exceptions((said(),))
    assert (asked(held)["current_score"], asked(held)["score_with_exceptions"]) == (50, None)


def test_what_is_said_is_recorded_with_who_and_when() -> None:
    held = store()
    made = declare(held, "acme", {**BODY, "resource": ["arn:S3.1/"]}, "key:ab", "1" * 32, NOW)
    assert made == Declaration(
        "1" * 32, "exception", "S3.1", "arn:S3.1/", "behind the firewall", "Ada", NOW, "key:ab", datetime(2026, 12, 31, tzinfo=UTC)
    )
    declare(held, "acme", ATTESTED, "token:x", "2" * 32, NOW)
    assert [one.kind for one in held.choices.said["exceptions"].declarations] == ["exception", "attestation"]
    assert asked(held)["score_with_exceptions"] == 100
    assert asked(held)["exceptions"]["attested_controls"] == 1


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"reason": []}, {"reason"}),
        ({"reason": ["  "], "approver": ["x" * 201]}, {"reason", "approver"}),
        ({"reason": ["x" * 1001]}, {"reason"}),
        ({"reason": ["nul\0"]}, {"reason"}),
        ({"approver": ["a", "b"]}, {"approver"}),
        ({"kind": ["waiver"]}, {"kind"}),
        ({"kind": []}, {"kind"}),
        ({"control_id": ["S3.999"]}, {"control_id"}),
        ({"control_id": ["x" * 601]}, {"control_id"}),
        ({"expires_at": ["2026-11-23"]}, {"expires_at"}),
        ({"expires_at": ["2026-11-23T12:00:00Z"]}, {"expires_at"}),
        ({"expires_at": ["2027-11-23T12:00:01Z"]}, {"expires_at"}),
        ({"expires_at": ["next year"]}, {"expires_at"}),
        ({"expires_at": []}, {"expires_at"}),
        ({"state": ["passed"]}, {"state"}),
        ({"created_by": ["me"]}, {"created_by"}),
        ({"kind": ["attestation"], "state": ["passed"]}, {"control_id"}),
        ({"kind": ["attestation"], "control_id": ["IAM.9"]}, {"state"}),
        ({"kind": ["attestation"], "control_id": ["IAM.9"], "state": ["failed"]}, {"state"}),
        ({"kind": ["attestation"], "control_id": ["IAM.9"], "state": ["passed"], "resource": ["r"]}, {"resource"}),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_nothing_is_recorded(change: dict[str, list[str]], fields: set[str]) -> None:
    held = store()
    with pytest.raises(InvalidInput) as refused:
        declare(held, "acme", {name: values for name, values in {**BODY, **change}.items() if values}, "key:ab", "1" * 32, NOW)
    assert {name for name, _ in refused.value.problems} == fields
    assert held.choices.said == {}


def test_twelve_months_to_the_second_are_the_longest() -> None:
    assert declare(store(), "acme", {**BODY, "expires_at": ["2027-11-23T12:00:00Z"]}, "k", "1" * 32, NOW)


def test_revoking_ends_it_now_and_once_and_is_remembered() -> None:
    held = store()
    declare(held, "acme", BODY, "key:ab", "1" * 32, NOW)
    later = NOW + timedelta(hours=1)
    revoke(held, "acme", "1" * 32, "key:cd", later)
    revoke(held, "acme", "1" * 32, "key:ef", later + DAY)
    (kept,) = held.choices.said["exceptions"].declarations
    assert (kept.revoked_at, kept.revoked_by, kept.in_effect(NOW), kept.in_effect(later)) == (later, "key:cd", True, False)
    assert asked(held, later)["score_with_exceptions"] == 50


def test_what_was_never_said_cannot_be_revoked() -> None:
    held = store()
    with pytest.raises(NotFound):
        revoke(held, "acme", "1" * 32, "k", NOW)
    assert held.choices.said == {}


def test_there_is_an_end_to_how_many_are_in_effect() -> None:
    held = store()
    held.choices.said["exceptions"] = Exceptions(tuple(said(id=f"{n:032x}") for n in range(MOST_IN_EFFECT)))
    with pytest.raises(Conflict):
        declare(held, "acme", BODY, "k", "1" * 32, NOW)
    revoke(held, "acme", f"{5:032x}", "k", NOW)
    declare(held, "acme", BODY, "k", "1" * 32, NOW + timedelta(seconds=1))


def test_only_what_ended_long_ago_makes_room_for_more() -> None:
    old, recent = said(since=NOW - KEPT_AT_LEAST - 2 * WEEK), said(since=NOW - 2 * WEEK)
    held = store()
    held.choices.said["exceptions"] = Exceptions((old, *[recent] * (MOST_KEPT - 1)))
    declare(held, "acme", BODY, "k", "1" * 32, NOW)
    assert old not in held.choices.said["exceptions"].declarations
    with pytest.raises(Conflict):
        declare(held, "acme", BODY, "k", "2" * 32, NOW)


@pytest.mark.parametrize(("ago", "refused"), [(2 * WEEK, True), (KEPT_AT_LEAST + 2 * WEEK, False)])
def test_more_text_than_could_be_written_is_refused_or_takes_the_place_of_what_ended_long_ago(ago: timedelta, refused: bool) -> None:
    held = store()
    held.choices.said["exceptions"] = Exceptions((said(reason="x" * 1000, since=NOW - ago),) * 3000)
    if refused:
        with pytest.raises(Conflict):
            declare(held, "acme", BODY, "k", "1" * 32, NOW)
    else:
        declare(held, "acme", BODY, "k", "1" * 32, NOW)
        assert [one.id for one in held.choices.said["exceptions"].declarations] == ["1" * 32]


def test_pages_of_declarations_hold_each_once_newest_first() -> None:
    held = store()
    made = [said(id=f"{n:032x}", since=NOW - timedelta(minutes=n // 2)) for n in range(7)]
    held.choices.said["exceptions"] = Exceptions(tuple(made))
    seen, cursor = [], None
    while True:
        page = list_declarations(held, "acme", {"limit": ["3"], **({"cursor": [cursor]} if cursor else {})}, NOW)
        seen += [(one["created_at"], one["id"]) for one in page["exceptions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert {name for _, name in seen} == {one.id for one in made}
    assert len(seen) == 7


def test_a_customer_that_said_nothing_costs_no_read() -> None:
    held = store()
    held.choices.get = lambda *_: pytest.fail("nothing was said")
    assert asked(held)["score_with_exceptions"] == 50
    assert held.reads == 2
