"""One mail for several schedules that are due in the same hour."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.errors import Busy, Conflict
from chalicelib.domain.period import HOUR, hour_floor
from chalicelib.domain.recipient import EMAIL, Recipient
from chalicelib.domain.schedule import Digest, Run, stamp
from chalicelib.usecases.schedules.scheduling import DELIVERY, Scheduling

TRIED_AGAIN = timedelta(minutes=5)
CLOSES = timedelta(minutes=15)
"""After its hour: an occurrence near its end has to be rendered, too."""


def join(with_: Scheduling, customer_id: str, run: Run, now: datetime) -> str:
    """The digest's owner; '' where there is none, or it has closed without this run."""
    hour = hour_floor(max(run.occurrence, run.not_before))  # its window may be over only hours later
    if not run.schedule.digest:
        return ""

    def joined(held: Digest | None) -> Digest:
        digest = held or Digest(hour, hour + HOUR + CLOSES)
        if run.key in digest.runs:
            return digest
        if digest.closed or now >= hour + HOUR + CLOSES:
            raise Conflict("the digest has closed")
        return replace(digest, runs=(*digest.runs, run.key))

    try:
        return with_.schedules.change(customer_id, Digest, stamp(hour), joined).owner
    except Conflict:
        return ""


def close(with_: Scheduling, customer_id: str, key: str) -> None:
    """One mail for each recipient of the hour's runs."""
    digest, now = with_.schedules.get(customer_id, Digest, key), with_.clock()
    if digest is None or digest.due_at is None or now < digest.hour + HOUR + CLOSES:
        return
    closed = with_.schedules.swap(customer_id, digest, replace(digest, closed=True, due_at=now + TRIED_AGAIN))
    if closed is None:
        raise Busy("the digest was changed meanwhile")
    runs = [run for name in closed.runs if (run := with_.schedules.get(customer_id, Run, name))]
    current = {schedule.id: schedule.recipients for schedule in with_.schedules.schedules(customer_id)}
    deliveries = []
    for recipient in (one for one in with_.recipients(customer_id).all if one.channel == EMAIL):
        chosen = [run for run in runs if recipient.id in run.schedule.recipients and recipient.id in current.get(run.schedule.id, ())]
        if chosen:
            reports = tuple(report_id_of(customer_id, run) for run in chosen)
            deliveries.append(delivery_of(closed.owner, recipient, reports, any(run.schedule.attach for run in chosen), now))
    keys = with_.add_deliveries(customer_id, deliveries)
    if with_.schedules.swap(customer_id, closed, replace(closed, due_at=None)):
        with_.hurry(DELIVERY, customer_id, keys)


def report_id_of(customer_id: str, run: Run) -> str:
    """The same whoever asks for the run's report, so that there is one."""
    return hashlib.sha256(f"{customer_id}#{run.key}".encode()).hexdigest()[:32]


def delivery_of(owner: str, recipient: Recipient, reports: tuple[str, ...], attach: bool, now: datetime) -> Delivery:
    """Found by the index a little later, so that whoever is hurried along comes first."""
    due_at = now + TRIED_AGAIN
    return Delivery(owner, recipient.id, recipient.channel, recipient.shown_address, now, due_at, reports, attach)
