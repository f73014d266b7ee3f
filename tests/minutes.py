"""When a clock on the wall shows what a cadence names, found by walking through all minutes: knows the zone database, nothing of ours."""

import calendar
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.domain.cadence import Cadence

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def walked(zone: str, start: datetime, end: datetime, *cadences: Cadence) -> list[list[datetime]]:
    """Per cadence, of the minutes in [start, end) those whose wall clock shows one of its times for the first time, or has just skipped
    one. Start lies on an hour of UTC, and a day behind any change of clocks."""
    found: list[list[datetime]] = [[] for _ in cadences]
    place = ZoneInfo(zone)
    latest = (start - MINUTE).astimezone(place).replace(tzinfo=None)
    for at in _steps(start, end):
        wall = at.astimezone(place).replace(tzinfo=None)
        if wall == latest + MINUTE and (at + HOUR).astimezone(place).replace(tzinfo=None) == wall + HOUR:
            for runs, cadence in zip(found, cadences, strict=True):  # an hour like any other
                runs += [at + (minute - wall.minute) % 60 * MINUTE for minute in _in_the_hour(cadence, wall)]
            latest = wall + 59 * MINUTE
            continue
        for passed in range(60):  # one in which the clock is set, looked at minute by minute
            instant = at + passed * MINUTE
            wall = instant.astimezone(place).replace(tzinfo=None)
            shown = [latest + MINUTE * step for step in range(1, (wall - latest) // MINUTE + 1)]  # none while it was set back
            for runs, cadence in zip(found, cadences, strict=True):
                if any(_shows(cadence, one) for one in shown):
                    runs.append(instant)
            latest = max(latest, wall)
    return found


def _steps(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        at += HOUR


def _in_the_hour(cadence: Cadence, wall: datetime) -> list[int]:
    """The minutes of its times among the sixty from that one on, in their order."""
    if cadence.kind not in ("hourly", "cron") and (cadence.at.hour - wall.hour) % 24 > 1:
        return []
    ahead = [wall + (minute - wall.minute) % 60 * MINUTE for minute in _minutes(cadence)]
    return [one.minute for one in sorted(ahead) if _shows(cadence, one)]


def _minutes(cadence: Cadence) -> tuple[int, ...]:
    return {"hourly": (cadence.minute,), "cron": (0, 15, 30, 45)}.get(cadence.kind, (cadence.at.minute,))


def _shows(cadence: Cadence, wall: datetime) -> bool:
    """Whether a wall-clock time is one of the cadence's, field by field; of cron only `*/15 0-3 * * *`."""
    if wall.minute not in _minutes(cadence):
        return False
    if cadence.kind in ("hourly", "cron"):
        return cadence.kind == "hourly" or wall.hour < 4
    if wall.hour != cadence.at.hour:
        return False
    if cadence.kind in ("daily", "weekly"):
        return cadence.kind == "daily" or wall.weekday() in cadence.weekdays
    last = calendar.monthrange(wall.year, wall.month)[1]
    return wall.day == min(cadence.day, last) and (cadence.kind == "monthly" or wall.month in (1, 4, 7, 10))
