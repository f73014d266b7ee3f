"""GET /analytics/compliance: the score as it is defined and, beside it, with what the customer has said of controls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.bridge import Tally
from chalicelib.domain.compliance import DEFINITION, SEVERITIES, ComplianceDay, Evaluation, Issue
from chalicelib.domain.controls import ControlState
from chalicelib.domain.exceptions import EXCEPTED, EXPIRED, SOON, Declaration, Exceptions, InEffect, ending_within, next_turn
from chalicelib.domain.period import DAY
from chalicelib.domain.responsibility import party_of
from chalicelib.domain.state import FINDINGS_EXPORT, SECURITY_HUB, CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.controls import shown_fix, told
from chalicelib.usecases.answers.declarations import shown_declaration
from chalicelib.usecases.answers.kept import Passing
from chalicelib.usecases.answers.values import Answer, source_states, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.compliance import ComplianceQuestion

TREND = 30 * DAY
MOST_EXPIRING = 100


def compliance_answer(store: MetricStore, customer_id: str, question: ComplianceQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """The present score and its parts; a framework narrows all of them. Nothing evaluated is null, not 0."""
    last = store.latest_compliance_day(customer_id, now.date())
    before = store.latest_compliance_day(customer_id, (now - TREND).date()) if last else None
    current = _evaluation(last, question)
    known = last is not None and last.knows(question.framework)
    declarations = choice_of(store, customer_id, Exceptions, status).declarations
    in_effect = InEffect(declarations, now)
    answer: Answer = {
        "customer_id": customer_id,
        "current_score": current.score,
        "score": {
            "product": last.product if last else None,
            **_counts(current, known),
            "disabled": current.disabled if known else None,
            "definition": DEFINITION,
        },
        "trend": _trend(current, last, before, question),
        "findings": {severity.lower(): current.findings.get(severity, 0) if known else None for severity in SEVERITIES},
        "frameworks": [
            {"id": name, "score": framework.score, **_counts(framework)} for name, framework in (last.frameworks.items() if last else ())
        ],
        "top_issues": _issues(last, current, in_effect, question),
        "score_with_exceptions": _score_with(last, current, in_effect, question),
        "exceptions": _exceptions(last, declarations, in_effect, question),
        "data_through": text_of(last.as_of) if last else None,
        "coverage": {"sources": source_states(status, (SECURITY_HUB, FINDINGS_EXPORT), now)},
        "generated_at": text_of(now),
    }
    return Passing(answer, next_turn(declarations, now))


def _evaluation(day: ComplianceDay | None, question: ComplianceQuestion) -> Evaluation:
    return day.evaluation(question.framework) if day else Evaluation()


def _counts(evaluation: Evaluation, known: bool = True) -> dict[str, int | None]:
    counts = {name: getattr(evaluation, name) for name in ("passed", "failed", "unknown", "no_data")}
    return counts if known else dict.fromkeys(counts)


def _trend(current: Evaluation, last: ComplianceDay | None, before: ComplianceDay | None, question: ComplianceQuestion) -> int | None:
    """Points gained since 30 days ago, of one and the same product."""
    if last is None or before is None or last.product != before.product:
        return None
    then = _evaluation(before, question).score
    return None if current.score is None or then is None else current.score - then


def _score_with(day: ComplianceDay | None, current: Evaluation, in_effect: InEffect, question: ComplianceQuestion) -> int | None:
    """Without anything in effect the score itself; None where the day doesn't tell of each control."""
    if day is None or not in_effect.declarations:
        return current.score
    return Tally.of(in_effect.all_counted(day.scoped(question.framework)).values()).score if told(day) else None


def _exceptions(
    day: ComplianceDay | None, declarations: Sequence[Declaration], in_effect: InEffect, question: ComplianceQuestion
) -> Answer:
    """Declarations by number, and the controls of which they change what counts."""
    pairs = [(state, in_effect.counted(control, state)) for control, state in (day.scoped(question.framework) if day else ())]
    known = day is not None and told(day) and day.knows(question.framework)
    ending = ending_within(declarations, in_effect.at, SOON)
    return {
        "active": len(in_effect.declarations),
        "expired": sum(one.status(in_effect.at) == EXPIRED for one in declarations),
        "excepted_controls": sum(counted == EXCEPTED for _, counted in pairs) if known else None,
        "attested_controls": sum(counted != state and counted != EXCEPTED for state, counted in pairs) if known else None,
        "expiring": len(ending),
        "expiring_in_30_days": [shown_declaration(one, in_effect.at) for one in ending[:MOST_EXPIRING]],
    }


def _issues(day: ComplianceDay | None, current: Evaluation, in_effect: InEffect, question: ComplianceQuestion) -> list[Answer]:
    controls = {control.id: control for control in (day.states if day else ())}
    return [_issue(issue, controls.get(issue.control_id), in_effect) for issue in current.issues[: question.top]]


def _issue(issue: Issue, control: ControlState | None, in_effect: InEffect) -> Answer:
    places = control.places if control else ()
    party, exception = party_of(issue.control_id, (kind for _, kind in places)), in_effect.exception(issue.control_id)
    return {
        "control_id": issue.control_id,
        "title": issue.title,
        "severity": issue.severity,
        "failed_resources": issue.failed_resources,
        "since": text_of(control.failing_since) if control else None,
        "responsible": party.responsible,
        "owner": party.owner,
        "fix": shown_fix(control) if control else None,
        "exception": shown_declaration(exception, in_effect.at) if exception else None,
    }
