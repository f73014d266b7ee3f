"""What a calendar month will have cost: an amount with an 80 % interval, and how such forecasts would have done in the past.

The method, `seasonal-robust-trend-1`: shares of the weekdays are medians of twelve weeks, the level is that of the last four weeks since
it last moved at once, the trend is Theil and Sen's of sixteen weeks, damped; spikes are expected as often as they came; what a month has
once (tax, credits) is expected once. The interval is as wide as four in five of the method's own past errors over the same distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isqrt

from chalicelib.domain.amounts import scaled
from chalicelib.domain.exact import ONE, add, quotient
from chalicelib.domain.history import LEAST_DAYS, MODEL_DAYS, History
from chalicelib.domain.outlook import MILLION, WEEK, damped
from chalicelib.domain.period import minus_months, month_start, next_month
from chalicelib.domain.prospect import METHOD, Forecast

TOLD_ON = 15
"""A month's forecast is judged as it was told when this day of the month before was the last one known."""
FURTHEST = 92
STRIDE, MOST_ERRORS = 14, 13
"""Half a year of past errors, two weeks apart."""
FEW_ERRORS = 250_000
"""Half the width where there are none is half of this share of the amount, a third where there is one."""
NORMAL = 1_900_000
"""Four in five of what is normally distributed lies so many median absolute deviations around its middle, in millionths."""


@dataclass(frozen=True)
class PastForecast:
    """What was expected of a month in the middle of the month before, and what it cost."""

    month: date
    amount: Decimal
    low: Decimal
    high: Decimal
    actual: Decimal


@dataclass(frozen=True)
class Backtest:
    """The months in order; `coverage` is the percent of them inside their interval, `mape` the mean of 100 * |actual - amount| / |actual|.

    Six places; both None without a month, `mape` also where a month cost nothing.
    """

    months: tuple[PastForecast, ...]
    coverage: Decimal | None
    mape: Decimal | None


def forecast(usage: Mapping[date, Decimal | None], other: Mapping[date, Decimal | None], month: date) -> Forecast:
    """Of the month that `month` lies in. `usage` are the days' sums of charge category Usage, `other` of everything else, in one currency.

    Days of the month that are known count as they are. A day that is None in either is unknown, one that is absent in one of them 0 there.
    """
    return forecast_of(History.of(usage, other), month)


def backtest(usage: Mapping[date, Decimal | None], other: Mapping[date, Decimal | None], months: int = 12) -> Backtest:
    """Every whole month among the last `months` ones, as it would have been told."""
    return backtest_of(History.of(usage, other), months)


def forecast_of(history: History, month: date) -> Forecast:
    """The same of days that are laid out already: whoever wants forecast and backtest does that once."""
    first, days = month_start(month), sum(amount is not None for amount in history.total)
    reason = _refusal(history, first)
    if reason:
        return Forecast(first, None, None, None, METHOD, reason, days)
    return Forecast(first, *_told(history, len(history.total) - 1, first), METHOD, "", days)


def backtest_of(history: History, months: int = 12) -> Backtest:
    """The same of days that are laid out already."""
    if not history.total:
        return Backtest((), None, None)
    after = month_start(history.day(len(history.total)))
    told = [past for back in range(months, 0, -1) if (past := _past(history, minus_months(after, back)))]
    if not told:
        return Backtest((), None, None)
    inside = sum(past.low <= past.actual <= past.high for past in told)
    missed = [quotient(100 * abs(past.actual - past.amount), abs(past.actual)) for past in told if past.actual]
    mape = quotient(add(missed), Decimal(len(told))) if len(missed) == len(told) else None
    return Backtest(tuple(told), quotient(Decimal(100 * inside), Decimal(len(told))), mape)


def _refusal(history: History, first: date) -> str:
    after = len(history.total)
    recent = history.known(after - MODEL_DAYS, after)
    if recent < LEAST_DAYS:
        return f"needs {LEAST_DAYS} days of costs, has {recent}"
    if next_month(first) <= history.first:
        return "the month lies before the first day of costs"
    if history.place(first) - after > FURTHEST:
        return f"the month begins more than {FURTHEST} days after the last day of costs"
    return ""


def _past(history: History, month: date) -> PastForecast | None:
    """None where a day of the month is unknown, or too few were known when it was told."""
    origin = history.place(minus_months(month, 1)) + TOLD_ON - 1
    start, end = history.place(month), history.place(next_month(month))
    if origin < 0 or history.known(origin + 1 - MODEL_DAYS, origin + 1) < LEAST_DAYS or history.known(start, end) < end - start:
        return None
    total = sum(amount for amount in history.total[start:end] if amount is not None)
    return PastForecast(month, *_told(history, origin, month), scaled(total, history.exponent))


def _told(history: History, origin: int, month: date) -> tuple[Decimal, Decimal, Decimal]:
    """(amount, low, high) of the month, by the days up to place `origin` alone."""
    start, end, after = history.place(month), history.place(next_month(month)), origin + 1
    then = [history.total[place] if place >= 0 else None for place in range(start, min(end, after))]
    known = sum(amount for amount in then if amount is not None)
    model = history.model(origin)
    gaps = [history.day(start + number).weekday() for number, amount in enumerate(then) if amount is None]
    amount, half = known + sum(model.expected(weekday, [0]) for weekday in gaps), 0
    if end > after:
        ahead, gap = damped(end - after), max(0, start - after)
        rest = model.expected(history.day(after + gap).weekday(), ahead[gap:])
        lumps, unsure = history.once_a_month(origin, month)
        width = _half(history, origin, rest, ahead, gap)
        amount, half = amount + rest + lumps, isqrt(width * width + unsure * unsure)
    ever_negative = any(total is not None and total < 0 for total in history.total[:after])
    low = amount - half if ever_negative else max(amount - half, min(known, amount))
    return _rounded(amount, history), _rounded(low, history), _rounded(amount + half, history)


def _rounded(units: int, history: History) -> Decimal:
    """To six places."""
    return quotient(scaled(units, history.exponent), ONE)


def _half(history: History, origin: int, expected: int, ahead: list[int], gap: int) -> int:
    """Half the interval's width: four in five past errors over the same distance were no larger; never less than what days differ by.

    While there are few errors a share of the amount is the least, and where no trend can be seen yet, what the level moved by so far.
    """
    length, amount, model = len(ahead) - gap, abs(expected), history.model(origin)
    errors = _errors(history, origin, ahead, gap)
    count = len(errors)
    of_errors = _four_in_five(errors) * amount // MILLION
    doubt = FEW_ERRORS * amount // (count + 2) // MILLION if count < MOST_ERRORS - 1 else 0
    level = length * length // max(LEAST_DAYS, min(4 * WEEK, model.days))
    spread = NORMAL * isqrt(model.noise * model.noise * (length + level) + model.jumps * model.jumps * length) // MILLION
    drift = model.unsure * (sum(ahead[gap:]) // MILLION + length * model.days // 2)
    return max(of_errors, doubt, spread, drift)


def _four_in_five(errors: Sequence[int]) -> int:
    """What the next error is no larger than in four of five cases, if it is of the same kind; errors are in order."""
    if not errors:
        return 0
    place, beyond = divmod(4 * (len(errors) + 1), 5)
    below, above = (errors[min(number, len(errors)) - 1] for number in (max(place, 1), place + 1))
    return below + (above - below) * beyond // 5


def _errors(history: History, origin: int, ahead: list[int], gap: int) -> list[int]:
    """How far off the method was over the same stretch from origins every two weeks, in millionths of what it expected; smallest first."""
    errors = []
    for place in range(LEAST_DAYS - 1, origin - len(ahead) + 1, STRIDE)[-MOST_ERRORS:]:
        actual = history.steady[place + 1 + gap : place + 1 + len(ahead)]
        known = [amount for amount in actual if amount is not None]
        expected = history.model(place).expected(history.day(place + 1 + gap).weekday(), ahead[gap:])
        if len(known) == len(actual) and expected > 0:
            errors.append(abs(sum(known) - expected) * MILLION // expected)
    return sorted(errors)
