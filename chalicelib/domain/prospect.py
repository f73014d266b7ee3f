"""What lies ahead of a customer's costs, as values: this month's and the next one's forecast, and how such forecasts have done so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

METHOD = "seasonal-robust-trend-1"
INTERVAL = 80
"""Percent of months that are expected to lie between low and high."""


@dataclass(frozen=True)
class Forecast:
    """The month's amount, expected to lie between low and high in four of five months; all None with the reason why.

    `days` is how many known days it rests on. Amounts have at most six places.
    """

    month: date
    amount: Decimal | None
    low: Decimal | None
    high: Decimal | None
    method: str
    reason: str
    days: int


@dataclass(frozen=True)
class Prospect:
    """`coverage` and `mape` are of `months` past months' forecasts, in percent; None without one."""

    this_month: Forecast
    next_month: Forecast
    months: int
    coverage: Decimal | None
    mape: Decimal | None

    def told_by(self, other: Forecast) -> Prospect:
        """With another source's forecast of the next month, which has no record here."""
        return Prospect(self.this_month, other, 0, None, None)


@dataclass(frozen=True)
class Prospects:
    """Of all costs, per currency and basis that is charged, as made on a day with a customer's rates (their digest)."""

    made_on: date
    rates: str = ""
    of: Mapping[str, Mapping[str, Prospect]] = field(default_factory=dict)

    def told(self, others: Mapping[str, Mapping[str, Prospect]]) -> Prospects:
        """With these in their places."""
        return Prospects(self.made_on, self.rates, {**self.of, **{name: {**self.of.get(name, {}), **of} for name, of in others.items()}})
