"""The days that a forecast rests on: what every month has once, and what spikes, told apart from what goes on.

What is said of a day rests on the days up to it (at first on fourteen), so that a backtest may ask for any origin of one history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.outlook import TREND_WEEKS, WEEK, Model, fitted, median
from chalicelib.domain.period import DAY, minus_months

FINER = 6
"""Further places that levels and shares are worked out to."""
LEAST_DAYS = 14
LOCAL_DAYS, LONGEST_RUN = 28, 3
"""What a day is held against, and how many days in a row may be out of it before they count as a new level."""
LEAST_ALIKE = 2
"""So many of its weekday must be known before a day of usage can be a spike."""
SPIKE_DAYS = 182
MODEL_DAYS = TREND_WEEKS * WEEK


@dataclass
class History:
    """Consecutive days from `first` to the last known one, in units of 10**exponent; None is unknown.

    `steady` is the total without the month's `lumps` (tax, credits, purchases) and still with the `spikes` of usage.
    """

    first: date
    exponent: int
    total: list[int | None]
    steady: list[int | None]
    lumps: list[int]
    spikes: list[int]
    _models: dict[int, Model] = field(default_factory=dict)

    @staticmethod
    def of(usage: Mapping[date, Decimal | None], other: Mapping[date, Decimal | None]) -> History:
        """A day that is None in either is unknown; one that is absent in one of them is 0 there."""
        unknown = {day for source in (usage, other) for day, amount in source.items() if amount is None}
        known = {*usage, *other} - unknown
        if not known:
            return History(date.min, 0, [], [], [], [])
        first = min(known)
        days = [first + timedelta(days=number) for number in range((max(known) - first).days + 1)]
        amounts = Amounts.of([source.get(day) or Decimal(0) for source in (usage, other) for day in days])
        units = [unit * 10**FINER for unit in amounts.units]
        total = [one + two if day in known else None for day, one, two in zip(days, units, units[len(days) :], strict=False)]
        lumps = outliers([two if day in known else None for day, two in zip(days, units[len(days) :], strict=True)], both_ways=True)
        steady = [None if amount is None else amount - lump for amount, lump in zip(total, lumps, strict=True)]
        return History(first, amounts.exponent - FINER, total, steady, lumps, outliers(steady, both_ways=False))

    def place(self, day: date) -> int:
        return (day - self.first).days

    def day(self, place: int) -> date:
        return self.first + timedelta(days=place)

    def known(self, first: int, after: int) -> int:
        """How many of these places' days are known."""
        return sum(amount is not None for amount in self.total[max(0, first) : max(0, after)])

    def model(self, origin: int) -> Model:
        """What the days up to and including place `origin` say."""
        if origin not in self._models:
            after, start, since = origin + 1, max(0, origin + 1 - MODEL_DAYS), max(0, origin + 1 - SPIKE_DAYS)
            weekday = self.day(start).weekday()
            self._models[origin] = fitted(self.steady[start:after], self.spikes[start:after], self.spikes[since:after], weekday)
        return self._models[origin]

    def once_a_month(self, origin: int, month: date) -> tuple[int, int]:
        """(the lumps that the month's days after the origin are expected to have, how far off that usually is).

        By the same stretch of the last three months, charges and credits apart: the last one's, unless that is much more than usual.
        """
        stretches = [lumps for back in (1, 2, 3) if (lumps := self._lumps(origin, month, back)) is not None]
        expected = sum(_again([sum(max(0, sign * lump) for lump in lumps) for lumps in stretches]) * sign for sign in (1, -1))
        if len(stretches) == 1:
            return expected, abs(expected) // 4
        return expected, median([abs(sum(lumps) - expected) for lumps in stretches])

    def _lumps(self, origin: int, month: date, back: int) -> Sequence[int] | None:
        """Of the stretch so many months back: of what is left of a month that has begun, else of the month up to the origin.

        None where it reaches beyond the first day; only of the last one what is known is taken.
        """
        today = self.day(origin)
        start = minus_months(today, back) + DAY
        end = minus_months(today, back - 1) + DAY if today < month else minus_months(month, back - 1)
        first, after = self.place(start), self.place(end)
        return self.lumps[max(0, first) : max(0, after)] if first >= 0 or back == 1 else None


def _again(sums: Sequence[int]) -> int:
    """Of sums that are not negative, the last one first: a purchase that was made once isn't expected again."""
    last, *earlier = sums
    usual = median(sums) if len(earlier) > 1 else min(sums)
    return last if 2 * last <= 3 * usual or not earlier else usual


def outliers(amounts: Sequence[int | None], both_ways: bool) -> list[int]:
    """Per day what it is beyond the days before it; 0 for the usual ones and for what stays for longer than a few days.

    Both ways for what isn't usage, else only upwards and beyond what its weekday usually costs.
    """
    found, run = [], 0
    for place in range(len(amounts)):
        excess = _excess(amounts, place, both_ways)
        run = run + 1 if excess else 0
        found.append(excess if run <= LONGEST_RUN else 0)
    return found


def _excess(amounts: Sequence[int | None], place: int, both_ways: bool) -> int:
    """Beyond the usual by more than half, and by far more than days differ among themselves; else 0."""
    before = amounts[max(0, place + 1 - LOCAL_DAYS) : max(place + 1, LEAST_DAYS)]
    near = [value for value in before if value is not None]
    amount, usual = amounts[place], median(near)
    if amount is None or amount == usual or (amount < usual and not both_ways):
        return 0
    if not both_ways:
        alike = [value for at in range(place - WEEK, max(-1, place - LOCAL_DAYS - 1), -WEEK) if (value := amounts[at]) is not None]
        if len(alike) < LEAST_ALIKE:
            return 0
        usual = max(usual, median(alike))
    spread = median([abs(value - usual) for value in near])
    excess = amount - usual
    out = abs(excess) > max(abs(usual) // 2, 6 * spread) and (excess > 0 or both_ways)
    return excess if out else 0
