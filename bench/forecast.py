"""Forecasts of many made-up customers, held against what came, and against what anybody would have said without a method.

Seasonal-naive is told on the same day from the same days, and has three variants, each with the month's tax, credits and fees as they were
in the month up to that day: usage like the last week, day by day; like the mean of the last four weeks, weekday by weekday; like the
month up to that day, for as many days as the coming one has. The limit holds against the best of the three, chosen with hindsight.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from statistics import mean

from bench.case import Bench
from bench.families import FAMILIES, Days, customer
from bench.measure import Row
from chalicelib.domain.forecast import TOLD_ON, PastForecast, backtest_of, forecast_of
from chalicelib.domain.history import History
from chalicelib.domain.period import DAY, minus_months, next_month

CUSTOMERS = 40
Naive = Callable[[Days, Days, date], float]


def run(_: Bench, first_seed: int = 0) -> Iterator[Row]:
    """Of 2,400 months; none of them is tuned to, other seeds say the same."""
    inside: dict[str, list[bool]] = {}
    missed: dict[str, list[dict[str, float]]] = {}
    seconds: list[float] = []
    for family in FAMILIES:
        inside[family], missed[family] = [], []
        for seed in range(first_seed, first_seed + CUSTOMERS):
            usage, other = customer(family, seed)
            months, took = _timed(usage, other)
            seconds.append(took)
            inside[family] += [past.low <= past.actual <= past.high for past in months]
            missed[family] += [_errors(usage, other, past) for past in months if past.actual]
    yield from _coverage(inside)
    yield from _mape(missed)
    yield Row("one forecast with its backtest of twelve months", 1000 * mean(seconds), "ms")


def _timed(usage: Days, other: Days) -> tuple[tuple[PastForecast, ...], float]:
    started = time.process_time()
    history = History.of(usage, other)
    forecast_of(history, next_month(max(usage)))
    found = backtest_of(history)
    return found.months, time.process_time() - started


def _coverage(inside: dict[str, list[bool]]) -> Iterator[Row]:
    everyone = [within for months in inside.values() for within in months]
    yield Row("months within their 80 % interval", 100 * mean(everyone), "%", 90, 70)
    for family, months in inside.items():
        yield Row(f"  of {family} customers", 100 * mean(months), "%")


def _mape(missed: dict[str, list[dict[str, float]]]) -> Iterator[Row]:
    everyone = [month for months in missed.values() for month in months]
    yield Row("MAPE / the best seasonal-naive one", max(_ratio(everyone, name) for name in NAIVE), "x", 1)
    for name in NAIVE:
        yield Row(f"  / usage like {name}", _ratio(everyone, name), "x")
    for family, months in missed.items():
        yield Row(f"  MAPE of {family} customers", mean(month[OURS] for month in months), "%")
        best = max(NAIVE, key=partial(_ratio, months))
        yield Row(f"    / usage like {best}", _ratio(months, best), "x")


def _ratio(months: list[dict[str, float]], name: str) -> float:
    """Our mean by that of a naive one."""
    return mean(month[OURS] for month in months) / mean(month[name] for month in months)


def _errors(usage: Days, other: Days, past: PastForecast) -> dict[str, float]:
    """In percent of what came, ours and those of the naive ones."""
    told = {OURS: float(past.amount)} | {name: naive(usage, other, past.month) for name, naive in NAIVE.items()}
    actual = float(past.actual)
    return {name: 100 * abs(amount - actual) / abs(actual) for name, amount in told.items()}


def _by_week(weeks: int) -> Naive:
    """Each of the month's days like the last so many of its weekday, everything else like the month up to then."""

    def naive(usage: Days, other: Days, month: date) -> float:
        origin, total = _told_on(month), 0.0
        for number in range((next_month(month) - month).days):
            last = origin - timedelta(days=(origin - month - timedelta(days=number)).days % 7)
            alike = [last - timedelta(days=7 * back) for back in range(weeks)]
            total += mean(float(usage[day] or 0) for day in alike if day in usage)
        return total + sum(float(other[day] or 0) for day in _month_to(origin) if day in other)

    return naive


def _like_a_month(usage: Days, other: Days, month: date) -> float:
    days = [day for day in _month_to(_told_on(month)) if day in usage]
    total = sum(float(usage[day] or 0) for day in days)
    return total / len(days) * (next_month(month) - month).days + sum(float(other[day] or 0) for day in days)


def _told_on(month: date) -> date:
    return minus_months(month, 1) + (TOLD_ON - 1) * DAY


def _month_to(origin: date) -> list[date]:
    return [origin - timedelta(days=back) for back in range((origin - minus_months(origin, 1)).days)]


OURS = "ours"
NAIVE: dict[str, Naive] = {"the last week": _by_week(1), "the last four weeks": _by_week(4), "the last month": _like_a_month}
