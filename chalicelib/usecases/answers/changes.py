"""GET /analytics/compliance/changes: from the score of one day to that of another, by control, without and with exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from chalicelib.domain.bridge import Bridge, Tally, bridge
from chalicelib.domain.compliance import ComplianceDay, DayScore
from chalicelib.domain.controls import ControlState
from chalicelib.domain.exact import add
from chalicelib.domain.exceptions import EXCEPTED, Declaration, Exceptions, InEffect, next_turn
from chalicelib.domain.findings import DISABLED, FAILED, NO_DATA, PASSED, SEVERITIES, UNKNOWN
from chalicelib.domain.period import DAY, midnight
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.controls import told
from chalicelib.usecases.answers.kept import Passing
from chalicelib.usecases.answers.values import Answer, shown, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.compliance import ChangesQuestion

APPEARED, DISAPPEARED, NEWLY_FAILING, FIXED, RECOVERED = "appeared", "disappeared", "newly_failing", "fixed", "recovered"
BECAME_UNKNOWN, TO_NO_DATA, SWITCHED_OFF = "became_unknown", "to_no_data", "disabled"
NEWLY_EXCEPTED, NO_LONGER_EXCEPTED = "excepted", "no_longer_excepted"
NEWLY_ATTESTED, NO_LONGER_ATTESTED = "attested", "no_longer_attested"
OF_FINDINGS = (NEWLY_FAILING, FIXED, APPEARED, DISAPPEARED, TO_NO_DATA, BECAME_UNKNOWN, RECOVERED, SWITCHED_OFF)
OF_WORDS = (NEWLY_EXCEPTED, NO_LONGER_EXCEPTED, NEWLY_ATTESTED, NO_LONGER_ATTESTED)
States = Mapping[str, str]


class Side:
    """One of the two days: each control's state in the question's scope, as found and as counted with the exceptions of then."""

    def __init__(self, day: ComplianceDay | None, question: ChangesQuestion, declarations: Iterable[Declaration], at: datetime) -> None:
        self.day = day if day and day.knows(question.framework) and told(day) else None
        scoped = list(self.day.scoped(question.framework)) if self.day else []
        self.controls: dict[str, ControlState] = {control.id: control for control, _ in scoped}
        self.found: States = {control.id: state for control, state in scoped}
        self.counted: States = InEffect(declarations, at).all_counted(scoped)


def changes_answer(store: MetricStore, customer_id: str, question: ChangesQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """What was said on a day stands until the next one that tells more; null where a side is unknown or of another product."""
    first, last = (store.latest_compliance_day(customer_id, day) for day in (question.first, question.last))
    declarations = choice_of(store, customer_id, Exceptions, status).declarations
    same = first is not None and last is not None and first.product == last.product
    then = Side(first if same else None, question, declarations, _end_of(question.first, now))
    there = Side(last, question, declarations, _end_of(question.last, now))
    found, counted = bridge(then.found, there.found), bridge(then.counted, there.counted)
    changes = _changes(then, there, found, counted) if then.day and there.day else None
    answer: Answer = {
        "customer_id": customer_id,
        "framework": question.framework,
        "product": last.product if last else None,
        "from": str(question.first),
        "to": str(question.last),
        "then": _side(then, found.then),
        "now": _side(there, found.now),
        "change": shown(found.change),
        "with_exceptions": {
            "then": _score(counted.then) if then.day else None,
            "now": _score(counted.now) if there.day else None,
            "change": shown(counted.change),
        },
        "by_category": _by_category(changes),
        "changes": None if changes is None else changes[: question.top],
        "others": None if changes is None else _together(changes[question.top :]),
        "series": _series(question, store.compliance_scores(customer_id, question.first, question.last), last),
        "generated_at": text_of(now),
    }
    return Passing(answer, next_turn(declarations, now))


def _end_of(day: date, now: datetime) -> datetime:
    return min(now, midnight(day + DAY))


def _side(side: Side, tally: Tally) -> Answer | None:
    """The day whose state stood then, with its score; None where there is none."""
    if side.day is None:
        return None
    return {"date": str(side.day.day), "as_of": text_of(side.day.as_of), **_score(tally)}


def _score(tally: Tally) -> Answer:
    return {"score": tally.score, "unrounded": shown(tally.unrounded), "passed": tally.passed, "evaluated": tally.evaluated}


def _changes(then: Side, now: Side, found: Bridge, counted: Bridge) -> list[Answer]:
    """Every control of which something changed, the largest contributions first."""
    lines = []
    for control_id in sorted(then.found.keys() | now.found.keys()):
        before, after = (side.found.get(control_id) for side in (then, now))
        counted_before, counted_after = (side.counted.get(control_id) for side in (then, now))
        if (before, counted_before) == (after, counted_after):
            continue
        control = now.controls.get(control_id) or then.controls[control_id]
        line: Answer = {
            "control_id": control_id,
            "title": control.title,
            "severity": control.severity,
            "category": category(before, after, counted_before, counted_after),
            "from": before,
            "to": after,
            "contribution": _contribution(found, control_id),
            "contribution_with_exceptions": _contribution(counted, control_id),
        }
        weight = (found.contributions or {}).get(control_id, Decimal(0))
        lines.append((-abs(weight), SEVERITIES.index(control.severity), control_id, line))
    return [line for *_, line in sorted(lines, key=lambda one: one[:3])]


def _contribution(of: Bridge, control_id: str) -> Decimal | None:
    return None if of.contributions is None else shown(of.contributions.get(control_id, Decimal(0)))


def category(before: str | None, after: str | None, counted_before: str | None, counted_after: str | None) -> str:
    """The word for what became of a control; None is not there. Where the findings say the same, it is what was said of it."""
    if before is None:
        return APPEARED
    if after is None:
        return DISAPPEARED
    if before != after:
        if after == PASSED:
            return FIXED if before == FAILED else RECOVERED
        return {FAILED: NEWLY_FAILING, UNKNOWN: BECAME_UNKNOWN, NO_DATA: TO_NO_DATA, DISABLED: SWITCHED_OFF}[after]
    if EXCEPTED in (counted_before, counted_after):
        return NEWLY_EXCEPTED if counted_after == EXCEPTED else NO_LONGER_EXCEPTED
    return NEWLY_ATTESTED if counted_after == PASSED else NO_LONGER_ATTESTED


def _by_category(changes: list[Answer] | None) -> Answer | None:
    """How many controls of each, and what they contribute together."""
    if changes is None:
        return None
    grouped = {name: [line for line in changes if line["category"] == name] for name in (*OF_FINDINGS, *OF_WORDS)}
    return {name: _together(lines) for name, lines in grouped.items()}


def _together(lines: list[Answer]) -> Answer:
    return {"controls": len(lines), **{member: _sum(lines, member) for member in ("contribution", "contribution_with_exceptions")}}


def _sum(lines: list[Answer], member: str) -> Decimal | None:
    amounts = [line[member] for line in lines]
    known = [amount for amount in amounts if isinstance(amount, Decimal)]
    return shown(add(known)) if len(known) == len(amounts) else None


def _series(question: ChangesQuestion, days: Iterable[DayScore], last: ComplianceDay | None) -> list[Answer]:
    """A score per day that has one, of the last day's product; null on days without a read."""
    of_day = {day.day: day for day in days if last and day.product == last.product and day.knows(question.framework)}
    wanted = (question.first + number * DAY for number in range((question.last - question.first).days + 1))
    return [{"date": str(day), "score": of_day[day].evaluation(question.framework).score if day in of_day else None} for day in wanted]
