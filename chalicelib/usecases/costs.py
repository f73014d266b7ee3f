"""Cost Explorer's days: one series for all customers, kept as each one's parts, and settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import AnalyticsError, SourceUnavailable
from chalicelib.domain.period import HOUR, Window, midnight, minus_months, month_start
from chalicelib.domain.state import COST_EXPLORER, FAILING, NO_DATA, OK, SourceState
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.settle import settle_months

COSTS_EVERY = 6 * HOUR


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
        if window.end < midnight(now.date()):
            raise  # an old window that can't be had says nothing of how the source is now
        for customer in customers:
            before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER) or SourceState(COST_EXPLORER, FAILING, now)
            with_.metrics.put_state(customer.id, before.failed(now, ((failure.scope, failure.reason),)))
        return
    troubles: list[AnalyticsError] = []
    for customer in customers:
        try:
            _keep_costs(with_, customer, window, now, series)
        except AnalyticsError as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]


def _keep_costs(
    with_: Collaborators, customer: Customer, window: Window, now: datetime, series: Mapping[str, tuple[CostPart, ...]]
) -> None:
    told = [part for account in sorted({claim.id for claim in customer.claims}) for part in series.get(account, ())]
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
