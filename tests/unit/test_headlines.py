"""What a record keeps of a report for its messages: the first figures, a chart, every notice; as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.report import Change, Chart, KeyFigure, KeyFigures, Report, Section, Series, Text
from chalicelib.usecases.reports.headlines import MOST_BARS, kept_of, told

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NUMBERS = st.none() | st.decimals(allow_nan=False, allow_infinity=False)
FIGURES = st.builds(
    KeyFigure,
    st.text(max_size=20),
    NUMBERS | st.text(max_size=10),
    st.sampled_from(["text", "money", "percent"]),
    st.text(max_size=5),
    st.none() | st.builds(Change, NUMBERS, st.text(max_size=5), st.text(max_size=10), st.sampled_from(["up", "down", ""])),
)


def report(*sections: Section) -> Report:
    return Report("costs", "Cost report", "acme", "Acme", NOW, (), sections)


@given(st.lists(FIGURES, min_size=1, max_size=16), st.lists(st.text(max_size=20), max_size=8, unique=True))
def test_figures_and_notices_come_back_as_they_were(figures: list[KeyFigure], notices: list[str]) -> None:
    blocks = (*(Text(text, notice=True) for text in notices), KeyFigures("At a glance", tuple(figures)))
    back = told(kept_of(report(Section("At a glance", blocks))))
    assert (back.figures, back.notices, back.chart) == (tuple(figures), tuple(notices), None)


def test_only_the_first_section_with_figures_and_the_first_ranked_chart_are_told() -> None:
    bars = tuple((f"s{number}", Decimal(number)) for number in range(12, 0, -1))
    first, second = (KeyFigures(name, (KeyFigure(name, 1, "integer"),)) for name in ("first", "second"))
    charts = Chart("Over time", "line", (Series("x", bars),)), Chart("Largest", "bar", (Series("x", bars),), "USD")
    back = told(kept_of(report(Section("none", (Text("x"),)), Section("a", (first, *charts)), Section("b", (second,)))))
    assert [figure.name for figure in back.figures] == ["first"]
    assert back.chart is not None
    assert (back.chart.title, back.chart.unit, back.chart.series[0].points) == ("Largest", "USD", bars[:MOST_BARS])
    assert back.chart.note == "The first 8 of 12; the report has all."


def test_a_record_of_before_says_nothing() -> None:
    assert told("").figures == ()
