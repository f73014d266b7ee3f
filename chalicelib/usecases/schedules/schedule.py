"""Schedules: made, changed, shown, run by hand. reporter.py takes them up by themselves."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.cadence import is_run, runs_after, zone_of
from chalicelib.domain.delivery import DELIVERED, PENDING, SENDING, TAKEN, Delivery
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.period import Window, parse_instant
from chalicelib.domain.schedule import ACTIVE, DELIVERING, FAILED, NOW, PARKED, PAUSED, REPLAY, Digest, Run, Schedule
from chalicelib.domain.template import Templates
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.schedules.reporter import run_of
from chalicelib.usecases.schedules.request import Asking, ScheduleBody, SchedulePatch, body_of, schedule_of, usual_period
from chalicelib.usecases.schedules.scheduling import RUN, Scheduling
from chalicelib.usecases.schedules.telling import failed_event, owner_of

MOST_SCHEDULES = 200
PREVIEWED = 10
OLDEST_REPLAYED = timedelta(days=400)


def asking(with_: Scheduling, customer_id: str, by: str) -> Asking:
    templates = choice_of(with_.reporting.metrics, customer_id, Templates)
    return Asking(customer_id, by, with_.clock(), templates, with_.recipients(customer_id))


def create(with_: Scheduling, customer_id: str, body: ScheduleBody, schedule_id: str, by: str) -> Schedule:
    schedule = schedule_of(body, schedule_id, asking(with_, customer_id, by))
    if len(with_.schedules.schedules(customer_id)) >= MOST_SCHEDULES:
        raise Conflict(f"there are {MOST_SCHEDULES} schedules: delete one first")
    with_.schedules.add(customer_id, schedule)
    return schedule


def fetch_schedule(with_: Scheduling, customer_id: str, schedule_id: str) -> Schedule:
    schedule = with_.schedules.get(customer_id, Schedule, schedule_id)
    if schedule is None:
        raise NotFound("there is no such schedule")
    return schedule


def change(with_: Scheduling, customer_id: str, schedule_id: str, patch: SchedulePatch, by: str) -> Schedule:
    """The next run is computed anew where its cadence changes or it is set to active; else it stays what it was."""
    asked_by = asking(with_, customer_id, by)

    def patched(held: Schedule | None) -> Schedule:
        if held is None:
            raise NotFound("there is no such schedule")
        if patch == SchedulePatch(status=PAUSED):  # also of one whose template is gone
            return replace(held, status=PAUSED, reason="", next_run=None, updated_at=asked_by.now)
        body = patch.on(body_of(held))
        if patch.period is None and held.period == usual_period(held.cadence.kind):  # it goes with its cadence
            body = replace(body, period=None)
        new = schedule_of(body, schedule_id, asked_by)
        if held.status == PARKED and patch.status != ACTIVE:
            new = replace(new, status=PARKED, reason=held.reason, next_run=None)
        if held.status == new.status == ACTIVE and held.cadence == new.cadence:
            new = replace(new, next_run=held.next_run, tries=held.tries)
        new = replace(new, created_at=held.created_at, created_by=held.created_by, revision=held.revision)
        return replace(new, skipped=held.skipped, skipped_at=held.skipped_at)

    return with_.schedules.change(customer_id, Schedule, schedule_id, patched)


def delete(with_: Scheduling, customer_id: str, schedule_id: str) -> None:
    """Nothing is run any more; what was asked for already isn't delivered, unless it has begun to be."""
    fetch_schedule(with_, customer_id, schedule_id)
    with_.schedules.delete(customer_id, schedule_id)


def run_by_hand(with_: Scheduling, customer_id: str, schedule_id: str, occurrence: str | None, number: str) -> Run:
    """Now, or a past occurrence once more; `number` names this run among all of that occurrence, so that a repeated request is one run."""
    schedule, now = fetch_schedule(with_, customer_id, schedule_id), with_.clock()
    at, trigger = now.replace(microsecond=0), NOW
    if occurrence is not None:
        at, trigger = parse_instant(occurrence, "occurrence"), REPLAY
        if not now - OLDEST_REPLAYED <= at <= now or not is_run(schedule.cadence, at):
            raise InvalidInput(("occurrence", "must be a run of the schedule in the last 400 days"))
    known = with_.schedules.run_numbered(customer_id, schedule_id, number)
    if known is not None:
        return known
    run = replace(run_of(schedule, at, trigger, now, number), deadline=None)
    with_.schedules.add(customer_id, run)
    with_.hurry(RUN, customer_id, [run.key])
    return run


def number_of(request: str) -> str:
    """Of a run by hand, from what names the request."""
    return hashlib.sha256(request.encode()).hexdigest()[:16]


def shown_window(window: Window | None) -> Answer | None:
    return None if window is None else {"start": text_of(window.start), "end": text_of(window.end)}


def preview(schedule: Schedule, now: datetime) -> Answer:
    """The next ten runs, each with the window that it names."""
    zone = zone_of(schedule.cadence.zone)
    runs = []
    for at in islice(runs_after(schedule.cadence, now), PREVIEWED):
        run = run_of(schedule, at, NOW, now)
        runs.append(
            {
                "at": text_of(at),
                "local": at.astimezone(zone).isoformat(),
                "window": shown_window(run.window),
                "not_before": text_of(run.not_before),
                "deadline": text_of(run.deadline),
            }
        )
    return {"id": schedule.id, "timezone": schedule.cadence.zone, "period": schedule.period or None, "runs": runs}


def shown(schedule: Schedule) -> Answer:
    body = asdict(body_of(schedule))
    return {
        "id": schedule.id,
        **body,
        "period": schedule.period or None,
        "status": schedule.status,
        "reason": schedule.reason or None,
        "next_run_at": text_of(schedule.next_run),
        "skipped": schedule.skipped,
        "skipped_at": text_of(schedule.skipped_at),
        "created_at": text_of(schedule.created_at),
        "created_by": schedule.created_by,
        "updated_at": text_of(schedule.updated_at),
    }


def runs_answer(with_: Scheduling, customer_id: str, schedule_id: str, limit: int, before: str | None) -> tuple[list[Answer], str | None]:
    """A page of runs, the latest first, each with its deliveries and their receipts."""
    runs, position = with_.schedules.runs(customer_id, schedule_id, limit, before)
    if not runs:
        fetch_schedule(with_, customer_id, schedule_id)
    return [shown_run(run, *_deliveries(with_, customer_id, run)) for run in runs], position


def _deliveries(with_: Scheduling, customer_id: str, run: Run) -> tuple[list[Delivery], bool]:
    """With those of its digest, and whether that is still to come; of a report that failed those that tell of it."""
    if run.status == FAILED:
        return with_.schedules.deliveries(customer_id, owner_of(failed_event(run.report_id))), False
    own = with_.schedules.deliveries(customer_id, run.key)
    if not run.digest:
        return own, False
    digest = with_.schedules.get(customer_id, Digest, run.digest.partition("#")[2])
    shared = with_.schedules.deliveries(customer_id, run.digest)
    return own + [one for one in shared if run.report_id in one.reports], digest is not None and digest.due_at is not None


def shown_run(run: Run, deliveries: list[Delivery], digest_comes: bool = False) -> Answer:
    return {
        "id": run.key.partition("#")[2],
        "occurrence": text_of(run.occurrence),
        "local": _local(run),
        "trigger": run.trigger,
        "status": _state(run, deliveries, digest_comes),
        "window": shown_window(run.window),
        "not_before": text_of(run.not_before),
        "deadline": text_of(run.deadline),
        "taken_at": text_of(run.taken_at),
        "finished_at": text_of(run.finished_at),
        "tries": run.tries,
        "reason": run.reason or None,
        "detail": run.detail or None,
        "report_id": run.report_id or None,
        "digest": bool(run.digest),
        "deliveries": [shown_delivery(one) for one in deliveries],
    }


def _local(run: Run) -> str | None:
    """None where its zone is gone: what became of it is told all the same."""
    try:
        return run.occurrence.astimezone(zone_of(run.schedule.cadence.zone)).isoformat()
    except InvalidInput:
        return None


def _state(run: Run, deliveries: list[Delivery], digest_comes: bool) -> str:
    """Once it is handed over, what its deliveries have come to together; nobody to tell is delivered, nobody told isn't."""
    if run.status != DELIVERING:
        return run.status
    if digest_comes or any(one.status in (PENDING, SENDING) for one in deliveries):
        return DELIVERING
    reached = [one.status in (TAKEN, DELIVERED) for one in deliveries]
    if not any(reached):
        return "undelivered" if deliveries else "delivered"
    return "delivered" if all(reached) else "partly_delivered"


def shown_delivery(delivery: Delivery) -> Answer:
    return {
        "recipient_id": delivery.recipient_id,
        "channel": delivery.channel,
        "to": delivery.to,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": text_of(delivery.due_at) if delivery.status == PENDING else None,
        "receipts": [
            {"attempt": one.attempt, "at": text_of(one.at), "status": one.status, "reason": one.reason or None} for one in delivery.receipts
        ],
    }
