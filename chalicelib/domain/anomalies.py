"""Days on which a service costs clearly more or less than it does on that weekday, and which accounts and regions it comes from.

Only usage is looked at: fees, tax, credits and refunds come when they come. What is expected of a day is the median of the same weekday in
the eight weeks before it, of which three must be known; so an anomaly among them doesn't hide the next one. A level that moved is told on
its first days: once four of the seven days before were off in the same direction, the day is held against the same weekday a week before
and against the middle one of those three that usually cost most alike, too, and the nearest counts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.amounts import scaled
from chalicelib.domain.exact import EXACT, add, subtract
from chalicelib.domain.exact import percent as percent_of
from chalicelib.domain.names import NONE, OTHERS
from chalicelib.domain.outlays import Outlays, Series

DEFINITION = "weekday-median-mad-1"
WEEK, WEEKS, LEAST_WEEKS = 7, 8, 3
MOVED_DAYS, ALIKE_DAYS = 4, 3
SPREADS = 4
"""So many standard deviations must be exceeded, each 1.4826 MAD of the eight weeks' distances from their weekdays' medians."""
MAD = 14_826, 10_000
MOST_CAUSES = 5
Total = Sequence[int | None]
Days = tuple[int, int]
"""The places of two days (of one, twice) whose mean is expected: so every line's part of it is exact, too."""


@dataclass(frozen=True)
class Thresholds:
    """What must be exceeded besides the spread: an amount of the currency, and percent of what was expected."""

    floor: Decimal = Decimal(10)
    percent: Decimal = Decimal(25)


@dataclass(frozen=True)
class Cause:
    """What one account and region adds to an impact; all smaller ones together are `(others)`, and no region is `(none)`."""

    account: str
    region: str
    impact: Decimal


@dataclass(frozen=True)
class Anomaly:
    """A service's day; the causes, largest first, sum to the impact exactly."""

    day: date
    service: str
    expected: Decimal
    actual: Decimal
    causes: tuple[Cause, ...]

    @property
    def impact(self) -> Decimal:
        """What it cost more (or, negative, less) than expected."""
        return subtract(self.actual, self.expected)

    @property
    def percent(self) -> Decimal | None:
        """The impact in percent of what was expected; None where that is 0."""
        return percent_of(self.impact, self.expected)


@dataclass(frozen=True)
class Checked:
    """The anomalies, largest impact first, and on how many days every service could be held against its history."""

    anomalies: tuple[Anomaly, ...]
    days: int


def check(outlays: Outlays, days: Iterable[date], thresholds: Thresholds, incomplete: Container[date] = ()) -> Checked:
    """Of these days those that are known. Costs of `incomplete` ones are still coming in, so that a drop says nothing."""
    limits, found, checked = _Limits.of(thresholds, outlays.exponent), [], 0
    for day in days:
        place = (day - outlays.first).days
        if not 0 <= place < len(outlays.known) or not outlays.known[place]:
            continue
        judged = {service: _judge(series.total, place, limits) for service, series in outlays.services.items()}
        checked += None not in judged.values() and sum(outlays.known[at] for at in _alike(place, place)) >= LEAST_WEEKS
        for service, expected in judged.items():
            if expected and (_off(outlays.services[service].total, place, expected) > 0 or day not in incomplete):
                found.append(_anomaly(day, service, outlays, place, expected))
    found.sort(key=lambda anomaly: (-abs(anomaly.impact), anomaly.day, anomaly.service))
    return Checked(tuple(found), checked)


@dataclass(frozen=True)
class _Limits:
    """Thresholds in whole units, for differences and amounts that are counted twice."""

    floor: int
    percent: int
    hundred: int

    @staticmethod
    def of(thresholds: Thresholds, exponent: int) -> _Limits:
        digits = max(0, -int(thresholds.percent.as_tuple().exponent))
        floor = int(EXACT.scaleb(EXACT.multiply(thresholds.floor, Decimal(2)), -exponent))
        return _Limits(floor, int(EXACT.scaleb(thresholds.percent, digits)), 100 * 10**digits)

    def exceeded(self, total: Total, place: int, expected: Days) -> bool:
        off = abs(_off(total, place, expected))
        return off > self.floor and off * self.hundred > self.percent * abs(_twice(total, expected))


def _judge(total: Total, place: int, limits: _Limits) -> Days | tuple[()] | None:
    """What a day that is off was expected to be like; empty where it isn't off, None where nothing can be said."""
    expected = _usual(total, place, place)
    if total[place] is None or expected is None:
        return None
    if not limits.exceeded(total, place, expected):
        return ()
    nearest = min((expected, *_moved(total, place, expected, limits)), key=lambda days: abs(_off(total, place, days)))
    before = [at for at in range(max(0, place - WEEK * WEEKS), place) if total[at] is not None]
    spreads = sorted(abs(_off(total, at, usual)) for at in before if (usual := _usual(total, at, place)))
    clear = abs(_off(total, place, nearest)) * MAD[1] > SPREADS * MAD[0] * spreads[len(spreads) // 2]
    return nearest if clear and limits.exceeded(total, place, nearest) else ()


def _moved(total: Total, place: int, expected: Days, limits: _Limits) -> Iterator[Days]:
    """What else may be expected where most of the last seven days were off in the same direction."""
    more = _off(total, place, expected) > 0
    seven = [at for at in range(max(0, place - WEEK), place) if total[at] is not None]
    usual = {at: days for at in seven if (days := _usual(total, at, place))}
    off = [at for at, days in usual.items() if limits.exceeded(total, at, days) and (_off(total, at, days) > 0) is more]
    if len(off) >= MOVED_DAYS:
        nearest = sorted(off, key=lambda at: abs(_twice(total, usual[at]) - _twice(total, expected)))[:ALIKE_DAYS]
        middle = sorted(nearest, key=lambda at: total[at] or 0)[len(nearest) // 2]
        yield from ((at, at) for at in (place - WEEK, middle) if at in seven)


def _alike(place: int, before: int) -> range:
    """The same weekday's places in the eight weeks before `before`."""
    last = before - 1 - (before - 1 - place) % WEEK
    return range(last, max(-1, last - WEEK * WEEKS), -WEEK)


def _usual(total: Total, place: int, before: int) -> Days | None:
    """The middle one or two of the same weekday's known days in the eight weeks before `before`."""
    ordered = sorted((amount, at) for at in _alike(place, before) if (amount := total[at]) is not None)
    if len(ordered) < LEAST_WEEKS:
        return None
    return ordered[(len(ordered) - 1) // 2][1], ordered[len(ordered) // 2][1]


def _twice(total: Total, days: Days) -> int:
    return sum(total[at] or 0 for at in days)


def _off(total: Total, place: int, expected: Days) -> int:
    """Twice what the day cost more than expected."""
    return 2 * (total[place] or 0) - _twice(total, expected)


def _anomaly(day: date, service: str, outlays: Outlays, place: int, expected: Days) -> Anomaly:
    series, halves = outlays.services[service], outlays.exponent - 1
    return Anomaly(
        day,
        service,
        scaled(5 * _twice(series.total, expected), halves),
        scaled(series.total[place] or 0, outlays.exponent),
        tuple(_causes(series, place, expected, halves)),
    )


def _causes(series: Series, place: int, expected: Days, halves: int) -> Iterator[Cause]:
    """Each line against the very days that are expected."""
    parts = [
        Cause(account or NONE, region or NONE, scaled(5 * _off(line, place, expected), halves))
        for (account, region), line in series.lines.items()
    ]
    ranked = sorted((part for part in parts if part.impact), key=lambda part: (-abs(part.impact), part.account, part.region))
    kept = len(ranked) if len(ranked) <= MOST_CAUSES else MOST_CAUSES - 1
    yield from ranked[:kept]
    if ranked[kept:]:
        yield Cause(OTHERS, OTHERS, add(part.impact for part in ranked[kept:]))
