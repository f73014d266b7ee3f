"""Windows of time: half-open, UTC. A period is what a person types ("30d"); it becomes a window exactly once, at the edge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.domain.errors import InvalidInput

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = time(tzinfo=UTC)
DEFAULT_PERIOD = "30d"
LONGEST_MONTHS = 13
_PERIOD = re.compile(r"([1-9][0-9]{0,4})([hdwmy])", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z", re.ASCII)
_NAMED = ("today", "yesterday", "mtd", "lastmonth")
EXPECTED = "must be like 24h, 7d, 4w, 3m or 1y, or one of " + ", ".join(_NAMED)


@dataclass(frozen=True, order=True)
class Window:
    """[start, end), both aware and UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def whole_days(self) -> bool:
        return is_midnight(self.start) and is_midnight(self.end)

    @property
    def last_day(self) -> date:
        """The last UTC day that the window touches; pages name windows by it."""
        return (self.end - timedelta.resolution).date()

    def days(self) -> Iterator[date]:
        """Every UTC day that the window touches."""
        day = self.start.date()
        while midnight(day) < self.end:
            yield day
            day += DAY

    def hours(self) -> Iterator[datetime]:
        """The start of every hour that the window touches."""
        hour = hour_floor(self.start)
        while hour < self.end:
            yield hour
            hour += HOUR

    def before(self, length: timedelta) -> Window:
        """The window of that length that ends where this one starts."""
        return Window(self.start - length, self.start)

    def clipped(self, end: datetime) -> Window:
        """This window, ending no later than `end` (empty when that is before its start)."""
        return Window(self.start, max(self.start, min(self.end, end)))

    def pieces(self, length: timedelta) -> Iterator[Window]:
        """The window cut into consecutive ones of at most that length."""
        start = self.start
        while start < self.end:
            yield Window(start, min(start + length, self.end))
            start += length


def midnight(day: date) -> datetime:
    return datetime.combine(day, MIDNIGHT)


def is_midnight(instant: datetime) -> bool:
    return instant == midnight(instant.date())


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with Z, to the second."""
    return f"{instant.isoformat()[:19]}Z"


def hour_floor(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def month_start(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after the one that `day` is in."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def minus_months(day: date, months: int) -> date:
    """The same day of the month that many months earlier, clipped to that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    return min(first + timedelta(days=day.day - 1), next_month(first) - DAY)


def parse_period(text: str, now: datetime) -> Window:
    """The window a period names at `now`; InvalidInput naming `period` for anything else."""
    today = now.date()
    if text in _NAMED:
        return _named(text, today)
    match = _PERIOD.fullmatch(text)
    if not match:
        raise InvalidInput(("period", EXPECTED))
    count, unit = int(match[1]), match[2]
    end = midnight(today + DAY)
    if unit == "h":
        end = hour_floor(now)
        return _bounded(Window(end - count * HOUR, end), "period")
    if unit in "my":
        months = count * (12 if unit == "y" else 1)
        if months > LONGEST_MONTHS:
            raise InvalidInput(("period", f"must be at most {LONGEST_MONTHS} months"))
        return Window(midnight(minus_months(today, months) + DAY), end)
    days = count * (7 if unit == "w" else 1)
    return _bounded(Window(end - days * DAY, end), "period")


def _named(text: str, today: date) -> Window:
    first = month_start(today)
    return {
        "today": Window(midnight(today), midnight(today + DAY)),
        "yesterday": Window(midnight(today - DAY), midnight(today)),
        "mtd": Window(midnight(first), midnight(today + DAY)),
        "lastmonth": Window(midnight(month_start(first - DAY)), midnight(first)),
    }[text]


def parse_range(start: str, end: str) -> Window:
    """The window between two dates or Z instants; InvalidInput naming `start` or `end`."""
    window = Window(parse_instant(start, "start"), parse_instant(end, "end"))
    if window.start >= window.end:
        raise InvalidInput(("start", "must be before end"))
    return _bounded(window, "end")


def parse_instant(text: str, field: str) -> datetime:
    """A date or a Z instant; InvalidInput naming `field`."""
    try:
        if _DATE.fullmatch(text):
            instant = midnight(date.fromisoformat(text))
        elif _INSTANT.fullmatch(text):
            instant = datetime.fromisoformat(text)
        else:
            raise ValueError(text)
    except ValueError:
        raise InvalidInput((field, "must be a date (2026-01-31) or an instant (2026-01-31T12:00:00Z)")) from None
    if not 1970 <= instant.year <= 2999:
        raise InvalidInput((field, "must lie between 1970 and 2999"))
    return instant


def _bounded(window: Window, field: str) -> Window:
    longest = midnight(window.end.date()) - midnight(minus_months(window.end.date(), LONGEST_MONTHS))
    if window.length > longest:
        raise InvalidInput((field, f"the window must be at most {LONGEST_MONTHS} months long"))
    return window


def whole_days(window: Window) -> Window:
    """The window widened to the whole UTC days that it touches."""
    start = midnight(window.start.date())
    end = midnight(window.end.date())
    return Window(start, end if end == window.end else end + DAY)


def buckets(window: Window, granularity: str) -> Iterator[Window]:
    """The window's hours, days or calendar months, the first and last clipped to it."""
    start = window.start
    while start < window.end:
        if granularity == "hour":
            end = hour_floor(start) + HOUR
        elif granularity == "day":
            end = midnight(start.date()) + DAY
        else:
            end = midnight(next_month(start.date()))
        yield Window(start, min(end, window.end))
        start = end


def default_granularity(window: Window, finest: str) -> str:
    """hour up to 48 h (day where that is the finest), day up to 92 days, else month."""
    if window.length <= 48 * HOUR:
        return finest
    return "day" if window.length <= 92 * DAY else "month"
