"""The hourly aggregation: a plan of jobs, and what each job does. Every write is absolute, so any job may run again, also beside itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import InvalidInput, SourceUnavailable
from chalicelib.domain.period import DAY, HOUR, Window, hour_floor, iso, midnight, minus_months, month_start
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, NO_DATA, OK, PARTIAL, SourceState
from chalicelib.domain.usage import UsageBucket, hour_buckets, merge, overlay
from chalicelib.usecases import drops
from chalicelib.usecases.findings import read_findings
from chalicelib.usecases.ports import (
    Clock,
    CostExportReader,
    CostSource,
    CustomerDirectory,
    ExportFiles,
    FindingsExportReader,
    FindingsSource,
    MetricStore,
    Queue,
    UsageSource,
)
from chalicelib.usecases.settle import settle_months

OVERLAP = 3 * HOUR
"""CloudWatch's newest hours still change, so every read repeats them."""
LONGEST = 7 * DAY
"""The widest window of one read."""
COSTS_EVERY = 6 * HOUR
REGION_LOOK_BACK = 14 * DAY
Job = Mapping[str, str]


@dataclass(frozen=True)
class Collaborators:
    customers: CustomerDirectory
    metrics: MetricStore
    usage: UsageSource
    costs: CostSource
    findings: FindingsSource
    exports: ExportFiles
    read_cost_export: CostExportReader
    read_findings_export: FindingsExportReader
    queue: Queue
    hours_kept: timedelta
    clock: Clock


def plan(with_: Collaborators, now: datetime) -> dict[str, object]:
    """One job for the shared cost series and one per customer, up to the last closed hour."""
    end = hour_floor(now)
    customers = [customer for customer in with_.customers.all() if not customer.disabled]
    jobs = [{"job": "costs", "end": iso(end)}]
    jobs += [{"job": "customer", "customer_id": customer.id, "end": iso(end)} for customer in customers]
    with_.queue.send(jobs)
    return {"customers": len(customers), "end": iso(end)}


def run(with_: Collaborators, job: Job) -> None:
    """Does one job; a customer that is gone or disabled by now has nothing to do."""
    kind = job["job"]
    if kind == "costs":
        read_costs_if_due(with_, instant_of(job["end"]))
        return
    customer = with_.customers.get(job["customer_id"])
    if customer is None or customer.disabled:
        return
    if kind == "customer":
        end = instant_of(job["end"])
        read_usage(with_, customer, hourly_window(with_, customer, end), end)
        read_findings(with_.metrics, with_.findings, customer, end, lambda: drops.assess_findings(with_, customer, end))
    elif kind == "usage":
        window = Window(instant_of(job["start"]), instant_of(job["end"]))
        read_usage(with_, customer, window, window.end)
    elif kind == "backfill":
        window = Window(instant_of(job["start"]), instant_of(job["end"]))
        read_costs(with_, whole_days(window), [customer], window.end)
        with_.queue.send(
            {"job": "usage", "customer_id": customer.id, "start": iso(piece.start), "end": iso(piece.end)}
            for piece in window.pieces(LONGEST)
        )
    elif kind == "drop":
        drops.take(with_, customer, job["kind"], job["key"])
    else:
        raise InvalidInput(("job", "is none that this version knows"))


def hourly_window(with_: Collaborators, customer: Customer, end: datetime) -> Window:
    """From where CloudWatch was last complete (less the overlap) to `end`, at most seven days: an outage is caught up, none skipped."""
    state = with_.metrics.status(customer.id).sources.get(CLOUDWATCH)
    known = min(filter(None, (state.data_through, state.failing_since)), default=end) if state else end
    start = min(known, end) - OVERLAP
    return Window(start, min(end, start + LONGEST))


def whole_days(window: Window) -> Window:
    start = midnight(window.start.date())
    end = midnight(window.end.date())
    return Window(start, end if end == window.end else end + DAY)


def read_usage(with_: Collaborators, customer: Customer, window: Window, now: datetime) -> SourceState:
    """Reads the window's hours, then rolls up the days that they lie in; the state is written last."""
    if window.start < with_.clock() - with_.hours_kept:
        window = whole_days(window).clipped(hour_floor(with_.clock()))  # hours that old are not kept: their days must be read as wholes
    source = with_.usage.name
    before = with_.metrics.status(customer.id).sources.get(source) or SourceState(source, FAILING, now)
    if not customer.accounts:
        state = SourceState(source, NO_DATA, now, failures=(("", "NoAccounts"),))
        with_.metrics.put_state(customer.id, state)
        return state
    registry = with_.metrics.registry(customer.id)
    reading = with_.usage.read(customer, window, recent_regions(with_, customer, window), registry)
    if not reading.scopes:
        state = before.failed(now, reading.failures)
        with_.metrics.put_state(customer.id, state)
        return state
    hours = hour_buckets(reading.samples, window, reading.scopes, reading.unknown)
    hours, days = roll_up(with_, customer, window, hours, partial=bool(reading.failures))
    version = with_.metrics.put_usage(customer.id, hours, days)
    if reading.registry != registry:
        with_.metrics.put_registry(customer.id, reading.registry)
    state = _usage_state(before, window, now, reading.failures, version)
    with_.metrics.put_state(customer.id, state)
    return state


def _usage_state(before: SourceState, window: Window, now: datetime, failures: tuple[tuple[str, str], ...], version: str) -> SourceState:
    """The watermark moves only over a window that joins what was complete before; an older one leaves it."""
    joins = before.data_through is None or window.start <= before.data_through
    through = max(before.data_through or window.end, window.end) if joins else before.data_through
    since = before.failing_since or before.data_through or window.start
    return SourceState(
        before.source, PARTIAL if failures else OK, now, through, now, failures, version, min(since, window.start) if failures else None
    )


def recent_regions(with_: Collaborators, customer: Customer, window: Window) -> dict[str, set[str]]:
    """Per account the regions in which it had a cost shortly before or in the window."""
    first = (window.start - REGION_LOOK_BACK).date()
    regions: dict[str, set[str]] = {}
    for day in with_.metrics.cost_days(customer.id, first, window.end.date()):
        for line in day.lines:
            regions.setdefault(line.account, set()).add(line.region)
    return regions


def roll_up(
    with_: Collaborators, customer: Customer, window: Window, read: Iterable[UsageBucket], partial: bool
) -> tuple[list[UsageBucket], list[UsageBucket]]:
    """(hours, days) to put: what was read now over what was kept, and the whole of every day that the window touches."""
    touched = whole_days(window)
    kept = {bucket.start: bucket for bucket in with_.metrics.usage_hours(customer.id, touched)}
    hours = [overlay(kept.get(bucket.start), bucket) for bucket in read]
    combined = {**kept, **{bucket.start: bucket for bucket in hours}}
    days = []
    old_days = {bucket.start: bucket for bucket in with_.metrics.usage_days(customer.id, *_ends(touched))} if partial else {}
    for day in touched.days():
        start = midnight(day)
        rolled = merge((combined[hour] for hour in Window(start, start + DAY).hours() if hour in combined), start)
        days.append(overlay(old_days.get(start), rolled))
    return hours, days


def _ends(window: Window) -> tuple[date, date]:
    return window.start.date(), (window.end - DAY).date()


def read_costs_if_due(with_: Collaborators, end: datetime) -> None:
    """Asks Cost Explorer at most every six hours; sooner after a failure, or when a customer has never been asked for."""
    customers = [customer for customer in with_.customers.all() if not customer.disabled]
    statuses = with_.metrics.statuses(customer.id for customer in customers)
    states = [statuses[customer.id].sources.get(COST_EXPLORER) for customer in customers]
    if any(state is None or state.state == FAILING or end - state.attempted_at >= COSTS_EVERY for state in states):
        today = midnight(end.date())
        first = midnight(minus_months(month_start(end.date()), 1))
        read_costs(with_, Window(first, today), customers, end)


def read_costs(with_: Collaborators, window: Window, customers: Iterable[Customer], now: datetime) -> None:
    """One series for all accounts, then each customer's own days; a failure is every customer's state, and changes no number."""
    window = window.clipped(midnight(now.date()))
    if window.start >= window.end:
        return
    try:
        series = with_.costs.read(window)
    except SourceUnavailable as failure:
        for customer in customers:
            before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER) or SourceState(COST_EXPLORER, FAILING, now)
            with_.metrics.put_state(customer.id, before.failed(now, ((failure.scope, failure.reason),)))
        return
    for customer in customers:
        parts = [part for account in customer.account_ids for part in series.get(account, ())]
        with_.metrics.put_cost_parts(customer.id, parts)
        version = settle_months(with_.metrics, customer.id, {month_start(day) for day in window.days()}) if parts else ""
        with_.metrics.put_state(customer.id, _cost_state(with_, customer, window, now, bool(parts), version))


def _cost_state(with_: Collaborators, customer: Customer, window: Window, now: datetime, known: bool, version: str) -> SourceState:
    before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER)
    through = before.data_through if before else None
    if not known:
        return SourceState(COST_EXPLORER, NO_DATA, now, through, now, (("", "AccountsNotInCostExplorer"),))
    return SourceState(COST_EXPLORER, OK, now, max(through or window.end, window.end), now, (), version)


def backfill(with_: Collaborators, customer: Customer, window: Window, now: datetime) -> None:
    """Re-aggregates a past window at once: costs first (they tell the regions), then usage in windows of seven days."""
    window = window.clipped(hour_floor(now))
    read_costs(with_, whole_days(window), [customer], now)
    for piece in window.pieces(LONGEST):
        read_usage(with_, customer, piece, now)


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
