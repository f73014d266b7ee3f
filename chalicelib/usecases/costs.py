"""Cost Explorer's days: one series for all customers, handed over to each one's own job, kept as its parts, and settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import AnalyticsError, SourceUnavailable
from chalicelib.domain.period import HOUR, Window, iso, midnight, minus_months, month_start
from chalicelib.domain.state import COST_EXPLORER, FAILING, NO_DATA, OK, SourceState
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.prospects import make_prospects
from chalicelib.usecases.settle import settle_months
from chalicelib.usecases.usage import ENOUGH_SECONDS

COSTS_EVERY = 6 * HOUR
CUSTOMERS_A_LIST = 30
"""So many customers' shares are kept well within a worker's minute."""
SERIES, SERIES_A_DAY = "cost_explorer_series", 4
"""Cost Explorer refreshes at most three times a day, and every page of it costs."""


def read_costs_if_due(with_: Collaborators, end: datetime) -> None:
    """Asks Cost Explorer every six hours, sooner after a failure, four times a day at most; lists of customers are handed their shares."""
    last = with_.ledger.done_at(COST_EXPLORER)
    if last is not None and end - last < COSTS_EVERY:
        return
    try:
        with_.ledger.spend(SERIES, 1, SERIES_A_DAY)
    except SourceUnavailable:
        return  # asked often enough today; what is there stays
    customers = [customer for customer in with_.customers.all() if not customer.disabled]
    lists = [customers[start : start + CUSTOMERS_A_LIST] for start in range(0, len(customers), CUSTOMERS_A_LIST)]
    try:
        series = with_.costs.read(series_window(end))
    except SourceUnavailable as failure:
        with_.queue.send({**_job(some, end), "scope": failure.scope, "reason": failure.reason} for some in lists)
        return
    jobs = []
    for number, some in enumerate(lists):
        shares = {customer.id: told_of(series, customer) for customer in some}
        jobs.append({**_job(some, end), "key": with_.handover.put(f"cost-explorer/{iso(end)}/{number}", shares)})
    with_.queue.send(jobs)
    with_.ledger.put_done(COST_EXPLORER, end)  # last: a run that was cut off is done again


def _job(customers: Iterable[Customer], end: datetime) -> dict[str, str]:
    return {"job": "costs_of", "customers": ",".join(customer.id for customer in customers), "end": iso(end)}


def take_over(with_: Collaborators, job: Mapping[str, str], left: Callable[[], float]) -> None:
    """A list of customers' shares of a series, or why there is none; ones that are gone by now, or come late, were followed by newer ones.

    A customer whose share can't be kept now is sent on by itself, and so is who is left when the time is up.
    """
    end, last = datetime.fromisoformat(job["end"]), with_.ledger.done_at(COST_EXPLORER)
    superseded = last is not None and (last > end or ("reason" in job and last == end))
    shares = {} if superseded or "reason" in job else with_.handover.get(job["key"])
    if superseded or shares is None:
        return
    waiting = job["customers"].split(",")
    alone = len(waiting) == 1
    while waiting and left() >= ENOUGH_SECONDS:
        customer_id = waiting.pop(0)
        try:
            customer = with_.customers.get(customer_id)
            if customer is None or customer.disabled:
                continue
            if "reason" in job:
                costs_failed(with_, customer, end, job["scope"], job["reason"])
            else:
                keep_costs(with_, customer, series_window(end), end, shares.get(customer.id, ()))
        except AnalyticsError:
            if alone:
                raise
            with_.queue.send([{**job, "customers": customer_id}])
    if waiting:
        with_.queue.send([{**job, "customers": ",".join(waiting)}])


def series_window(end: datetime) -> Window:
    """From the previous month on, which is restated until it is final."""
    return Window(midnight(minus_months(month_start(end.date()), 1)), midnight(end.date()))


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
    state = _cost_state(with_, customer, window, now, bool(parts), version)
    with_.metrics.put_state(customer.id, state, make_prospects(with_.metrics, customer.id, now))


def _cost_state(with_: Collaborators, customer: Customer, window: Window, now: datetime, known: bool, version: str) -> SourceState:
    before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER)
    through = before.data_through if before else None
    if not known:
        return SourceState(COST_EXPLORER, NO_DATA, now, through, now, (("", "AccountsNotInCostExplorer"),))
    return SourceState(COST_EXPLORER, OK, now, max(through or window.end, window.end), now, (), version)
