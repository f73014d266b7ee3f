"""A run of a schedule, step by step: wait, ask for the report, hand it to its recipients. Every step may come again and change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.delivery import Delivery, Note
from chalicelib.domain.errors import AnalyticsError, Busy, Conflict, StoreUnavailable, TooManyRunning
from chalicelib.domain.message import FAILED_REPORT
from chalicelib.domain.period import Window, iso
from chalicelib.domain.recipient import DOMAIN, EMAIL, Recipient
from chalicelib.domain.reporting import FAILED as REPORT_FAILED
from chalicelib.domain.reporting import ReportRecord
from chalicelib.domain.schedule import DELIVERING, FAILED, FINAL, RENDERING, TRIES, Run, Schedule
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.reports import report
from chalicelib.usecases.reports.reporting import fetch
from chalicelib.usecases.reports.request import WINDOW
from chalicelib.usecases.schedules import digests
from chalicelib.usecases.schedules.digests import TRIED_AGAIN, delivery_of, report_id_of
from chalicelib.usecases.schedules.parking import owners, park
from chalicelib.usecases.schedules.scheduling import DELIVERY, RUN, Scheduling
from chalicelib.usecases.schedules.telling import deliveries_of, failed_event

LOOKED_AT_AGAIN = timedelta(minutes=15)
FINAL_LOOKED_AT = timedelta(hours=6)
NO_ROOM = timedelta(minutes=1)


def advance(with_: Scheduling, customer_id: str, key: str) -> None:
    """Does what can be done of a run now; what it still has to wait for brings it back."""
    run, now = with_.schedules.get(customer_id, Run, key), with_.clock()
    if run is None or run.finished or now < run.not_before or (run.room_at is not None and now < run.room_at):
        return
    try:
        _step(with_, customer_id, run, now)
    except (StoreUnavailable, Busy):
        raise
    except TooManyRunning:  # whoever comes before the minute is over does nothing, so that there is one who comes again
        if with_.schedules.swap(customer_id, run, replace(run, room_at=now + NO_ROOM)):
            with_.hurry(RUN, customer_id, [key], NO_ROOM.seconds)
    except AnalyticsError as error:
        _stumbled(with_, customer_id, run, error.code, str(error))
    except Exception:
        _stumbled(with_, customer_id, run, AnalyticsError.code, "something went wrong on our side")
        raise


def _step(with_: Scheduling, customer_id: str, run: Run, now: datetime) -> None:
    customer = with_.reporting.customers.get(customer_id)
    if customer is None or customer.disabled:
        raise Conflict("the customer is disabled")
    report_id = report_id_of(customer_id, run)
    record = with_.reporting.records.get(customer_id, report_id)
    if record is None and run.status == RENDERING:
        _fail(with_, customer_id, run, "report_deleted", "the report was deleted before it was delivered")
    elif record is None and with_.schedules.get(customer_id, Schedule, run.schedule.id) is None:
        with_.schedules.swap(customer_id, run, _ended(run, now, "schedule_deleted", "the schedule was deleted"))
    elif record is None and _waits(with_.reporting.metrics, customer_id, run, now):
        with_.schedules.swap(customer_id, run, replace(run, due_at=min(now + FINAL_LOOKED_AT, run.deadline or now)))
    elif record is None:
        report.request(with_.reporting, customer_id, _body(run), report_id, None, run.key)
        with_.schedules.swap(customer_id, run, replace(run, status=RENDERING, report_id=report_id, due_at=now + LOOKED_AT_AGAIN))
    else:
        _look(with_, customer_id, run, fetch(with_.reporting, customer_id, report_id), now)


def _waits(metrics: MetricStore, customer_id: str, run: Run, now: datetime) -> bool:
    if run.schedule.wait_for != FINAL or run.window is None or run.deadline is None or now >= run.deadline:
        return False
    return not is_final(metrics, customer_id, run.window)


def is_final(metrics: MetricStore, customer_id: str, window: Window) -> bool:
    """Whether the costs of every day are known and none is estimated."""
    days = list(window.days())
    known = metrics.costs.read(customer_id, days[0], days[-1])
    return len(known) == len(days) and not any(day.estimated for day in known)


def _body(run: Run) -> dict[str, list[str]]:
    body = {name: list(values) for name, values in run.schedule.report.items() if name not in WINDOW}
    if run.window is not None:
        start, end = (moment.date().isoformat() if run.window.whole_days else iso(moment) for moment in (run.window.start, run.window.end))
        body |= {"start": [start], "end": [end]}
    return body


def _look(with_: Scheduling, customer_id: str, run: Run, record: ReportRecord, now: datetime) -> None:
    if not record.finished:
        report.hurry(with_.reporting, customer_id, record)
        with_.schedules.swap(customer_id, run, replace(run, status=RENDERING, report_id=record.id, due_at=now + LOOKED_AT_AGAIN))
    elif record.status == REPORT_FAILED:
        _fail(with_, customer_id, replace(run, report_id=record.id), record.reason, record.detail)
    else:
        _hand_over(with_, customer_id, run, record, now)


def _hand_over(with_: Scheduling, customer_id: str, run: Run, record: ReportRecord, now: datetime) -> None:
    """A delivery for each recipient; mail may wait for its hour's digest."""
    schedule = with_.schedules.get(customer_id, Schedule, run.schedule.id)
    if schedule is None:
        with_.schedules.swap(customer_id, run, _ended(run, now, "schedule_deleted", "the schedule was deleted"))
        return
    chosen = set(run.schedule.recipients) & set(schedule.recipients)
    wanted = [one for one in with_.recipients(customer_id).all if one.id in chosen and one.channel != DOMAIN]
    digest = digests.join(with_, customer_id, run, now) if any(one.channel == EMAIL for one in wanted) else ""
    own = [one for one in wanted if not (digest and one.channel == EMAIL)]
    keys = with_.add_deliveries(customer_id, (delivery_of(run.key, one, (record.id,), run.schedule.attach, now) for one in own))
    done = replace(run, status=DELIVERING, report_id=record.id, digest=digest, due_at=None, finished_at=now)
    if with_.schedules.swap(customer_id, run, done):
        with_.hurry(DELIVERY, customer_id, keys)


def _stumbled(with_: Scheduling, customer_id: str, run: Run, reason: str, detail: str) -> None:
    """Tried again a little later; after the last try the run has failed, and its schedule is parked."""
    tries = run.tries + 1
    if tries < TRIES:
        with_.schedules.swap(customer_id, run, replace(run, tries=tries, due_at=with_.clock() + TRIED_AGAIN))
        return
    park(with_, customer_id, run.schedule, detail)  # first, as it may be done twice
    with_.schedules.swap(customer_id, run, _ended(replace(run, tries=tries), with_.clock(), reason, detail))


def _ended(run: Run, now: datetime, reason: str, detail: str) -> Run:
    return replace(run, status=FAILED, reason=reason, detail=detail, due_at=None, finished_at=now)


def _fail(with_: Scheduling, customer_id: str, run: Run, reason: str, detail: str) -> None:
    """Its report failed; whoever waits for it is told."""
    now = with_.clock()
    told = failed_deliveries(with_, customer_id, run.schedule.name, run.report_id, detail, list(owners(with_, customer_id, run.schedule)))
    keys = with_.add_deliveries(customer_id, told)
    if with_.schedules.swap(customer_id, run, _ended(run, now, reason, detail)):
        with_.hurry(DELIVERY, customer_id, keys)


def failed_deliveries(
    with_: Scheduling, customer_id: str, name: str, report_id: str, detail: str, recipients: list[Recipient]
) -> list[Delivery]:
    facts = (("Report", name), ("Reason", detail), ("Id", report_id))
    note = Note(FAILED_REPORT, f"A report failed: {name}", f"The report {name!r} couldn't be made: {detail}.", facts)
    return deliveries_of(note, failed_event(report_id), recipients, with_.clock())


def tell_failed(with_: Scheduling, customer_id: str, report_id: str) -> None:
    """Of a report that somebody asked for and that failed, whoever asked to be told."""
    record = with_.reporting.records.get(customer_id, report_id)
    told_of = with_.recipients(customer_id).told_of("schedule")
    if record is None or record.status != REPORT_FAILED or not told_of:
        return
    deliveries = failed_deliveries(with_, customer_id, record.filename, report_id, record.detail, told_of)
    with_.hurry(DELIVERY, customer_id, with_.add_deliveries(customer_id, deliveries))
