"""The hourly aggregation: a plan of jobs, and what each job does. Every write is absolute, so any job may run again, also beside itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import InvalidInput, SourceUnavailable
from chalicelib.domain.period import Window, hour_floor, iso, whole_days
from chalicelib.domain.state import NO_DATA, SourceState
from chalicelib.usecases import drops, payer
from chalicelib.usecases.collaborators import Collaborators
from chalicelib.usecases.costs import read_costs, read_costs_if_due
from chalicelib.usecases.findings import read_findings
from chalicelib.usecases.moved import forget_usage
from chalicelib.usecases.usage import LONGEST, hourly_window, read_usage

Job = Mapping[str, str]


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
    if kind in payer.JOBS:
        payer.run(with_, job)
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
        _whole([read_usage(with_, customer, window, with_.clock())])
    elif kind == "backfill":
        window = Window(instant_of(job["start"]), instant_of(job["end"]))
        read_costs(with_, whole_days(window), [customer], with_.clock())
        with_.queue.send(
            {"job": "usage", "customer_id": customer.id, "start": iso(piece.start), "end": iso(piece.end)}
            for piece in window.pieces(LONGEST)
        )
    elif kind == "drop":
        drops.take(with_, customer, job["kind"], job["key"])
    elif kind == "moved":
        forget_usage(with_, customer, job["account"], instant_of(job["start"]))
    else:
        raise InvalidInput(("job", "is none that this version knows"))


def backfill(with_: Collaborators, customer: Customer, window: Window, now: datetime) -> None:
    """Re-aggregates a past window at once: costs first (they tell the regions), then usage in windows of seven days."""
    window = window.clipped(hour_floor(now))
    read_costs(with_, whole_days(window), [customer], now)
    _whole([read_usage(with_, customer, piece, now) for piece in window.pieces(LONGEST)])


def _whole(states: Iterable[SourceState]) -> None:
    """Raises the first failure of windows that nobody comes back for, once all of them have been read."""
    for state in states:
        for scope, reason in state.failures if state.state != NO_DATA else ():
            raise SourceUnavailable(state.source, reason, scope)


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
