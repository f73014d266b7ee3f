"""What an origin's days say of those after it: level, damped trend, weekdays, spikes.

Amounts are ints, whole units of one power of ten, and so exact; shares are parts of a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isqrt

MILLION = 10**6
WEEK = 7
SEASON_WEEKS, TREND_WEEKS, LEVEL_WEEKS = 12, 16, 4
LEAST_STEP = 120_000
"""A level that moves at once moves by more than this share."""
STEPS = (4, 5, 7, 10, 14, 21, 28, 42, 56, 70, 84)
"""How many days ago a new level may have begun."""
STEP_DAYS, LEAST_BEFORE = 28, 10
"""The days before it that a new level is held against, and how few of them may be known."""
DAMPING = 990_000
"""What is left of a trend from one day to the next."""
LEAST_AGREEMENT = 400_000
"""Kendall's tau of weeks without a trend is mostly below this."""
SPIKE_PRIOR = 60
"""Spikes are expected as if so many days without any had come before."""


@dataclass(frozen=True)
class Model:
    """What the days up to an origin say of those after it."""

    level: int
    slope: int
    factors: tuple[int, ...]
    spike: int
    """What a day is expected to bear of spikes."""
    noise: int
    """The usual distance of a day from its level, spikes apart."""
    jumps: int
    """How much spikes make a day differ: the root of their mean square."""
    days: int
    """How many of the last days are of that level."""
    unsure: int
    """What the level may move by a day where that is too short to see a trend: as it did between its two halves."""

    def expected(self, weekday: int, ahead: Sequence[int]) -> int:
        """The sum of consecutive days from that weekday on; `ahead` are their damped distances from the origin, in millionths of days."""
        total = 0
        for number, distance in enumerate(ahead):
            level = self.level + self.slope * distance // MILLION
            if self.level >= 0:
                level = max(level, 0)
            total += level * self.factors[(weekday + number) % WEEK] // MILLION + self.spike
        return total


def fitted(steady: Sequence[int | None], spikes: Sequence[int], all_spikes: Sequence[int], weekday: int) -> Model:
    """Of the last days up to the origin, the first of which is that weekday; `all_spikes` may reach further back."""
    calm = [None if amount is None else amount - spike for amount, spike in zip(steady, spikes, strict=True)]
    factors = _factors(calm, weekday)
    even = [_even(amount, factors[(weekday + number) % WEEK]) for number, amount in enumerate(calm)]
    even = even[-_since_step(even) :]
    drawn, slope = _line(even)
    never_negative = all(amount is None or amount >= 0 for amount in even)
    level = max(drawn, 0) if never_negative else drawn
    noise = median([abs(amount - level) for amount in even[-STEP_DAYS:] if amount is not None])
    counted, lately = all_spikes if drawn else (), len(all_spikes) + SPIKE_PRIOR
    jumps = isqrt(sum(spike * spike for spike in counted) // lately)
    return Model(level, slope, factors, sum(counted) // lately, noise, jumps, len(even), _unsure(even))


def damped(count: int) -> list[int]:
    """Per day after the origin, from the first on, how far a trend has gone by then, in millionths of days."""
    steps = accumulate(range(count), lambda left, _: left * DAMPING // MILLION, initial=MILLION)
    return list(accumulate(steps))[:count]


def median(values: Sequence[int]) -> int:
    """The middle one, between two the lower mean; 0 of none."""
    if not values:
        return 0
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) // 2


def _factors(calm: Sequence[int | None], weekday: int) -> tuple[int, ...]:
    """Per weekday its share of its week's median; under four weeks Monday to Friday are one, and so are Saturday and Sunday."""
    shares: list[list[int]] = [[] for _ in range(WEEK)]
    for end in range(len(calm), max(0, len(calm) - SEASON_WEEKS * WEEK), -WEEK):
        week = calm[max(0, end - WEEK) : end]
        known = [amount for amount in week if amount is not None]
        middle = median(known)
        if len(known) >= 5 and middle > 0:
            for number, amount in enumerate(week, start=max(0, end - WEEK)):
                if amount is not None:
                    shares[(weekday + number) % WEEK].append(amount * MILLION // middle)
    if min(map(len, shares)) < 4:
        work, rest = ([share for each in part for share in each] for part in (shares[:5], shares[5:]))
        shares = [work] * 5 + [rest] * 2
    return tuple(max(0, median(each)) if each else MILLION for each in shares)


def _even(amount: int | None, factor: int) -> int | None:
    """The day as a usual one; unknown where its weekday costs next to nothing."""
    return None if amount is None or factor * 20 < MILLION else amount * MILLION // factor


def _since_step(even: Sequence[int | None]) -> int:
    """How many of the last days are of today's level: all of them where it never moved at once."""
    most, old, new, since = 0, 0, 0, len(even)
    for length in STEPS:
        middle = len(even) - length - STEP_DAYS // 2
        earlier, later, after = (
            [amount for amount in part if amount is not None]
            for part in (even[max(0, middle - STEP_DAYS // 2) : max(0, middle)], even[max(0, middle) : -length], even[-length:])
        )
        if len(after) >= STEPS[0] and len(earlier) + len(later) >= LEAST_BEFORE and _moved(earlier, later, after) > most:
            old, new, since = median(earlier + later), median(after), length
            most = abs(new - old)
    while since > STEPS[0] and most and ((amount := even[-since]) is None or abs(amount - old) < abs(amount - new)):
        since -= 1
    return since


def _moved(earlier: list[int], later: list[int], after: list[int]) -> int:
    """How far the level moved; 0 where that is little, within what days differ by, or but a trend that was there before."""
    usual, now = median(earlier + later), median(after)
    moved = abs(now - usual)
    if moved * MILLION <= LEAST_STEP * max(abs(usual), abs(now)):
        return 0
    spread = median([abs(amount - usual) for amount in earlier + later]) + median([abs(amount - now) for amount in after])
    drift = abs(median(later) - median(earlier)) if earlier else 0
    return moved if moved > max(3 * spread, 4 * drift) else 0


def _unsure(even: Sequence[int | None]) -> int:
    if len(even) >= LEVEL_WEEKS * WEEK:
        return 0
    half = len(even) // 2
    before, after = (median([amount for amount in part if amount is not None]) for part in (even[:half], even[half:]))
    return abs(after - before) // max(1, half)


def _line(even: Sequence[int | None]) -> tuple[int, int]:
    """(level at the end, trend a day): Theil and Sen's line through the weeks, believed as far as the weeks agree on it."""
    weeks = []
    for number, end in enumerate(range(len(even), 0, -WEEK)):
        known = sorted(amount for amount in even[max(0, end - WEEK) : end] if amount is not None)
        if len(known) >= 4:
            kept = known[1:-1] if len(known) > 4 else known
            weeks.append((number, sum(kept) // len(kept)))
    if len(weeks) < LEVEL_WEEKS:
        return median([amount for amount in even if amount is not None]), 0
    steps = [(near - far) // (distance - number) for place, (number, near) in enumerate(weeks) for distance, far in weeks[place + 1 :]]
    agreement = abs(sum((step > 0) - (step < 0) for step in steps)) * MILLION // len(steps)
    believed = max(0, agreement - LEAST_AGREEMENT) * MILLION // (MILLION - LEAST_AGREEMENT)
    slope = median(steps) * believed // MILLION
    recent = weeks[:LEVEL_WEEKS]
    level = sum(amount + slope * number for number, amount in recent) // len(recent) + slope // 2
    return level, slope // WEEK
