"""When a schedule runs: the local times of its cadence, the instants that they are, and the windows that those name.

The time rule. A cadence is local wall-clock times in one zone. A local time that doesn't exist runs at the first valid instant after it;
one that happens twice runs once, the first time. Several that fall on the same instant are one run. The next run follows from the one
before, never from when that was done. The local date of a run names its report's window, in whole UTC days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import DAY, Window, midnight, minus_months, month_start, next_month, parse_period

HOURLY, DAILY, WEEKLY, MONTHLY, QUARTERLY, CRON = KINDS = ("hourly", "daily", "weekly", "monthly", "quarterly", "cron")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAST_INTERVAL = timedelta(minutes=15)
LOOKED_AT = 1000
"""So many runs of a cron expression are looked at for two that are too near."""
YESTERDAY, LAST_WEEK, LAST_MONTH, LAST_QUARTER = ("yesterday", "lastweek", "lastmonth", "lastquarter")
USUAL_PERIOD = {WEEKLY: LAST_WEEK, MONTHLY: LAST_MONTH, QUARTERLY: LAST_QUARTER}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Cadence:
    """`minute` is of hourly, `at` of all but hourly and cron; `weekdays` (0 is Monday) of weekly; `day` of monthly and quarterly, the
    month's last one where it has fewer. `zone` is an IANA name."""

    kind: str
    zone: str
    minute: int = 0
    at: time = time(7)
    weekdays: tuple[int, ...] = (0,)
    day: int = 1
    cron: str = ""

    def expression(self) -> str:
        """As a cron expression; monthly and quarterly have none, as cron can't say the last day of every month."""
        if self.kind == CRON:
            return self.cron
        if self.kind == HOURLY:
            return f"{self.minute} * * * *"
        days = ",".join(str(day + 1) for day in sorted(self.weekdays)) if self.kind == WEEKLY else "*"
        return f"{self.at.minute} {self.at.hour} * * {days}"


def runs_after(cadence: Cadence, after: datetime) -> Iterator[datetime]:
    """Every run later than that instant, in UTC and strictly increasing; InvalidInput naming `timezone` for a zone that is gone."""
    zone, last = zone_of(cadence.zone), after
    for local in _local_times(cadence, after.astimezone(zone).replace(tzinfo=None)):
        instant = instant_of(local, zone)
        if instant > last:
            yield instant
            last = instant


def next_run(cadence: Cadence, after: datetime) -> datetime | None:
    """None where there is none: an expression that names no day of the next fifty years."""
    return next(runs_after(cadence, after), None)


def is_run(cadence: Cadence, instant: datetime) -> bool:
    return next_run(cadence, instant - _SECOND) == instant


def zone_of(name: str) -> ZoneInfo:
    try:
        if name.startswith(("right/", "posix/")) or name in ("localtime", "posixrules", "Factory"):
            raise ValueError(name)  # files beside the zones, not zones
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found; no such path; a folder's name
        raise InvalidInput(("timezone", f"{name!r:.80} is no IANA time zone")) from None


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which that wall clock shows this local time or, where it skips it, a later one."""
    instant = local.replace(tzinfo=zone).astimezone(UTC)  # of two the first; of a skipped one by the offset before
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = instant.astimezone(zone).utcoffset()
    while instant - before > _SECOND:  # the change lies between: halved until it is found
        middle = before + (instant - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            instant = middle
        else:
            before = middle
    return instant


def _local_times(cadence: Cadence, after: datetime) -> Iterator[datetime]:
    """Wall-clock times later than that one."""
    if cadence.kind not in (MONTHLY, QUARTERLY):
        yield from CronSim(cadence.expression(), after)
        return
    month = month_start(after.date())
    while month.year < date.max.year:
        if cadence.kind == MONTHLY or month.month % 3 == 1:
            day = min(month + (cadence.day - 1) * DAY, next_month(month) - DAY)
            if (local := datetime.combine(day, cadence.at)) > after:
                yield local
        month = next_month(month)


def check_cron(expression: str, now: datetime) -> None:
    """InvalidInput where it isn't five fields of cron, never comes, or comes within a quarter of an hour of itself."""
    if len(expression.split()) != 5 or len(expression) > 100 or not expression.isascii():
        raise InvalidInput(("cadence.cron", "must be five fields: minute, hour, day of month, month, day of week"))
    try:
        times = list(islice(CronSim(expression, now.replace(tzinfo=None)), LOOKED_AT))
    except CronSimError as error:
        raise InvalidInput(("cadence.cron", f"can't be read: {str(error).lower()}")) from None
    if not times:
        raise InvalidInput(("cadence.cron", "names no day of the next fifty years"))
    if any(later - earlier < LEAST_INTERVAL for earlier, later in pairwise(times)):
        raise InvalidInput(("cadence.cron", "must leave at least 15 minutes between two runs"))


def window_of(period: str, run: datetime, zone: str) -> Window:
    """The window that a run's local date names: whole days, weeks from Monday, months or quarters before it; any other period is as the
    API reads it on that date. InvalidInput naming `period`."""
    today = run.astimezone(zone_of(zone)).date()
    if period == LAST_WEEK:
        monday = today - today.weekday() * DAY
        return Window(midnight(monday - 7 * DAY), midnight(monday))
    if period == LAST_QUARTER:
        start = minus_months(month_start(today), (today.month - 1) % 3)
        return Window(midnight(minus_months(start, 3)), midnight(start))
    return parse_period(period, run if period[:-1].isdigit() and period.endswith("h") else midnight(today))


def is_past(period: str) -> bool:
    """Whether the period is over on the date that it is named by, so that its report can wait for all of it."""
    return period in (YESTERDAY, LAST_WEEK, LAST_MONTH, LAST_QUARTER)
