"""A day off its weekday's usual cost is told with its causes; what isn't usage, noise, a new level and what is still coming in are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median, median_high

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.anomalies import Anomaly, Cause, Checked, Thresholds, check
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.outlays import Outlays

TODAY = date(2026, 11, 23)
LAMBDA, EC2 = "AWS Lambda", "Amazon Elastic Compute Cloud"
Cost = Callable[[date], object]
USUAL = Thresholds()


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def line(amount: object, service: str = EC2, account: str = "1", region: str = "us-east-1", kind: str = "Usage") -> CostLine:
    value = None if amount is None else Decimal(str(amount))
    return CostLine(account, service, region, "Compute", "AWS", kind, "USD", value, value, None)


def cost_days(lines: Callable[[date], Iterable[CostLine]], count: int = 90) -> list[CostDay]:
    return [CostDay.of(ago(back), lines(ago(back)), [], True, ()) for back in range(count, 0, -1)]


def found(days: list[CostDay], thresholds: Thresholds = USUAL, incomplete: Iterable[date] = (), last: int = 30) -> Checked:
    outlays = Outlays.of(days, "billed", lambda key: True)
    return check(outlays, [ago(back) for back in range(last, 0, -1)], thresholds, set(incomplete))


def of_one(cost: Cost, **more: object) -> list[Anomaly]:
    return list(found(cost_days(lambda day: [line(cost(day))]), **more).anomalies)  # type: ignore[arg-type]


def usual(day: date) -> Decimal:
    """About 100, a weekend's day about 60, no two weeks alike."""
    return (60 if day.weekday() >= 5 else 100) + Decimal(day.toordinal() * 7919 % 41 - 20) / 10


def test_a_usual_month_is_quiet_and_every_day_was_looked_at() -> None:
    quiet = found(cost_days(lambda day: [line(usual(day)), line(usual(day) / 3, LAMBDA)]))
    assert quiet == Checked((), 30)


def test_a_day_off_is_held_against_its_own_weekday() -> None:
    """A Saturday like a Monday is off; eight Saturdays cost 60, whatever the rest."""
    saturday = ago(9)
    assert saturday.weekday() == 5
    [anomaly] = of_one(lambda day: 100 if day.weekday() < 5 or day == saturday else 60)
    assert (anomaly.day, anomaly.service, anomaly.expected, anomaly.actual, anomaly.impact) == (saturday, EC2, 60, 100, 40)
    assert anomaly.percent == Decimal("66.666667")
    assert anomaly.causes == (Cause("1", "us-east-1", Decimal(40)),)


def test_a_drop_is_told_with_its_sign() -> None:
    [anomaly] = of_one(lambda day: 0 if day == ago(5) else 80)
    assert (anomaly.expected, anomaly.actual, anomaly.impact, anomaly.percent) == (80, 0, -80, -100)


def test_an_anomaly_in_the_weeks_before_does_not_hide_the_next() -> None:
    told = of_one(lambda day: 1000 if day in (ago(7), ago(14), ago(21)) else usual(day))
    assert {anomaly.day for anomaly in told} == {ago(7), ago(14), ago(21)}


def test_three_days_of_a_spike_are_three_entries() -> None:
    told = of_one(lambda day: usual(day) * (14 if ago(26) <= day <= ago(24) else 1))
    assert sorted(anomaly.day for anomaly in told) == [ago(26), ago(25), ago(24)]


def test_the_largest_impact_comes_first_whatever_its_sign() -> None:
    told = of_one(lambda day: {ago(3): 30, ago(8): 150, ago(12): 400}.get(day, 100))
    assert [anomaly.impact for anomaly in told] == [300, -70, 50]


@pytest.mark.parametrize("level", [lambda day: 0, lambda day: 30, lambda day: 300, lambda day: 3 * usual(day)])
def test_a_new_level_is_told_on_its_first_days_and_then_taken_as_usual(level: Cost) -> None:
    told = of_one(lambda day: level(day) if day >= ago(25) else usual(day))
    assert sorted(anomaly.day for anomaly in told) == [ago(25), ago(24), ago(23), ago(22)]


def test_after_a_week_a_new_level_has_its_own_weekdays() -> None:
    def cost(day: date) -> int:
        return 100 + 40 * day.weekday()

    told = of_one(lambda day: 3 * cost(day) if day >= ago(25) else cost(day))
    assert max(anomaly.day for anomaly in told) < ago(18)


def test_a_spike_on_a_new_level_is_told_by_what_is_above_it() -> None:
    told = of_one(lambda day: 900 if day == ago(5) else 300 if day >= ago(25) else 100)
    assert (told[0].day, told[0].impact) == (ago(5), 600)


def test_growth_is_no_anomaly() -> None:
    assert of_one(lambda day: usual(day) * (90 + (day - ago(90)).days) / 90) == []


@pytest.mark.parametrize("kind", ["Tax", "Credit", "Purchase", "Adjustment", "Refund", ""])
def test_what_is_no_usage_never_trips_it(kind: str) -> None:
    days = cost_days(lambda day: [line(usual(day)), *([line(9000, kind=kind)] if day.day in (1, 3) else [])])
    assert found(days).anomalies == ()


@pytest.mark.parametrize(
    ("actual", "thresholds", "told"),
    [
        (110, Thresholds(Decimal(10), Decimal(0)), False),
        ("110.01", Thresholds(Decimal(10), Decimal(0)), True),
        ("89.99", Thresholds(Decimal(10), Decimal(0)), True),
        (125, Thresholds(Decimal(0), Decimal(25)), False),
        ("125.01", Thresholds(Decimal(0), Decimal(25)), True),
        ("125.01", Thresholds(Decimal("25.005"), Decimal("25.005")), True),
        ("125.01", Thresholds(Decimal("25.01"), Decimal(0)), False),
        ("125.01", Thresholds(Decimal(0), Decimal("25.01")), False),
        ("100.01", Thresholds(Decimal(0), Decimal(0)), True),
    ],
)
def test_floor_and_percent_must_both_be_exceeded(actual: object, thresholds: Thresholds, told: bool) -> None:
    assert bool(of_one(lambda day: actual if day == ago(4) else 100, thresholds=thresholds)) is told


def test_what_differs_as_days_do_is_no_anomaly() -> None:
    """Days lie up to 40 around 100, so that 60 more is nothing; where they all cost 100 it is."""
    wild = of_one(lambda day: 160 if day == ago(4) else 100 + (day.toordinal() * 7919 % 81 - 40))
    assert ago(4) not in {anomaly.day for anomaly in wild}
    assert of_one(lambda day: 160 if day == ago(4) else 100)[0].day == ago(4)


def test_a_new_service_is_expected_at_nothing_once_the_customer_has_history() -> None:
    days = cost_days(lambda day: [line(100), *([line(50, LAMBDA)] if day >= ago(10) else [])])
    told = found(days).anomalies
    assert {(anomaly.service, anomaly.expected, anomaly.percent) for anomaly in told} == {(LAMBDA, Decimal(0), None)}
    assert min(anomaly.day for anomaly in told) == ago(10)


def test_without_three_weeks_nothing_is_said_nor_counted_as_looked_at() -> None:
    """Of 30 known days the last nine have three of their weekday before them."""
    checked = found(cost_days(lambda day: [line(1000 if day in (ago(10), ago(9)) else 100)], count=30))
    assert ([anomaly.day for anomaly in checked.anomalies], checked.days) == ([ago(9)], 9)
    assert found([]) == Checked((), 0)


def test_an_unknown_amount_is_neither_a_drop_nor_a_day_that_was_looked_at() -> None:
    checked = found(cost_days(lambda day: [line(None if day == ago(5) else 100), line(7, LAMBDA)]))
    assert (checked.anomalies, checked.days) == ((), 29)
    gap = [day for day in cost_days(lambda day: [line(100)]) if day.day != ago(5)]
    assert found(gap) == Checked((), 29)


def test_days_that_nobody_knows_are_no_history() -> None:
    lost = {ago(5 + 7 * back) for back in range(1, 7)}
    days = [day for day in cost_days(lambda day: [line(400 if day == ago(5) else 100)]) if day.day not in lost]
    assert ago(5) not in {anomaly.day for anomaly in found(days).anomalies}


def test_a_drop_on_a_day_that_is_still_coming_in_says_nothing_but_a_rise_does() -> None:
    def cost(day: date) -> int:
        return {ago(1): 20, ago(2): 300}.get(day, 100)

    assert [anomaly.impact for anomaly in of_one(cost, incomplete=[ago(1), ago(2)])] == [200]
    assert [anomaly.impact for anomaly in of_one(cost)] == [200, -80]


def test_causes_are_ranked_and_the_small_ones_told_together() -> None:
    def lines(day: date) -> list[CostLine]:
        more = day == ago(4)
        return [line(10 * number * (3 if more else 1), account=str(number), region="" if number == 9 else "r") for number in range(1, 10)]

    [anomaly] = found(cost_days(lines)).anomalies
    assert anomaly.causes == (
        Cause("9", "(none)", Decimal(180)),
        *(Cause(str(number), "r", Decimal(20 * number)) for number in (8, 7, 6)),
        Cause("(others)", "(others)", Decimal(300)),
    )


def test_five_causes_are_told_one_by_one() -> None:
    def lines(day: date) -> list[CostLine]:
        return [line(10 * number * (3 if day == ago(4) else 1), account=str(number)) for number in range(1, 6)]

    [anomaly] = found(cost_days(lines)).anomalies
    assert [cause.account for cause in anomaly.causes] == ["5", "4", "3", "2", "1"]


def test_lines_of_one_account_and_region_are_one_cause() -> None:
    def lines(day: date) -> list[CostLine]:
        return [replace(line(200 if day == ago(4) else 50), tags={"team": team}) for team in ("web", "data", "")]

    [anomaly] = found(cost_days(lines)).anomalies
    assert (anomaly.expected, anomaly.actual, anomaly.causes) == (150, 600, (Cause("1", "us-east-1", Decimal(450)),))


def test_a_part_that_went_the_other_way_is_a_cause_with_its_sign() -> None:
    days = cost_days(lambda day: [line(200 if day == ago(4) else 100), line(40 if day == ago(4) else 60, account="2")])
    assert [(cause.account, cause.impact) for cause in found(days).anomalies[0].causes] == [("1", 100), ("2", -20)]


cents = st.decimals(-100, 3000, places=4)


@given(st.lists(st.tuples(*[st.none() | cents] * 3), min_size=22, max_size=75), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_causes_sum_to_the_impact_and_the_order_of_lines_does_not_matter(rows: list[tuple[Decimal | None, ...]], chance: object) -> None:
    def days(shuffle: bool) -> list[CostDay]:
        made = []
        for back, row in zip(range(len(rows), 0, -1), rows, strict=True):
            lines = [
                line(amount, (EC2, LAMBDA)[number // 2], account=str(number)) for number, amount in enumerate(row) if amount is not None
            ]
            if shuffle:
                chance.shuffle(lines)  # type: ignore[attr-defined]
            made.append(CostDay.of(ago(back), lines, [], False, ()))
        return made

    checked = found(days(False), Thresholds(Decimal(0), Decimal(0)), last=75)
    assert checked == found(days(True), Thresholds(Decimal(0), Decimal(0)), last=75)
    for anomaly in checked.anomalies:
        assert sum(cause.impact for cause in anomaly.causes) == anomaly.impact == anomaly.actual - anomaly.expected


@given(st.lists(cents, min_size=40, max_size=60), st.integers(1, 60))
@settings(deadline=None)
def test_weeks_later_the_same_is_told_weeks_later(amounts: list[Decimal], weeks: int) -> None:
    def told(first: date) -> list[tuple[int, Decimal]]:
        days = [CostDay.of(first + timedelta(days=number), [line(amount)], [], False, ()) for number, amount in enumerate(amounts)]
        checked = check(Outlays.of(days, "billed", lambda key: True), [day.day for day in days], USUAL)
        return [((anomaly.day - first).days, anomaly.impact) for anomaly in checked.anomalies]

    assert told(TODAY) == told(TODAY + timedelta(weeks=weeks))


@given(st.lists(cents, min_size=30, max_size=70), st.integers(1, 6))
@settings(deadline=None)
def test_in_units_ten_times_as_small_the_same_days_are_told(amounts: list[Decimal], power: int) -> None:
    def told(power: int) -> list[tuple[date, Decimal]]:
        by_day = {ago(back): amount.scaleb(power) for back, amount in zip(range(len(amounts), 0, -1), amounts, strict=True)}
        days = cost_days(lambda day: [line(by_day[day])], count=len(amounts))
        return [(one.day, one.impact.scaleb(-power)) for one in found(days, Thresholds(Decimal(10).scaleb(power))).anomalies]

    assert told(power) == told(0)


Known = list[int | None]


def usual_of(costs: Known, place: int, before: int) -> Fraction | None:
    """The median of that weekday in the eight weeks before; three of them must be known."""
    alike = [at for at in range(before) if at % 7 == place % 7][-8:]
    amounts = [amount for at in alike if at >= before - 56 and (amount := costs[at]) is not None]
    return Fraction(median(map(Fraction, amounts))) if len(amounts) >= 3 else None


def beyond(cost: int, expected: Fraction, floor: int, percent: int) -> bool:
    return abs(cost - expected) > floor and abs(cost - expected) * 100 > percent * abs(expected)


def defined(costs: Known, place: int, floor: int, percent: int) -> Fraction | None:
    """What docs/api.md has a day expected at where it is told; None where it isn't."""
    cost, first = costs[place], usual_of(costs, place, place)
    if cost is None or first is None or not beyond(cost, first, floor, percent):
        return None
    week = {at: amount for at in range(max(0, place - 7), place) if (amount := costs[at]) is not None}
    usuals = {at: expected for at in week if (expected := usual_of(costs, at, place)) is not None}
    off = [at for at, one in usuals.items() if beyond(week[at], one, floor, percent) and (week[at] > one) is (cost > first)]
    candidates = [first]
    if len(off) >= 4:
        like_it = sorted(off, key=lambda at: abs(usuals[at] - first))[:3]
        candidates += [Fraction(week[place - 7])] if place - 7 in week else []
        candidates += [Fraction(median_high(week[at] for at in like_it))]
    expected = min(candidates, key=lambda one: abs(cost - one))
    before = ((at, costs[at]) for at in range(max(0, place - 56), place))
    known = [(at, amount) for at, amount in before if amount is not None]
    distances = [abs(amount - one) for at, amount in known if (one := usual_of(costs, at, place)) is not None]
    clear = abs(cost - expected) > 4 * Fraction(14_826, 10_000) * median_high(distances)
    return expected if clear and beyond(cost, expected, floor, percent) else None


LEVELS = st.lists(st.tuples(st.integers(1, 25), st.sampled_from([0, 40, 100, 140, 300])), min_size=2, max_size=6)
SPIKES = st.dictionaries(st.integers(0, 99), st.none() | st.integers(-60, 900), max_size=12)


@example([(70, 100), (25, 300)], [0, 0, 300, 900, 500, 0, 1500], {}, (10, 25))
@example([(63, 0), (12, 140)], [100, 140, 180, 220, 260, 60, 40], {66: None, 70: 900}, (10, 25))
@given(LEVELS, st.lists(st.integers(0, 12), min_size=7, max_size=7), SPIKES, st.sampled_from([(10, 25), (0, 0), (30, 10)]))
@settings(deadline=None)
def test_what_is_told_is_what_the_definition_says(
    levels: list[tuple[int, int]], week: list[int], spikes: dict[int, int | None], least: tuple[int, int]
) -> None:
    """A second computation, from the words of docs/api.md."""
    level = [amount for length, amount in levels for _ in range(length)]
    costs: Known = [spikes.get(at, amount + week[at % 7] + at * 7919 % 5) for at, amount in enumerate(level)]
    days = cost_days(lambda day: [line(costs[len(costs) - (TODAY - day).days])], len(costs))
    told = found(days, Thresholds(Decimal(least[0]), Decimal(least[1])), last=len(costs)).anomalies
    expected = {ago(len(costs) - at): one for at in range(len(costs)) if (one := defined(costs, at, *least)) is not None}
    assert {anomaly.day: Fraction(anomaly.expected) for anomaly in told} == expected
