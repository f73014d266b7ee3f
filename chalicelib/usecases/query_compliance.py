"""GET /analytics/compliance."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.compliance import DEFINITION, SEVERITIES, ComplianceDay, Evaluation
from chalicelib.domain.period import DAY
from chalicelib.domain.state import FINDINGS_EXPORT, SECURITY_HUB, CustomerStatus
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.query import Answer, source_states, text_of
from chalicelib.usecases.questions import ComplianceQuestion

TREND = 30 * DAY


def compliance_answer(store: MetricStore, customer_id: str, question: ComplianceQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """The present score and its parts; a framework narrows all of them. Nothing evaluated is null, not 0."""
    last = store.latest_compliance_day(customer_id, now.date())
    before = store.latest_compliance_day(customer_id, (now - TREND).date()) if last else None
    current = _evaluation(last, question)
    known = last is not None and question.framework in (None, *last.frameworks)
    return {
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
        "top_issues": [
            {
                "control_id": issue.control_id,
                "title": issue.title,
                "severity": issue.severity,
                "failed_resources": issue.failed_resources,
            }
            for issue in current.issues[: question.top]
        ],
        "data_through": text_of(last.as_of) if last else None,
        "coverage": {"sources": source_states(status, (SECURITY_HUB, FINDINGS_EXPORT), now)},
        "generated_at": text_of(now),
    }


def _evaluation(day: ComplianceDay | None, question: ComplianceQuestion) -> Evaluation:
    if day is None:
        return Evaluation()
    return day.frameworks.get(question.framework, Evaluation()) if question.framework else day.overall


def _counts(evaluation: Evaluation, known: bool = True) -> dict[str, int | None]:
    counts = {name: getattr(evaluation, name) for name in ("passed", "failed", "unknown", "no_data")}
    return counts if known else dict.fromkeys(counts)


def _trend(current: Evaluation, last: ComplianceDay | None, before: ComplianceDay | None, question: ComplianceQuestion) -> int | None:
    """Points gained since 30 days ago, of one and the same product."""
    if last is None or before is None or last.product != before.product:
        return None
    then = _evaluation(before, question).score
    return None if current.score is None or then is None else current.score - then
