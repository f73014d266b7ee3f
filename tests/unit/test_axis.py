"""Where a chart's values lie: round scales around all of them, and labels in time's order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.axis import Axis, coordinate, coordinates, labels_of, round_axis, tick_text
from chalicelib.domain.report import Chart, Series


@pytest.mark.parametrize(
    "values, low, high, step",
    [
        ([7.0, 3.0], 0, 8, 2),
        ([10.0], 0, 10, 2),
        ([11.0], 0, 15, 5),
        ([40.0], 0, 40, 10),
        ([0.3], 0, 0.3, 0.1),
        ([0.004], 0, 0.004, 0.001),
        ([-3.0, 4.0], -4, 4, 2),
        ([-7.0], -8, 0, 2),
        ([26_000.0], 0, 30_000, 10_000),
        ([0.0], 0, 1e-11, 1e-11),
    ],
)
def test_a_scale_has_round_steps_from_below_to_above_all_values(values: list[float], low: float, high: float, step: float) -> None:
    axis = round_axis(values, 10, 100)
    assert (axis.low, axis.high, axis.step) == pytest.approx((low, high, step), rel=1e-9)
    assert (axis.origin, axis.length) == (10, 100)


@given(st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=9))
def test_every_value_lies_on_its_scale_whose_ticks_are_few(values: list[float]) -> None:
    axis = round_axis(values, 5, 50)
    slack = 1e-6 * max(map(abs, values), default=0)
    assert axis.low - slack <= min(values)
    assert max(values) <= axis.high + slack
    assert 2 <= len(axis.ticks()) <= 8


def test_places_go_from_the_origin_on_along_its_length() -> None:
    axis = Axis(-4, 4, 2, 10, 100)
    assert [axis.at(value) for value in (-4, 0, 4)] == [10, 60, 110]
    assert axis.ticks() == [-4, -2, 0, 2, 4]


def test_a_tick_has_the_places_of_its_step() -> None:
    assert [tick_text(value, step) for value, step in ((1500, 500), (0.5, 0.5), (0.02, 0.01), (20, 10))] == ["1,500", "0.5", "0.02", "20"]
    assert [tick_text(value, 1e14) for value in (9e14, 1e15, -2e15)] == ["900,000,000,000,000", "1e+15", "-2e+15"]


def chart(*series: list[tuple[str, str | None]]) -> Chart:
    made = tuple(
        Series(str(number), tuple((label, None if value is None else Decimal(value)) for label, value in points))
        for number, points in enumerate(series)
    )
    return Chart("c", "line", made)


def test_what_no_chart_can_show_has_no_place() -> None:
    assert [coordinate(value) for value in (None, Decimal("NaN"), Decimal("-Infinity"), Decimal("1e300"))] == [None] * 4
    assert [coordinate(Decimal(text)) for text in ("1.5", "-9.99e299")] == [1.5, -9.99e299]
    assert coordinates(chart([("a", "1"), ("b", None)], [("a", "NaN"), ("b", "2")])) == [1, 2]


def test_labels_of_several_series_are_in_times_order_if_each_of_them_is() -> None:
    assert labels_of(chart([("2026-01", "1"), ("2026-03", "1")], [("2026-02", "1"), ("2026-03", "1")])) == ["2026-01", "2026-02", "2026-03"]
    assert labels_of(chart([("b", "1"), ("a", "1")], [("c", "1"), ("a", "1")])) == ["b", "a", "c"]
    assert labels_of(chart([("b", "1"), ("a", "1")], [("a", "1"), ("b", "1")])) == ["b", "a"]
