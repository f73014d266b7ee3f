"""Made-up customers whose costs behave in five ways, from fixed seeds. Floats are fine here: this is what nature does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

FAMILIES = ("flat", "growing", "weekly", "spiky", "vanishing")
FIRST, DAYS = date(2025, 9, 26), 426
"""Fourteen months, so that the last twelve whole ones can be told; the first of them from three weeks."""
Days = dict[date, Decimal | None]


@dataclass
class Habits:
    """Of a customer of no family: a level between 3 and 10,000 a day that wanders, weekends up to a fifth cheaper, no two days alike."""

    chance: Random

    def __post_init__(self) -> None:
        self.level, self.noise = 10 ** self.chance.uniform(0.5, 4), self.chance.uniform(0.02, 0.1)
        self.weekend, self.growth = self.chance.uniform(0.8, 1), self.chance.uniform(-0.05, 0.05)
        self.spikes, self.gone, self.left = 0.0, DAYS, 1.0
        self.tax, self.credit, self.fee = (self.chance.choice(rates) for rates in ((0, 0.05, 0.1, 0.2), (0, 0, 0, 0.05), (0, 0, 0.1)))


def customer(family: str, seed: int) -> tuple[Days, Days]:
    """(usage, everything else) by day: some have a fee every day, a tax of what a month costs on the 1st, a credit on the 3rd."""
    habits = Habits(Random(f"{family} {seed}"))
    chance = habits.chance
    if family == "growing":
        habits.growth = chance.uniform(0.25, 1.5)
    elif family == "weekly":
        habits.weekend = chance.uniform(0.2, 0.7)
    elif family == "spiky":
        habits.spikes = chance.uniform(0.01, 0.05)
    elif family == "vanishing":
        habits.gone, habits.left = chance.randrange(90, DAYS - 60), chance.choice((0.0, *(chance.uniform(0.2, 0.8) for _ in range(3))))
    return _days(habits)


def _days(habits: Habits) -> tuple[Days, Days]:
    usage: Days = {}
    other: Days = {}
    chance, wander, run, size = habits.chance, 0.0, 0, 0.0
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        wander = 0.99 * (wander + chance.gauss(0, 0.004))
        base = habits.level * (1 + habits.growth * number / 365) * (1 + wander) * (habits.left if number >= habits.gone else 1)
        amount = base * (habits.weekend if day.weekday() >= 5 else 1) * (1 + chance.gauss(0, habits.noise))
        if not run and chance.random() < habits.spikes:
            run, size = chance.randrange(1, 4), chance.uniform(1.5, 6)
        if run:
            run, amount = run - 1, amount + base * size
        lumps = {1: 30 * habits.tax * base, 3: -30 * habits.credit * habits.level}.get(day.day, 0.0)
        usage[day], other[day] = _money(amount), _money(habits.fee * habits.level + lumps)
    return usage, other


def _money(amount: float) -> Decimal:
    return Decimal(f"{amount:.6f}")
