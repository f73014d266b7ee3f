"""The hourly aggregation: a plan of jobs, and what each job does. Every write is absolute, so any job may run again, also beside itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zlib import crc32

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import InvalidInput, SourceUnavailable, StoreUnavailable
from chalicelib.domain.period import Window, hour_floor, iso, whole_days
from chalicelib.domain.signals import CUSTOMERS, SOURCE_AGE_RATIO
from chalicelib.domain.state import NO_DATA, SECURITY_HUB, SourceState
from chalicelib.usecases.aggregation import costs, drops, findings, moved, payer, usage
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.aggregation.usage import LONGEST, read_usage

Job = Mapping[str, str]
CUSTOMERS_A_MESSAGE = 300
"""A plan is fanned out in two steps, so that none of them takes long however many customers there are."""
BUSY_SECONDS = "300"


def plan(with_: Collaborators, now: datetime) -> dict[str, object]:
    """One job for the shared cost series and, in lists, one per customer, up to the last closed hour."""
    end = iso(hour_floor(now))
    ids = [customer.id for customer in with_.customers.all() if not customer.disabled]
    lists = [ids[start : start + CUSTOMERS_A_MESSAGE] for start in range(0, len(ids), CUSTOMERS_A_MESSAGE)]
    jobs = [{"job": "costs", "end": end}]
    jobs += [{"job": "plan", "customers": ",".join(some), "end": end} for some in lists]
    with_.queue.send(jobs)
    with_.measure(CUSTOMERS, len(ids))
    if not ids:
        with_.measure(SOURCE_AGE_RATIO, 0)  # where nobody has a source, none is late; that nothing is told at all is an alarm
    return {"customers": len(ids), "end": end}


def forever() -> float:
    """For whoever has no limit of time."""
    return float("inf")


def run(with_: Collaborators, job: Job, left: Callable[[], float] = forever) -> None:
    """Does one job with `left()` seconds; what it can't finish it sends on. A customer that is gone or disabled has nothing to do."""
    kind = job["job"]
    if kind in SHARED:
        SHARED[kind](with_, job, left)
        return
    if kind not in OF_CUSTOMER:
        raise InvalidInput(("job", "is none that this version knows"))
    customer = with_.customers.get(job["customer_id"])
    if customer is not None and not customer.disabled:
        OF_CUSTOMER[kind](with_, customer, job, left)


def _plan(with_: Collaborators, job: Job) -> None:
    """A list of customers becomes a message for each; once a day two more, each customer's at an hour of its own."""
    end, ids = instant_of(job["end"]), job["customers"].split(",")
    turns = {customer_id: crc32(customer_id.encode()) for customer_id in ids}
    now = [customer_id for customer_id, turn in turns.items() if (end.hour + turn) % with_.usage_every == 0]
    today = [customer_id for customer_id, turn in turns.items() if turn % 24 == end.hour]
    with_.queue.send(_jobs("customer", now, job["end"]) + _jobs("daily", today, job["end"]))
    with_.findings_queue.send(_jobs("findings", today, job["end"]))
    _tell_ages(with_, ids)


def _tell_ages(with_: Collaborators, ids: Iterable[str]) -> None:
    """How old their oldest source is: every hour, however seldom sources are read. Where that can't be known nothing is told, which is an
    alarm by itself, and what was planned isn't planned again for it."""
    try:
        statuses, now = with_.metrics.statuses(ids), with_.clock()
    except StoreUnavailable:
        return
    with_.measure(SOURCE_AGE_RATIO, max(status.age_ratio(now) for status in statuses.values()))


def _jobs(kind: str, customer_ids: Iterable[str], end: str) -> list[dict[str, str]]:
    return [{"job": kind, "customer_id": customer_id, "end": end} for customer_id in customer_ids]


def _customer(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    end = instant_of(job["end"])
    if findings.is_overdue(with_.metrics.status(customer.id).sources.get(SECURITY_HUB), end):
        with_.findings_queue.send(_jobs("findings", [customer.id], job["end"]))
    if not usage.read_hours(with_, customer, end, left):
        with_.queue.send([job])


def _findings(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    if not findings.sweep(with_, customer, instant_of(job["end"]), left):
        with_.findings_queue.send([{**job, "delay": BUSY_SECONDS if left() > usage.ENOUGH_SECONDS else "0"}])


def _daily(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    usage.read_late(with_, customer, instant_of(job["end"]))
    with_.metrics.usage.fold(customer.id)
    with_.metrics.costs.fold(customer.id)


def _usage(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    _whole([read_usage(with_, customer, _window(job), with_.clock())])


def _backfill(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    window = _window(job)
    costs.read_costs(with_, whole_days(window), [customer], with_.clock())
    pieces = window.pieces(LONGEST)
    with_.queue.send({"job": "usage", "customer_id": customer.id, "start": iso(piece.start), "end": iso(piece.end)} for piece in pieces)


def _pro_forma(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    costs.read_pro_forma(with_, customer, instant_of(job["end"]))


def _moved(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    moved.forget_usage(with_, customer, job["account"], instant_of(job["start"]))


def _drop(with_: Collaborators, customer: Customer, job: Job, left: Callable[[], float]) -> None:
    drops.take(with_, customer, job["kind"], job["key"])


SHARED: dict[str, Callable[[Collaborators, Job, Callable[[], float]], None]] = {
    "plan": lambda with_, job, left: _plan(with_, job),
    "costs": lambda with_, job, left: costs.read_costs_if_due(with_, instant_of(job["end"])),
    "costs_of": costs.take_over,
    **dict.fromkeys(payer.JOBS, lambda with_, job, left: payer.run(with_, job)),
}
OF_CUSTOMER: dict[str, Callable[[Collaborators, Customer, Job, Callable[[], float]], None]] = {
    "customer": _customer,
    "daily": _daily,
    "findings": _findings,
    "usage": _usage,
    "backfill": _backfill,
    "drop": _drop,
    "pro_forma": _pro_forma,
    "moved": _moved,
}


def backfill(with_: Collaborators, customer: Customer, window: Window, now: datetime) -> None:
    """Re-aggregates a past window at once: costs first (they tell the regions), then usage in windows of seven days."""
    window = window.clipped(hour_floor(now))
    costs.read_costs(with_, whole_days(window), [customer], now)
    _whole([read_usage(with_, customer, piece, now) for piece in window.pieces(LONGEST)])


def _whole(states: Iterable[SourceState]) -> None:
    """Raises the first failure of windows that nobody comes back for, once all of them have been read."""
    for state in states:
        for scope, reason in state.failures if state.state != NO_DATA else ():
            raise SourceUnavailable(state.source, reason, scope)


def _window(job: Job) -> Window:
    return Window(instant_of(job["start"]), instant_of(job["end"]))


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
