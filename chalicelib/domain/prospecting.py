"""From days of costs to what lies ahead of them. Apart from the values, as the API seldom makes one itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import USAGE_CHARGE, CostDay
from chalicelib.domain.exact import subtract
from chalicelib.domain.forecast import backtest_of, forecast_of
from chalicelib.domain.history import History
from chalicelib.domain.period import Window, midnight, minus_months, month_start, next_month
from chalicelib.domain.prospect import Prospect, Prospects
from chalicelib.domain.rates import CHARGED, Rates, charged
from chalicelib.domain.spend import Chosen, by_day, currencies
from chalicelib.domain.state import COST_EXPLORER

HISTORY_MONTHS = 13


def history_window(today: date) -> Window:
    """What a prospect rests on: whole months before this one and the days of this one."""
    return Window(midnight(minus_months(month_start(today), HISTORY_MONTHS)), midnight(today))


def prospect(paid: Sequence[CostDay], rates: Rates, basis: str, selection: Selection, currency: str, today: date) -> Prospect:
    """From the days of `history_window(today)` as the payer pays them, through the filters, each month at its own rates."""
    return _prospect(_AtRates(paid, rates), basis, selection, currency, today)


class _AtRates:
    """The days at the rates of a month, as if these had always been, made once for each plan."""

    def __init__(self, paid: Sequence[CostDay], rates: Rates) -> None:
        self.paid, self._rates = paid, rates
        self._made: dict[Rates, Sequence[CostDay]] = {}

    def of(self, month: date) -> Sequence[CostDay]:
        always = self._rates.always(month)
        if always not in self._made:
            self._made[always] = charged(self.paid, always) if always.on(month).changes_amounts else self.paid
        return self._made[always]


def _prospect(at: _AtRates, basis: str, selection: Selection, currency: str, today: date) -> Prospect:
    first = month_start(today)
    histories = [_history(at.of(month), basis, selection, currency) for month in (first, next_month(first))]
    past = backtest_of(histories[1])
    return Prospect(
        forecast_of(histories[0], first), forecast_of(histories[1], next_month(first)), len(past.months), past.coverage, past.mape
    )


def _history(days: Sequence[CostDay], basis: str, selection: Selection, currency: str) -> History:
    if selection.tags:  # Cost Explorer gives none: what it tells of a tag is unknown, not 0
        days = [day for day in days if COST_EXPLORER not in day.sources]
    total = by_day(days, basis, Chosen(selection, currency))
    usage = by_day(days, basis, Chosen(replace(selection, charge_category=(USAGE_CHARGE,)), currency))
    if selection.charge_category:
        total = usage
    return History.of(usage, {day: _rest(total[day], usage[day]) for day in total})


def _rest(total: Decimal | None, usage: Decimal | None) -> Decimal | None:
    return None if total is None or usage is None else subtract(total, usage)


def prospects(paid: Sequence[CostDay], rates: Rates, digest: str, today: date) -> Prospects:
    """Of everything, in every currency of the days."""
    at = _AtRates(paid, rates)
    of = {currency: {basis: _prospect(at, basis, Selection(), currency, today) for basis in CHARGED} for currency in currencies(paid)}
    return Prospects(today, digest, of)
