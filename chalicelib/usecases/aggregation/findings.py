"""Security Hub: events as they come, and once a day a sweep over everything, which mends what events missed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.compliance import SECURITY_HUB as PRODUCT
from chalicelib.domain.compliance import STALE_AFTER, ComplianceDay, Finding, Sweep, assess, latest_by_id
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import SourceUnavailable, StoreUnavailable
from chalicelib.domain.period import DAY, HOUR
from chalicelib.domain.state import BUSY, FAILING, NO_DATA, NOT_ENABLED, OK, SECURITY_HUB, SourceState
from chalicelib.usecases.aggregation import drops
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.aggregation.usage import ENOUGH_SECONDS

SWEPT_AT_LEAST = DAY + HOUR
SWEEP_GOOD_FOR = timedelta(hours=6)
"""How long a sweep that was cut off may be gone on with."""
ROUNDS = 8


def controls_of(last: ComplianceDay | None) -> dict[str, tuple[str, ...]]:
    """The controls that Security Hub had until then, each with its standards."""
    return dict(last.controls) if last and last.source == SECURITY_HUB else {}


def state_of(
    findings: Collection[Finding], disabled: frozenset[tuple[str, str]], now: datetime, last: ComplianceDay | None
) -> ComplianceDay | None:
    """The state that Security Hub's findings make at `now`, with the controls known from `last`; None when there are none at all."""
    known = controls_of(last)
    return assess(SECURITY_HUB, PRODUCT, findings, now, STALE_AFTER, known, disabled, last) if findings or known else None


def is_overdue(state: SourceState | None, end: datetime) -> bool:
    """Whether a sweep is wanted before the customer's own hour of the day: the first one, one that failed, one that was missed."""
    if state is None or state.state == FAILING:
        return True
    return end - (state.last_success_at or state.attempted_at) >= SWEPT_AT_LEAST


def sweep(with_: Collaborators, customer: Customer, now: datetime, left: Callable[[], float]) -> bool:
    """Reads all findings and assesses them; False when it stopped before the end, with what it has read kept to go on with."""
    state = with_.metrics.status(customer.id).sources.get(SECURITY_HUB)
    if state is not None and state.last_success_at is not None and state.last_success_at > now:
        return True  # a job of before, come again: all findings have been read since
    at = with_.metrics.hub.sweep(customer.id)
    if at is None or now - at.started_at > SWEEP_GOOD_FOR:
        at = Sweep(now)
    chunks = with_.findings.chunks(customer.account_ids)
    known = controls_of(with_.metrics.latest_compliance_day(customer.id, now.date()))
    try:
        while at.chunk < len(chunks):
            if left() < ENOUGH_SECONDS:
                with_.metrics.hub.put_sweep(customer.id, at)
                return False
            at = with_.findings.step(at, chunks)
        disabled = with_.findings.disabled(at.findings, known)
    except SourceUnavailable as failure:
        if failure.reason == BUSY:
            with_.metrics.hub.put_sweep(customer.id, at)
            return False
        _failed(with_, customer, now, failure)
    else:
        _replace(with_, customer, at, disabled)
        with_.metrics.put_state(customer.id, _state(_assess_day(with_, customer, now), now))
    with_.metrics.hub.put_sweep(customer.id, None)
    return True


def _failed(with_: Collaborators, customer: Customer, now: datetime, failure: SourceUnavailable) -> None:
    before = with_.metrics.status(customer.id).sources.get(SECURITY_HUB) or SourceState(SECURITY_HUB, FAILING, now)
    state = before.failed(now, ((failure.scope, failure.reason),))
    if state.state == NOT_ENABLED:
        drops.assess_findings(with_, customer, now)
    with_.metrics.put_state(customer.id, state)


def _replace(with_: Collaborators, customer: Customer, at: Sweep, disabled: frozenset[tuple[str, str]]) -> None:
    by_account: dict[str, list[Finding]] = {account: [] for account in (*with_.metrics.hub.findings(customer.id), *customer.account_ids)}
    for finding in at.findings:
        by_account.setdefault(finding.account, []).append(finding)
    for account, found in by_account.items():
        current = account in customer.account_ids
        with_.metrics.hub.change(customer.id, account, partial(_swept, found if current else [], at.started_at, current))
    with_.metrics.hub.put_disabled(customer.id, disabled)


def _swept(found: list[Finding], started_at: datetime, current: bool, held: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What the sweep found, and what events told of since it started.

    Of an account that it found nothing at all of, what events told stays for as long as it is fresh: an account of another organisation
    forwards its events, and our Security Hub knows nothing else of it.
    """
    since = started_at if found else started_at - STALE_AFTER
    newer = [finding for finding in held if current and finding.updated_at >= since]
    return _in_order([*found, *newer])


def _told(found: list[Finding], held: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return _in_order([*held, *found])


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(latest_by_id(findings), key=lambda finding: finding.id))


def take_events(with_: Collaborators, customer: Customer, findings: Iterable[Finding], now: datetime) -> None:
    """Findings as Security Hub tells them one by one; an older one than what is known changes nothing."""
    by_account: dict[str, list[Finding]] = {}
    for finding in findings:
        by_account.setdefault(finding.account, []).append(finding)
    changed = [with_.metrics.hub.change(customer.id, account, partial(_told, found)) for account, found in sorted(by_account.items())]
    swept = with_.metrics.status(customer.id).sources.get(SECURITY_HUB)
    if not any(changed) or swept is None or swept.last_success_at is None:
        return  # before the first sweep it would be a score of a few findings
    version = _assess_day(with_, customer, now)
    swept = with_.metrics.status(customer.id).sources.get(SECURITY_HUB) or swept  # a sweep may have ended meanwhile
    failing = swept.state == FAILING  # an event tells nothing of whether all findings can be read
    state = replace(swept, version=version or "") if failing else _state(version, swept.last_success_at or now)
    with_.metrics.put_state(customer.id, state)


def _state(version: str | None, at: datetime) -> SourceState:
    if version is None:
        return SourceState(SECURITY_HUB, NO_DATA, at, at, at, (("", "NoFindings"),))
    return SourceState(SECURITY_HUB, OK, at, at, at, (), version)


def _assess_day(with_: Collaborators, customer: Customer, now: datetime) -> str | None:
    """Puts the day's state from the findings that are known, as they are once it is written, and returns its digest; None without any.

    Where Security Hub has fallen silent, dropped findings take over if there are any.
    """
    for _ in range(ROUNDS):
        held = with_.metrics.hub.findings(customer.id)
        found = [finding for account in customer.account_ids for finding in held.get(account, ())]
        last = with_.metrics.latest_compliance_day(customer.id, now.date())
        day = state_of(found, with_.metrics.hub.disabled(customer.id), now, last)
        silent = day is None or (day.overall.score is None and drops.assess_findings(with_, customer, now))
        version = None if day is None or silent else with_.metrics.put_compliance_days(customer.id, [day])
        if with_.metrics.hub.findings(customer.id) == held:
            return version
    raise StoreUnavailable("a customer's findings kept changing while they were assessed")
