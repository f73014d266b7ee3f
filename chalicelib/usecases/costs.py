"""Cost Explorer's days: one series for all customers, handed over to each one's own job, kept as its parts, and settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import AnalyticsError, SourceUnavailable
from chalicelib.domain.period import HOUR, Window, iso, midnight, minus_months, month_start
from chalicelib.domain.state import COST_EXPLORER, FAILING, NO_DATA, OK, SourceState
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.settle import settle_months

COSTS_EVERY = 6 * HOUR
SERIES, SERIES_A_DAY = "cost_explorer_series", 4
"""Cost Explorer refreshes at most three times a day, and every page of it costs."""


def read_costs_if_due(with_: Collaborators, end: datetime) -> None:
    """Asks Cost Explorer every six hours, sooner after a failure, never more than four times a day; each customer's job keeps its part."""
    last = with_.ledger.done_at(COST_EXPLORER)
    if last is not None and end - last < COSTS_EVERY:
        return
    try:
        with_.ledger.spend(SERIES, 1, SERIES_A_DAY)
    except SourceUnavailable:
        return  # asked often enough today; what is there stays
    customers = [customer for customer in with_.customers.all() if not customer.disabled]
    window = series_window(end)
    try:
        series = with_.costs.read(window)
    except SourceUnavailable as failure:
        with_.queue.send({**_job(customer, end), "scope": failure.scope, "reason": failure.reason} for customer in customers)
        return
    name = f"cost-explorer/{iso(end)}"
    keys = {customer: with_.handover.put(customer.id, name, told_of(series, customer)) for customer in customers}
    with_.queue.send({**_job(customer, end), "key": key} for customer, key in keys.items())
    with_.ledger.put_done(COST_EXPLORER, end)  # last: a run that was cut off is done again


def series_window(end: datetime) -> Window:
    """From the previous month on, which is restated until it is final."""
    return Window(midnight(minus_months(month_start(end.date()), 1)), midnight(end.date()))


def _job(customer: Customer, end: datetime) -> dict[str, str]:
    return {"job": "customer_costs", "customer_id": customer.id, "end": iso(end)}


def take_over(with_: Collaborators, customer: Customer, end: datetime, key: str) -> None:
    """One customer's share of a series; one that is gone by now, or comes late, has been followed by a newer one."""
    last = with_.ledger.done_at(COST_EXPLORER)
    parts = with_.handover.get(customer.id, key) if last is None or last <= end else None
    if parts is not None:
        keep_costs(with_, customer, series_window(end), end, parts)


def not_taken(with_: Collaborators, customer: Customer, end: datetime, scope: str, reason: str) -> None:
    """One customer's share of a series that failed; it tells nothing where one has succeeded since."""
    last = with_.ledger.done_at(COST_EXPLORER)
    if last is None or last < end:
        costs_failed(with_, customer, end, scope, reason)


def read_costs(with_: Collaborators, window: Window, customers: Iterable[Customer], now: datetime) -> None:
    """A series of its own for these customers, here and now; a failure is each one's state, and changes no number."""
    window = window.clipped(midnight(now.date()))
    if window.start >= window.end:
        return
    try:
        series = with_.costs.read(window)
    except SourceUnavailable as failure:
        if window.end < midnight(now.date()):
            raise  # an old window that can't be had says nothing of how the source is now
        for customer in customers:
            costs_failed(with_, customer, now, failure.scope, failure.reason)
        return
    troubles: list[AnalyticsError] = []
    for customer in customers:
        try:
            keep_costs(with_, customer, window, now, told_of(series, customer))
        except AnalyticsError as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


def told_of(series: Mapping[str, tuple[CostPart, ...]], customer: Customer) -> list[CostPart]:
    """The parts of every account that is or was the customer's."""
    return [part for account in sorted({claim.id for claim in customer.claims}) for part in series.get(account, ())]


def costs_failed(with_: Collaborators, customer: Customer, now: datetime, scope: str, reason: str) -> None:
    before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER) or SourceState(COST_EXPLORER, FAILING, now)
    with_.metrics.put_state(customer.id, before.failed(now, ((scope, reason),)))


def keep_costs(with_: Collaborators, customer: Customer, window: Window, now: datetime, told: Sequence[CostPart]) -> None:
    """Parts, then the days that they make, then how far the source is; of what is `told`, only days that an account was the customer's."""
    parts = [part for part in told if customer.owns(part.origin, part.day)]
    others = [(part.day, part.source, part.origin) for part in told if not customer.owns(part.origin, part.day)]
    with_.metrics.put_cost_parts(customer.id, parts)
    with_.metrics.delete_cost_parts(customer.id, others)  # put before the account went to somebody else
    version = settle_months(with_.metrics, customer.id, {month_start(day) for day in window.days()}) if told else ""
    with_.metrics.put_state(customer.id, _cost_state(with_, customer, window, now, bool(parts), version))


def _cost_state(with_: Collaborators, customer: Customer, window: Window, now: datetime, known: bool, version: str) -> SourceState:
    before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER)
    through = before.data_through if before else None
    if not known:
        return SourceState(COST_EXPLORER, NO_DATA, now, through, now, (("", "AccountsNotInCostExplorer"),))
    return SourceState(COST_EXPLORER, OK, now, max(through or window.end, window.end), now, (), version)
