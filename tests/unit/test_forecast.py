"""A month's forecast: what goes on is expected to go on, what comes once a month is expected once, and its past is told honestly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.forecast import backtest, forecast
from chalicelib.domain.prospect import METHOD, Forecast

Amounts = dict[date, Decimal | None]
FIRST = date(2026, 1, 5)
"""A Monday."""
amounts = st.decimals(-500, 5000, places=3)
series = st.lists(amounts, min_size=1, max_size=150) | st.lists(st.none() | amounts, min_size=1, max_size=150)
AHEAD = st.integers(0, 2)
quick = settings(deadline=None)


def days(count: int, amount: Callable[[date], object], first: date = FIRST) -> Amounts:
    return {day: Decimal(str(amount(day))) for day in (first + timedelta(days=number) for number in range(count))}


def laid_out(values: list[Decimal | None], first: date = FIRST) -> Amounts:
    return {first + timedelta(days=number): value for number, value in enumerate(values)}


def month_after(known: Amounts, ahead: int = 1) -> date:
    last = max(known, default=FIRST)
    return date(last.year + (last.month - 1 + ahead) // 12, (last.month - 1 + ahead) % 12 + 1, 1)


def length(month: date) -> int:
    return (month_after({month: None}) - month).days


def told(found: Forecast) -> Decimal:
    assert found.amount is not None, found.reason
    return found.amount


def interval(found: Forecast) -> tuple[Decimal, Decimal]:
    assert found.low is not None, found.reason
    assert found.high is not None
    return found.low, found.high


def jittered(day: date) -> Decimal:
    """Within three percent of 100, without any pattern of weeks."""
    return 100 + Decimal(day.toordinal() * 7919 % 61 - 30) / 10


@given(st.decimals(0, 10**9, places=10), st.integers(14, 120), AHEAD)
@quick
def test_what_costs_the_same_every_day_is_expected_to_the_last_place(amount: Decimal, count: int, ahead: int) -> None:
    known = days(count, lambda day: amount)
    month = month_after(known, ahead)
    assert told(forecast(known, {}, month)) == (amount * length(month)).quantize(Decimal("0.000001"))


@given(series, series, AHEAD)
@quick
def test_the_amount_lies_within_its_interval_or_nothing_is_said(
    usage: list[Decimal | None], other: list[Decimal | None], ahead: int
) -> None:
    found = forecast(laid_out(usage), laid_out(other), month_after(laid_out(usage), ahead))
    if found.amount is None:
        assert (found.low, found.high) == (None, None)
        assert found.reason
    else:
        low, high = interval(found)
        assert low <= found.amount <= high
        assert found.reason == ""


@given(series, series, AHEAD, st.integers(1, 9))
@quick
def test_in_units_ten_times_as_small_it_is_ten_times_as_much(
    usage: list[Decimal | None], other: list[Decimal | None], ahead: int, power: int
) -> None:
    def scaled(values: list[Decimal | None]) -> Amounts:
        return laid_out([None if value is None else value.scaleb(power) for value in values])

    month = month_after(laid_out(usage), ahead)
    one, many = forecast(laid_out(usage), laid_out(other), month), forecast(scaled(usage), scaled(other), month)
    for small, large in ((one.amount, many.amount), (one.low, many.low), (one.high, many.high)):
        assert (small is None) == (large is None)
        if small is not None and large is not None:
            assert abs(small.scaleb(power) - large) <= Decimal("0.0000005") * (10**power + 1)


@given(series, series, st.randoms(use_true_random=False))
@quick
def test_the_order_of_the_days_does_not_matter(usage: list[Decimal | None], other: list[Decimal | None], chance: object) -> None:
    def shuffled(known: Amounts) -> Amounts:
        items = list(known.items())
        chance.shuffle(items)  # type: ignore[attr-defined]
        return dict(items)

    one, two = laid_out(usage), laid_out(other)
    month = month_after(one)
    assert forecast(one, two, month) == forecast(shuffled(one), shuffled(two), month)
    assert backtest(one, two) == backtest(shuffled(one), shuffled(two))


@given(st.lists(amounts, min_size=40, max_size=120))
@quick
def test_whole_weeks_later_usage_is_expected_alike(values: list[Decimal]) -> None:
    """May 2023 and January 2024 both begin on a Monday and have 31 days."""
    begins, later = date(2023, 5, 1), date(2024, 1, 1)
    first, shifted = (month - timedelta(days=len(values) + 9) for month in (begins, later))
    one, two = forecast(laid_out([*values], first), {}, begins), forecast(laid_out([*values], shifted), {}, later)
    assert (one.amount, one.low, one.high) == (two.amount, two.low, two.high)


@given(st.lists(amounts, min_size=31, max_size=100))
@quick
def test_a_month_that_is_over_is_what_it_cost(values: list[Decimal]) -> None:
    known = laid_out([*values], date(2026, 3, 1))
    found = forecast(known, {}, date(2026, 3, 1))
    assert found.amount == found.low == found.high == sum(values[:31])


@given(st.lists(st.tuples(amounts, amounts), min_size=90, max_size=150), st.integers(0, 10))
@quick
def test_a_past_forecast_is_what_was_told_by_the_middle_of_the_month_before(values: list[tuple[Decimal, Decimal]], skipped: int) -> None:
    """Later days change nothing of it."""
    usage, other = (laid_out([pair[part] for pair in values], FIRST + timedelta(days=skipped)) for part in (0, 1))
    found = backtest(usage, other).months
    assert found
    for past in found:
        by_then = (past.month - timedelta(days=1)).replace(day=15)
        before = [{day: amount for day, amount in known.items() if day <= by_then} for known in (usage, other)]
        again = forecast(before[0], before[1], past.month)
        for one, two in zip((told(again), *interval(again)), (past.amount, past.low, past.high), strict=True):
            assert abs(one - two) <= Decimal("0.0001")  # later days may have finer amounts, and all are worked out as finely


@pytest.mark.parametrize("count", [0, 1, 13])
def test_fewer_than_fourteen_days_are_refused_and_counted(count: int) -> None:
    found = forecast(days(count, lambda day: 5), {}, date(2026, 2, 1))
    assert (found.amount, found.low, found.high) == (None, None, None)
    assert (found.reason, found.days, found.method) == (f"needs 14 days of costs, has {count}", count, METHOD)


def test_unknown_days_are_no_days_and_no_zeros() -> None:
    known = days(40, lambda day: 10)
    known.update(dict.fromkeys([day for day in known if day.day % 5 == 0], None))
    found = forecast(known, {}, date(2026, 3, 1))
    assert (found.amount, found.days) == (310, 32)
    assert forecast(days(40, lambda day: 10), known, date(2026, 3, 1)).days == 32


def test_a_day_of_which_a_part_is_unknown_is_unknown() -> None:
    known = days(40, lambda day: 10)
    half = dict.fromkeys(list(known)[:5], None) | days(35, lambda day: 0, list(known)[5])
    assert (forecast(known, half, date(2026, 3, 1)).days, forecast(half, known, date(2026, 3, 1)).days) == (35, 35)


def test_a_month_before_the_days_and_one_far_behind_them_are_refused() -> None:
    known = days(30, lambda day: 10)
    assert "before the first day" in forecast(known, {}, date(2025, 12, 1)).reason
    assert "more than 92 days" in forecast(known, {}, date(2026, 7, 1)).reason


@pytest.mark.parametrize("last, told_of", [(date(2026, 8, 30), True), (date(2026, 8, 29), False)])
def test_a_month_may_have_ninety_two_unknown_days_before_it(last: date, told_of: bool) -> None:
    known = days(60, lambda day: 10, last - timedelta(days=59))
    assert (forecast(known, {}, date(2026, 12, 1)).amount is not None) is told_of


@pytest.mark.parametrize("first, told_of", [(date(2026, 3, 2), True), (date(2026, 3, 3), False)])
def test_a_month_has_a_past_forecast_where_fourteen_days_were_known_by_the_fifteenth(first: date, told_of: bool) -> None:
    found = backtest(days(70, lambda day: 10, first), {})
    assert ([past.month for past in found.months] == [date(2026, 4, 1)]) is told_of


def test_long_ago_is_not_fourteen_days_of_now() -> None:
    known = days(60, lambda day: 10) | days(5, lambda day: 3, date(2026, 9, 1))
    assert forecast(known, {}, date(2026, 10, 1)).reason == "needs 14 days of costs, has 5"


def test_cheaper_weekends_are_expected_where_the_month_has_them() -> None:
    known = days(56, lambda day: 40 if day.weekday() >= 5 else 100)
    for month in (date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)):
        weekends = sum((month + timedelta(days=number)).weekday() >= 5 for number in range(length(month)))
        assert told(forecast(known, {}, month)) == 100 * length(month) - 60 * weekends


def test_one_dear_weekday_is_neither_a_spike_nor_every_days() -> None:
    known = days(84, lambda day: 200 if day.weekday() == 2 else 100)
    assert told(forecast(known, {}, date(2026, 4, 1))) == 3000 + 500  # April 2026 has five Wednesdays


def test_the_month_that_has_begun_is_what_it_cost_and_the_rest_as_expected() -> None:
    known = days(54, lambda day: 10) | days(10, lambda day: 12, date(2026, 2, 18))
    assert max(known) == date(2026, 2, 27)
    assert told(forecast(known, {}, date(2026, 2, 1))) == 17 * 10 + 10 * 12 + 12
    assert forecast(known, {}, date(2026, 2, 14)) == forecast(known, {}, date(2026, 2, 1))
    assert forecast(known, {}, date(2026, 2, 14)).month == date(2026, 2, 1)


def test_a_tax_on_the_first_is_expected_once_and_not_again_after_it_came() -> None:
    known = days(100, lambda day: 10)
    tax = days(100, lambda day: 70 if day.day == 1 else 0)
    assert max(known) == date(2026, 4, 14)
    assert told(forecast(known, tax, date(2026, 5, 1))) == 310 + 70
    assert told(forecast(known, tax, date(2026, 4, 1))) == 300 + 70


def test_a_tax_seen_once_is_expected_again() -> None:
    first = date(2026, 1, 20)
    known, tax = days(22, lambda day: 10, first), days(22, lambda day: 70 if day.day == 1 else 0, first)
    assert told(forecast(known, tax, date(2026, 3, 1))) == 310 + 70
    assert told(forecast(known, tax, date(2026, 2, 1))) == 280 + 70


def test_taxes_that_differ_widen_the_interval() -> None:
    known = days(120, lambda day: 10)
    steady, wild = (
        interval(forecast(known, days(120, lambda day, taxes=taxes: taxes[day.month % 3] if day.day == 1 else 0), date(2026, 6, 1)))  # type: ignore[misc]
        for taxes in ((200, 200, 200), (100, 200, 300))
    )
    assert wild[1] - wild[0] > 2 * (steady[1] - steady[0])


def test_a_credit_late_in_the_month_is_still_to_come() -> None:
    known, credit = days(100, lambda day: 10), days(100, lambda day: -40 if day.day == 20 else 0)
    assert told(forecast(known, credit, date(2026, 4, 1))) == 300 - 40


def test_a_fee_of_every_day_is_no_lump() -> None:
    assert told(forecast(days(50, lambda day: 10), days(50, lambda day: "14.4"), date(2026, 3, 1))) == Decimal("24.4") * 31


def test_what_was_bought_once_is_not_expected_again() -> None:
    bought = days(120, lambda day: 5000 if day == date(2026, 4, 20) else 0)
    assert told(forecast(days(120, lambda day: 10), bought, date(2026, 6, 1))) == 300


def test_only_credits_make_it_negative() -> None:
    gone = days(60, lambda day: 10 if day < date(2026, 2, 1) else 0)
    found = forecast(gone, days(60, lambda day: -40 if day.day == 3 else 0), date(2026, 4, 1))
    assert found.amount == -40
    falling = forecast(days(80, lambda day: max(0, 80 - (day - FIRST).days)), {}, date(2026, 5, 1))
    assert interval(falling)[0] >= 0


def test_what_was_below_nothing_every_day_is_expected_to_stay_there() -> None:
    assert told(forecast(days(60, lambda day: -10), {}, date(2026, 4, 1))) == -300


def test_what_fell_to_nothing_is_expected_at_nothing_and_not_below_it() -> None:
    """Its trend, drawn on, would lie below zero by now."""
    falling = days(120, lambda day: max(0, 110 - (day - FIRST).days))
    for month in (date(2026, 5, 1), date(2026, 6, 1)):
        found = forecast(falling, {}, month)
        assert (found.amount, found.low) == (0, 0)


def test_what_still_spikes_is_expected_to_though_what_goes_on_has_fallen_to_nothing() -> None:
    """A job every ten days goes on; the rest has faded away, a unit a day."""
    known = days(120, lambda day: max(0, 110 - (day - FIRST).days) + (500 if (day - FIRST).days % 10 == 0 else 0))
    found = forecast(known, {}, month_after(known))
    assert found.amount is not None
    assert found.low is not None
    assert found.amount > 500
    assert found.low >= 0


@pytest.mark.parametrize("left", [0, 30])
def test_a_service_that_vanished_ten_days_ago_is_not_expected_back(left: int) -> None:
    known = days(100, lambda day: jittered(day) if day < date(2026, 4, 5) else left)
    assert abs(told(forecast(known, {}, date(2026, 5, 1))) - left * 31) <= left * 31 / Decimal(200)


@pytest.mark.parametrize("back", [5, 11, 17, 23, 32, 47])
def test_a_new_level_is_taken_from_its_first_day_on(back: int) -> None:
    fell = date(2026, 4, 15) - timedelta(days=back)
    found = told(forecast(days(100, lambda day: jittered(day) * (3 if day >= fell else 10) / 10), {}, date(2026, 5, 1)))
    assert abs(found - 930) < 15


def test_a_level_that_doubled_is_no_spike() -> None:
    found = told(forecast(days(100, lambda day: 100 if day < date(2026, 3, 21) else 200), {}, date(2026, 5, 1)))
    assert 200 * 31 <= found < 200 * 31 * Decimal("1.03")


@pytest.mark.parametrize("count", [90, 100, 105, 110])
def test_days_that_differ_much_are_no_new_level(count: int) -> None:
    found = told(forecast(days(count, lambda day: 100 + day.toordinal() * 7919 % 141 - 70), {}, date(2026, 5, 1)))
    assert abs(found - 3100) < 465


def test_days_that_differ_much_widen_the_interval() -> None:
    low, high = interval(forecast(days(45, lambda day: 100 + day.toordinal() * 7919 % 191 - 95), {}, date(2026, 3, 1)))
    assert high - low > (high + low) * Decimal("0.15")


def test_a_bill_that_often_jumped_has_an_interval_that_says_so() -> None:
    found = forecast(days(390, lambda day: 100 if day.month % 4 < 2 else 200), {}, date(2027, 2, 1))
    low, high = interval(found)
    assert high - low > told(found) / 2


def test_a_spike_of_three_days_hardly_moves_it() -> None:
    calm = days(100, jittered)
    spiky = calm | days(3, lambda day: 1400, date(2026, 3, 10))
    one, other = told(forecast(calm, {}, date(2026, 5, 1))), told(forecast(spiky, {}, date(2026, 5, 1)))
    assert one < other < one * Decimal("1.3")  # spikes are expected as often as they came


def test_an_incomplete_last_day_hardly_moves_it() -> None:
    known = days(100, jittered)
    one, other = told(forecast(known, {}, date(2026, 5, 1))), told(forecast(known | {max(known): Decimal(3)}, {}, date(2026, 5, 1)))
    assert abs(one - other) < one / 50


def test_what_grows_is_expected_to_have_grown() -> None:
    def cost(day: date) -> int:
        return 100 + (day - FIRST).days

    true = sum(cost(date(2026, 5, 1) + timedelta(days=number)) for number in range(31))
    found = told(forecast(days(100, cost), {}, date(2026, 5, 1)))
    assert true * Decimal("0.975") < found <= true


def test_a_short_history_says_so_by_its_width() -> None:
    short, long = (forecast(days(count, jittered, date(2026, 8, 1) - timedelta(days=count)), {}, date(2026, 8, 1)) for count in (20, 200))
    (low, high), (lowest, highest) = interval(short), interval(long)
    assert high - low > 2 * (highest - lowest)


def test_what_moves_before_a_trend_can_be_seen_widens_the_interval() -> None:
    low, high = interval(forecast(days(20, lambda day: 100 + 2 * (day - FIRST).days), {}, date(2026, 2, 1)))
    lowest, highest = interval(forecast(days(20, lambda day: 100), {}, date(2026, 2, 1)))
    assert (high - low) / (high + low) > 2 * (highest - lowest) / (highest + lowest)


def test_the_backtest_is_of_every_whole_month_that_could_be_told() -> None:
    """Known from 5 January to 20 July: told on 15 February at the latest of March, until June."""
    found = backtest(days(197, jittered), {})
    assert [past.month for past in found.months] == [date(2026, month, 1) for month in (3, 4, 5, 6)]
    assert [past.month for past in backtest(days(197, jittered), {}, months=2).months] == [date(2026, 5, 1), date(2026, 6, 1)]
    assert len(backtest(days(500, jittered), {}).months) == 12
    assert found.months[0].actual == sum(jittered(date(2026, 3, 1) + timedelta(days=number)) for number in range(31))


def test_coverage_and_mape_are_of_the_months_shown() -> None:
    found = backtest(days(430, lambda day: jittered(day) * (3 if day.month % 5 == 0 else 1)), {})
    assert len(found.months) == 12
    inside = sum(past.low <= past.actual <= past.high for past in found.months)
    missed = [abs(Fraction(past.actual) - Fraction(past.amount)) / Fraction(past.actual) for past in found.months]
    assert found.coverage is not None
    assert found.mape is not None
    assert abs(Fraction(found.coverage) - Fraction(100 * inside, 12)) <= Fraction(1, 10**6)
    assert abs(Fraction(found.mape) - 100 * sum(missed) / 12) <= Fraction(1, 10**6)
    assert 0 < inside < 12


def test_without_a_month_nothing_is_said_and_a_free_one_has_no_percentage() -> None:
    assert backtest({}, {}) == backtest(days(40, jittered), {})
    assert (backtest({}, {}).coverage, backtest({}, {}).mape) == (None, None)
    free = backtest(days(197, lambda day: 0), {})
    assert (free.coverage, free.mape) == (100, None)
