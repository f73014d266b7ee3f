"""What is sent of a schedule, and the schedule that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, time
from typing import Any

from chalicelib.domain.cadence import (
    CRON,
    KINDS,
    LAST_MONTH,
    LAST_QUARTER,
    LAST_WEEK,
    MONTHLY,
    QUARTERLY,
    USUAL_PERIOD,
    WEEKDAYS,
    WEEKLY,
    YESTERDAY,
    Cadence,
    check_cron,
    next_run,
    window_of,
    zone_of,
)
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.recipient import DOMAIN, MOST, Recipients
from chalicelib.domain.schedule import ACTIVE, CATCH_UP, FINAL, ONCE, PAUSED, Schedule
from chalicelib.domain.template import COMPLIANCE, COSTS, Templates, areas_of
from chalicelib.usecases.reports.request import WINDOW, wanted_of

LONGEST_NAME, LONGEST_WAIT_DAYS = 100, 31
NO_WAIT = "none"
STATUSES = (ACTIVE, PAUSED)
OF_SCHEDULES = (YESTERDAY, LAST_WEEK, LAST_MONTH, LAST_QUARTER)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
Text = str | int | list[str]


@dataclass(frozen=True)
class CadenceBody:
    kind: str
    minute: int = 0
    at: str = "07:00"
    weekdays: list[str] = field(default_factory=lambda: ["mon"])
    day: int = 1
    cron: str = ""


@dataclass(frozen=True)
class ScheduleBody:
    """`report` is what POST /analytics/reports takes, but for the window; `period` None is the cadence's usual one."""

    name: str
    report: Mapping[str, Text]
    cadence: CadenceBody
    timezone: str = "UTC"
    period: str | None = None
    recipients: list[str] = field(default_factory=list)
    attach: bool = False
    digest: bool = False
    wait_for: str = NO_WAIT
    wait_days: int = 10
    catch_up: str = ONCE
    status: str = ACTIVE


@dataclass(frozen=True)
class SchedulePatch:
    """What is left out, or null, stays as it is; what is given replaces the whole of its member."""

    name: str | None = None
    report: Mapping[str, Text] | None = None
    cadence: CadenceBody | None = None
    timezone: str | None = None
    period: str | None = None
    recipients: list[str] | None = None
    attach: bool | None = None
    digest: bool | None = None
    wait_for: str | None = None
    wait_days: int | None = None
    catch_up: str | None = None
    status: str | None = None

    def on(self, body: ScheduleBody) -> ScheduleBody:
        given = {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}
        return replace(body, **given)


@dataclass(frozen=True)
class RunBody:
    """None is now."""

    occurrence: str | None = None


def body_of(schedule: Schedule) -> ScheduleBody:
    """The body that asks for that very schedule."""
    cadence = schedule.cadence
    weekdays = [WEEKDAYS[day] for day in cadence.weekdays]
    sent = CadenceBody(cadence.kind, cadence.minute, f"{cadence.at:%H:%M}", weekdays, cadence.day, cadence.cron)
    return ScheduleBody(
        schedule.name,
        {name: values[0] if len(values) == 1 else list(values) for name, values in schedule.report.items()},
        sent,
        cadence.zone,
        schedule.period or None,
        list(schedule.recipients),
        schedule.attach,
        schedule.digest,
        schedule.wait_for or NO_WAIT,
        schedule.wait_days,
        schedule.catch_up,
        PAUSED if schedule.status == PAUSED else ACTIVE,
    )


@dataclass(frozen=True)
class Asking:
    """Who asks for a schedule, and what it may name."""

    customer_id: str
    by: str
    now: datetime
    templates: Templates
    recipients: Recipients


def schedule_of(body: ScheduleBody, schedule_id: str, asking: Asking) -> Schedule:
    """The schedule that is asked for, its next run computed from now; InvalidInput names every member that is wrong."""
    problems = [*_problems(body), *_cadence_problems(body.cadence), *_recipient_problems(body.recipients, asking.recipients)]
    for check in (lambda: zone_of(body.timezone), lambda: _check_cron(body.cadence, asking.now)):
        try:
            check()
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(*dict.fromkeys(problems))
    cadence = _cadence(body)
    upcoming = next_run(cadence, asking.now)
    period = _checked_report(body, cadence, upcoming or asking.now, asking)
    return Schedule(
        schedule_id,
        body.name,
        _parameters(body.report),
        period,
        cadence,
        tuple(dict.fromkeys(body.recipients)),
        asking.now,
        asking.by,
        asking.now,
        body.attach,
        body.digest,
        FINAL if body.wait_for == FINAL else "",
        body.wait_days,
        body.catch_up,
        body.status,
        next_run=upcoming if body.status == ACTIVE else None,
    )


def _problems(body: ScheduleBody) -> Iterator[tuple[str, str]]:
    if not body.name.strip() or len(body.name) > LONGEST_NAME or not body.name.isprintable():
        yield "name", f"must hold 1 to {LONGEST_NAME} characters, all on one line"
    if body.wait_for not in (FINAL, NO_WAIT):
        yield "wait_for", f"must be {FINAL} or {NO_WAIT}"
    if not 1 <= body.wait_days <= LONGEST_WAIT_DAYS:
        yield "wait_days", f"must be a whole number from 1 to {LONGEST_WAIT_DAYS}"
    if body.catch_up not in CATCH_UP:
        yield "catch_up", "must be one of " + ", ".join(CATCH_UP)
    if body.status not in STATUSES:
        yield "status", "must be one of " + ", ".join(STATUSES)
    for name in (*WINDOW, "as_of"):
        if name in body.report:
            yield f"report.{name}", "is for the schedule's period and each run to say"


def _cadence_problems(cadence: CadenceBody) -> Iterator[tuple[str, str]]:
    if cadence.kind not in KINDS:
        yield "cadence.kind", "must be one of " + ", ".join(KINDS)
    if not 0 <= cadence.minute <= 59:
        yield "cadence.minute", "must be a whole number from 0 to 59"
    if not _TIME.fullmatch(cadence.at):
        yield "cadence.at", "must be a time like 07:30"
    if cadence.kind == WEEKLY and (not cadence.weekdays or not set(cadence.weekdays) <= set(WEEKDAYS)):
        yield "cadence.weekdays", "must be one or more of " + ", ".join(WEEKDAYS)
    if cadence.kind in (MONTHLY, QUARTERLY) and not 1 <= cadence.day <= 31:
        yield "cadence.day", "must be a whole number from 1 to 31"
    if cadence.cron and cadence.kind != CRON:
        yield "cadence.cron", "is of the kind cron alone"


def _check_cron(cadence: CadenceBody, now: datetime) -> None:
    if cadence.kind == CRON:
        check_cron(cadence.cron, now)


def _recipient_problems(wanted: Sequence[str], recipients: Recipients) -> Iterator[tuple[str, str]]:
    if len(wanted) > MOST:
        yield "recipients", f"must be at most {MOST}"
        return
    for number, recipient_id in enumerate(wanted):
        found = recipients.get(recipient_id)
        if found is None or found.channel == DOMAIN:
            yield f"recipients[{number}]", "is none of this customer's recipients"


def _cadence(body: ScheduleBody) -> Cadence:
    """Only what its kind takes: the rest stays as it usually is, so that it says nothing."""
    sent, kind = body.cadence, body.cadence.kind
    cadence = Cadence(kind, body.timezone, at=time.fromisoformat(sent.at), minute=sent.minute)
    if kind == WEEKLY:
        return replace(cadence, weekdays=tuple(sorted({WEEKDAYS.index(day) for day in sent.weekdays})))
    if kind in (MONTHLY, QUARTERLY):
        return replace(cadence, day=sent.day)
    return replace(cadence, cron=sent.cron) if kind == CRON else cadence


def usual_period(kind: str) -> str:
    return USUAL_PERIOD.get(kind, YESTERDAY)


def _parameters(report: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(value) if isinstance(value, list) else (str(value),) for name, value in sorted(report.items())}


def _checked_report(body: ScheduleBody, cadence: Cadence, run: datetime, asking: Asking) -> str:
    """The period, or '' for a report that takes none; the first run's report is what is tried."""
    parameters = _parameters(body.report)
    period = body.period or usual_period(cadence.kind)
    try:
        window = window_of(period, run, cadence.zone)
    except InvalidInput:
        raise InvalidInput(("period", f"must be one of {', '.join(OF_SCHEDULES)}, or like mtd, 7d or 3m")) from None
    start, end = (moment.isoformat()[: 10 if window.whole_days else 19] for moment in (window.start, window.end))
    suffix = "" if window.whole_days else "Z"
    asked = {**parameters, "start": (start + suffix,), "end": (end + suffix,)}
    try:
        wanted = wanted_of(asking.customer_id, asked, asking.templates, run)
    except InvalidInput as error:
        names = {"start": "period", "end": "period"}
        raise InvalidInput(*((names.get(name, f"report.{name}"), message) for name, message in error.problems)) from None
    areas = areas_of(wanted.template)
    if body.wait_for == FINAL and COSTS not in areas:
        raise InvalidInput(("wait_for", f"{FINAL} is of reports on costs"))
    return "" if areas == (COMPLIANCE,) else period
