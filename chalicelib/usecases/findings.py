"""Security Hub's present, once an hour, as the day's state of compliance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.compliance import SECURITY_HUB as PRODUCT
from chalicelib.domain.compliance import STALE_AFTER, ComplianceDay, assess
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.state import FAILING, NO_DATA, NOT_ENABLED, OK, SECURITY_HUB, SourceState
from chalicelib.usecases.ports import FindingsSource, MetricStore


def observe(source: FindingsSource, customer: Customer, now: datetime, last: ComplianceDay | None) -> ComplianceDay | None:
    """The state that Security Hub's findings make at `now`, with the controls known from `last`; None when it knows none at all."""
    known = last.controls if last and last.source == SECURITY_HUB else {}
    reading = source.read(customer.accounts, known)
    if not reading.findings and not known:
        return None
    return assess(SECURITY_HUB, PRODUCT, reading.findings, now, STALE_AFTER, dict(known), reading.disabled)


def read_findings(metrics: MetricStore, source: FindingsSource, customer: Customer, now: datetime, use_drops: Callable[[], bool]) -> None:
    """Assesses what Security Hub says at `now`; where it has fallen silent, `use_drops` takes over if it can."""
    before = metrics.status(customer.id).sources.get(SECURITY_HUB) or SourceState(SECURITY_HUB, FAILING, now)
    last = metrics.latest_compliance_day(customer.id, now.date())
    try:
        day = observe(source, customer, now, last)
    except SourceUnavailable as failure:
        state = before.failed(now, ((failure.scope, failure.reason),))
        if state.state == NOT_ENABLED:
            use_drops()
        metrics.put_state(customer.id, state)
        return
    if day is None or (silent(day) and use_drops()):
        metrics.put_state(customer.id, SourceState(SECURITY_HUB, NO_DATA, now, now, now, (("", "NoFindings"),)))
        return
    version = metrics.put_compliance_days(customer.id, [day])
    metrics.put_state(customer.id, SourceState(SECURITY_HUB, OK, now, now, now, (), version))


def silent(day: ComplianceDay) -> bool:
    """Whether no control has any evidence."""
    return day.overall.score is None
