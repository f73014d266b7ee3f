"""Cost Explorer's days: one series for all customers, handed over to each one's own job, kept as its parts, and settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import UNALLOCATED, Customer, owner_of
from chalicelib.domain.errors import AnalyticsError, SourceUnavailable
from chalicelib.domain.period import DAY, HOUR, Window, iso, midnight, minus_months, month_start
from chalicelib.domain.signals import RECONCILIATION_DIFFERENCE
from chalicelib.domain.spend import largest_difference
from chalicelib.domain.state import COST_EXPLORER, FAILING, NO_DATA, OK, SourceState
from chalicelib.usecases.aggregation.ahead import look_ahead
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.aggregation.noticing import notice
from chalicelib.usecases.aggregation.settle import settle_months
from chalicelib.usecases.aggregation.usage import ENOUGH_SECONDS

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
    everybody = with_.customers.all()
    customers = [customer for customer in everybody if not customer.disabled and not customer.billing_view]
    views = [customer.id for customer in everybody if not customer.disabled and customer.billing_view]
    with_.queue.send({"job": "pro_forma", "customer_id": customer_id, "end": iso(end)} for customer_id in views)
    lists = [customers[start : start + CUSTOMERS_A_LIST] for start in range(0, len(customers), CUSTOMERS_A_LIST)]
    try:
        series = with_.costs.read(series_window(end))
    except SourceUnavailable as failure:
        told = {"scope": failure.scope, "reason": failure.reason}
        with_.queue.send({**_job((customer.id for customer in some), end), **told} for some in lists)
        return
    shares = [{customer.id: told_of(series, customer) for customer in some} for some in lists]
    shares.append({UNALLOCATED: nobodys(series, everybody)})
    jobs = [
        {**_job(some, end), "key": with_.handover.put(f"cost-explorer/{iso(end)}/{number}", some)} for number, some in enumerate(shares)
    ]
    with_.queue.send(jobs)
    with_.ledger.put_done(COST_EXPLORER, end)  # last: a run that was cut off is done again


def _job(customer_ids: Iterable[str], end: datetime) -> dict[str, str]:
    return {"job": "costs_of", "customers": ",".join(customer_ids), "end": iso(end)}


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
            if customer_id == UNALLOCATED:
                keep_unallocated(with_, series_window(end), shares.get(customer_id, ()))
                continue
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


def read_pro_forma(with_: Collaborators, customer: Customer, end: datetime) -> None:
    """A customer's own series through its pro forma billing view; what has been read since is newer."""
    state = with_.metrics.status(customer.id).sources.get(COST_EXPLORER)
    if state is None or state.last_success_at is None or state.last_success_at < end:
        read_costs(with_, series_window(end), [customer], end)


def read_costs(with_: Collaborators, window: Window, customers: Iterable[Customer], now: datetime, of_nobody: bool = False) -> None:
    """A series of its own for these customers, who share a billing view; a failure is each one's state, and changes no number.

    With `of_nobody` they are all that there are, and what none of them has is kept, too.
    """
    window, customers = window.clipped(midnight(now.date())), list(customers)
    if window.start >= window.end or not customers:
        return
    try:
        series = with_.costs.read(window, customers[0].billing_view)
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
    if of_nobody:
        keep_unallocated(with_, window, nobodys(series, customers))
    if troubles:
        raise troubles[0]


def told_of(series: Mapping[str, tuple[CostPart, ...]], customer: Customer) -> list[CostPart]:
    """The parts of every account that is or was the customer's."""
    return [part for account in sorted({claim.id for claim in customer.claims}) for part in series.get(account, ())]


def nobodys(series: Mapping[str, tuple[CostPart, ...]], customers: Iterable[Customer]) -> list[CostPart]:
    """The parts of accounts, and of days of accounts, that are no customer's."""
    claiming: dict[str, list[Customer]] = {}
    for customer in customers:
        for claim in customer.claims:
            claiming.setdefault(claim.id, []).append(customer)
    parts = (part for _, of_account in sorted(series.items()) for part in of_account)
    return [part for part in parts if owner_of(claiming.get(part.origin, ()), part.origin, part.day) == UNALLOCATED]


def keep_unallocated(with_: Collaborators, window: Window, parts: Sequence[CostPart]) -> None:
    """What Cost Explorer tells of nobody's accounts, as a customer's days; an account that somebody has by now is forgotten here."""
    first, last = window.start.date(), (window.end - DAY).date()
    told = {(part.day, part.source, part.origin) for part in parts}
    held = {(part.day, part.source, part.origin) for part in with_.metrics.cost_parts(UNALLOCATED, first, last)}
    gone = [part for part in sorted(held - told) if part[1] == COST_EXPLORER]
    with_.metrics.put_cost_parts(UNALLOCATED, parts)
    with_.metrics.delete_cost_parts(UNALLOCATED, gone)
    if told or gone:
        settle_months(with_.metrics, UNALLOCATED, {month_start(day) for day in window.days()})
        with_.measure(RECONCILIATION_DIFFERENCE, largest_difference(with_.metrics.costs.read(UNALLOCATED, first, last)))


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
    with_.metrics.put_state(customer.id, state, look_ahead(with_, customer, now))
    notice(with_, customer.id, now)


def _cost_state(with_: Collaborators, customer: Customer, window: Window, now: datetime, known: bool, version: str) -> SourceState:
    before = with_.metrics.status(customer.id).sources.get(COST_EXPLORER)
    through = before.data_through if before else None
    if not known:
        return SourceState(COST_EXPLORER, NO_DATA, now, through, now, (("", "AccountsNotInCostExplorer"),))
    return SourceState(COST_EXPLORER, OK, now, max(through or window.end, window.end), now, (), version)
