"""A schedule that can't go on is parked, and its owner told; no other one is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.domain.delivery import Note
from chalicelib.domain.errors import NotFound
from chalicelib.domain.message import PARKED as PARKED_NOTE
from chalicelib.domain.recipient import Recipient
from chalicelib.domain.schedule import PARKED, Schedule
from chalicelib.domain.signals import SCHEDULES_PARKED
from chalicelib.usecases.schedules.scheduling import Scheduling
from chalicelib.usecases.schedules.telling import deliveries_of

SCHEDULE = "schedule"


def park(with_: Scheduling, customer_id: str, known: Schedule, reason: str) -> None:
    """Once: one that is parked already, was changed since it was known so, or is gone, stays as it is."""

    def parked(held: Schedule | None) -> Schedule:
        if held is None:
            raise NotFound("there is no such schedule")
        if held.status == PARKED or held.updated_at != known.updated_at:
            return held
        return replace(held, status=PARKED, reason=reason, next_run=None, tries=0)

    before = with_.schedules.get(customer_id, Schedule, known.id)
    try:
        schedule = with_.schedules.change(customer_id, Schedule, known.id, parked)
    except NotFound:
        return
    if schedule.status == PARKED:
        if before is not None and before.status != PARKED:
            with_.emit(SCHEDULES_PARKED, 1)
        text = f"The schedule {schedule.name!r} doesn't run any more: {schedule.reason}. Mend it, then set it to active again."
        note = Note(PARKED_NOTE, f"A schedule is parked: {schedule.name}", text, (("Schedule", schedule.name), ("Reason", schedule.reason)))
        event_id = f"parked-{schedule.id}-{schedule.revision}"
        with_.add_deliveries(customer_id, deliveries_of(note, event_id, owners(with_, customer_id, schedule), with_.clock()))


def owners(with_: Scheduling, customer_id: str, schedule: Schedule) -> Iterable[Recipient]:
    """Whoever gets its reports, or asked to be told of schedules."""
    recipients = with_.recipients(customer_id)
    own = [one for one in recipients.all if one.id in schedule.recipients and recipients.verified(one)]
    return {one.id: one for one in (*own, *recipients.told_of(SCHEDULE))}.values()
