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
from chalicelib.domain.rates import CHARGED
from chalicelib.domain.spend import Chosen, by_day, currencies

HISTORY_MONTHS = 13


def history_window(today: date) -> Window:
    """What a prospect rests on: whole months before this one and the days of this one."""
    return Window(midnight(minus_months(month_start(today), HISTORY_MONTHS)), midnight(today))


def prospect(days: Sequence[CostDay], basis: str, selection: Selection, currency: str, today: date) -> Prospect:
    """From the days of `history_window(today)`, through the filters."""
    total = by_day(days, basis, Chosen(selection, currency))
    usage = by_day(days, basis, Chosen(replace(selection, charge_category=(USAGE_CHARGE,)), currency))
    if selection.charge_category:
        total = usage
    history = History.of(usage, {day: _rest(total[day], usage[day]) for day in total})
    past, first = backtest_of(history), month_start(today)
    ahead = forecast_of(history, next_month(first))
    return Prospect(forecast_of(history, first), ahead, len(past.months), past.coverage, past.mape)


def _rest(total: Decimal | None, usage: Decimal | None) -> Decimal | None:
    return None if total is None or usage is None else subtract(total, usage)


def prospects(days: Sequence[CostDay], rates: str, today: date) -> Prospects:
    """Of everything, in every currency of the days."""
    of = {currency: {basis: prospect(days, basis, Selection(), currency, today) for basis in CHARGED} for currency in currencies(days)}
    return Prospects(today, rates, of)
