"""Charts for pages: well-formed, inert, exact, within their bounds, broken where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.figures import exact, known
from chalicelib.domain.report import Chart, Series
from chalicelib.web.charts import Ahead, Mark, bars, drawn, gauge, line, stacked
from chalicelib.web.charts.ranks import MOST_BARS

D = Decimal
EVIL = [
    "<script>alert(1)</script>",
    "\"' onload=alert(1) x='",
    "x" * 5000,
    "مرحبا \u202eevil",
    "a\nb\r\n\x00\ud800\ufffe",
    "]]>&amp;<!--",
    "",
]
NAMES = st.sampled_from(EVIL) | st.text(max_size=8)
VALUES = (
    st.none()
    | st.decimals(places=2, min_value=-(10**6), max_value=10**6)
    | st.decimals()
    | st.sampled_from([D("1E+300"), D("-9E+299"), D(0)])
)
POINTS = st.lists(st.tuples(NAMES | st.sampled_from(["2026-11-01", "2026-11-02"]), VALUES), max_size=6).map(tuple)
KINDS = ("line", "stacked", "bar", "gauge")
CHARTS = st.builds(
    Chart,
    NAMES,
    st.sampled_from(KINDS),
    st.lists(st.builds(Series, NAMES, POINTS), max_size=8).map(tuple),
    NAMES,
    VALUES,
    NAMES,
)
CSS = (Path(__file__).parents[2] / "chalicelib" / "web" / "assets" / "charts.css").read_text()
ALLOWED = {
    *["figure", "figcaption", "span", "p", "ul", "li", "div", "svg", "title", "desc", "path", "rect", "g", "data", "text"],
    *["details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"],
}
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def days(count: int) -> list[str]:
    return [(date(2026, 9, 1) + timedelta(number)).isoformat() for number in range(count)]


def chart(*columns: list[Decimal | None], kind: Literal["line", "stacked", "bar", "gauge"] = "line") -> Chart:
    series = tuple(Series(f"series {number}", tuple(zip(days(len(column)), column, strict=True))) for number, column in enumerate(columns))
    return Chart("Costs", kind, series, "USD")


def costs(count: int, start: int = 1000) -> list[Decimal | None]:
    return [D(start) + D(number * 7919 % 50_000) / 100 for number in range(count)]


def read(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def path(figure: ElementTree.Element, kind: str) -> str:
    return "".join(each.get("d", "") for each in figure.iter("path") if each.get("class", "").split()[:1] == [kind])


def strokes(path: str) -> list[list[tuple[float, float]]]:
    """Where the pen goes, lift by lift."""
    found: list[list[tuple[float, float]]] = []
    x = y = 0.0
    for command, text in re.findall("([MLHVhvz])([^MLHVhvz]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
        if command in "ML":
            found += [[]] if command == "M" else []
            found[-1] += zip(numbers[::2], numbers[1::2], strict=True)
        elif command != "z":
            x, y = found[-1][-1]
            found[-1].append({"H": (numbers[0], y), "V": (x, numbers[0]), "h": (x + numbers[0], y), "v": (x, y + numbers[0])}[command])
    return found


def told(figure: ElementTree.Element) -> list[Decimal]:
    texts = [each.get("data-v") or each.get("value") for each in figure.iter() if each.tag in ("td", "data")]
    return [D(text) for text in texts if text is not None]


def all_values(of: Chart) -> list[Decimal]:
    return [D(exact(value)) for series in of.series for _, value in series.points if known(value) is not None and value is not None]


@QUICK
@given(CHARTS)
def test_a_chart_is_well_formed_and_inert_whatever_is_in_it(of: Chart) -> None:
    figure = read(drawn(of))
    assert {each.tag for each in figure.iter()} <= ALLOWED
    names = {name for each in figure.iter() for name in each.attrib}
    assert not [name for name in names if name == "style" or name.startswith("on") or "href" in name]
    ids = [each.get("id") for each in figure.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert {name for each in figure.iter() for name in each.get("aria-labelledby", "").split()} == set(ids)


@QUICK
@given(CHARTS)
def test_every_known_value_is_told_with_every_digit(of: Chart) -> None:
    found = told(read(drawn(of)))
    assert of.kind == "gauge" or set(all_values(of)) <= set(found)


@QUICK
@given(VALUES, VALUES)
def test_a_gauge_tells_every_digit_of_its_value(value: Decimal | None, most: Decimal | None) -> None:
    of = Chart("Score", "gauge", (Series("Score", (("Score", value),)),), most=most)
    assert told(read(gauge(of))) == all_values(of)


@QUICK
@given(CHARTS)
def test_nothing_is_drawn_beyond_the_plot(of: Chart) -> None:
    for svg in read(drawn(of)).iter("svg"):
        if svg.get("class") == "plot":
            _, _, width, height = map(float, svg.get("viewBox", "").split())
            spots = [spot for each in svg.iter("path") for stroke in strokes(each.get("d", "")) for spot in stroke]
            assert all(0 <= x <= width and 0 <= y <= height for x, y in spots)


@QUICK
@given(st.lists(st.none() | st.integers(-100, 100).map(D), min_size=1, max_size=20))
def test_a_line_joins_neighbours_that_are_known_and_nothing_else(column: list[Decimal | None]) -> None:
    figure = read(line(chart(column)))
    joined = [(a, b) for stroke in strokes(path(figure, "line")) for (a, _), (b, _) in pairwise(stroke)]
    known_places = [index + 0.5 for index, value in enumerate(column) if value is not None]
    assert joined == [(place, place + 1) for place in known_places if place + 1 in known_places]
    dots = [stroke[0][0] for stroke in strokes(path(figure, "dot"))]
    assert dots == [place for place in known_places if place - 1 not in known_places and place + 1 not in known_places]


def test_where_nothing_is_known_the_plot_is_shaded_and_the_legend_says_so() -> None:
    figure = read(line(chart([D(1), None, None, D(2), D(3)], [D(1), D(2), None, D(2), D(3)])))
    assert [stroke[0] for stroke in strokes(path(figure, "gap"))] == [(2, 0)], "what one of the series knows isn't shaded"
    assert "Not known" in [each.tail for each in figure.iter("svg")]


@pytest.mark.parametrize(
    "of", [Chart("Costs", "line", ()), chart([None, D("NaN")]), replace(chart([None]), kind="stacked"), Chart("x", "bar", ())]
)
def test_a_chart_of_nothing_known_says_so(of: Chart) -> None:
    figure = read(drawn(of))
    assert [each.text for each in figure.iter("p")] == ["Nothing is known of this period."]
    assert not list(figure.iter("svg"))


def test_two_charts_of_one_title_share_no_id_and_one_with_a_key_is_always_the_same() -> None:
    of = chart(costs(3))
    assert not set(re.findall(' id="([^"]+)"', line(of))) & set(re.findall(' id="([^"]+)"', line(of)))
    assert line(of, key="a") == line(of, key="a")


def test_each_label_has_a_place_to_hit_and_a_row_of_its_own_in_the_same_order() -> None:
    figure = read(line(chart(costs(3)), Ahead((("2026-09-04", D(1), D(2), D(3)),))))
    hits = [(each.get("data-i"), each.get("x")) for each in figure.iter("rect")]
    assert hits == [(str(number), str(number)) for number in range(4)]
    rows = [row[0].text for row in figure.iterfind(".//tbody/tr")]
    assert rows == [*days(3), "2026-09-04"]


def test_a_repeated_label_loses_no_value() -> None:
    of = Chart("Twice", "stacked", (Series("a", (("x", D(1)), ("x", D(2)))), Series("b", (("y", D(3)),))))
    assert sorted(told(read(stacked(of)))[-3:]) == [1, 2, 3]


def test_the_band_begins_at_the_last_known_point_and_is_told_row_by_row() -> None:
    figure = read(
        line(chart([D(100), D(50)]), Ahead((("2026-09-03", D("40.5"), D(60), D(80)), ("2026-09-04", D(40), D(60), D(80))), "80 %"))
    )
    assert strokes(path(figure, "ahead"))[-1] == [(1.5, 100), (2.5, 80), (3.5, 80)]
    assert strokes(path(figure, "band")) == [[(1.5, 100), (2.5, 40), (3.5, 40), (3.5, 120), (2.5, 119), (1.5, 100)]]
    assert "".join(list(figure.iter("tr"))[-2].itertext()) == "2026-09-0360.00Forecast: 40.50 to 80.00"


def test_a_forecast_after_a_gap_stands_by_itself() -> None:
    figure = read(line(chart([D(100), None]), Ahead((("2026-09-03", D(1), D(60), D(80)),))))
    assert not path(figure, "band")
    assert [stroke[0][0] for stroke in strokes(path(figure, "dot"))] == [0.5, 2.5]


def test_a_mark_has_a_shape_a_key_and_words() -> None:
    figure = read(line(chart([D(100), D(50)]), marks=(Mark("2026-09-02", "EC2 <high>"), Mark("2026-09-02", "S3"), Mark("never", "x"))))
    marks = [each for each in figure.iter("svg") if each.get("overflow")]
    assert [(each.get("x"), each.get("y")) for each in marks] == [("75%", "50%")]
    assert [row[-1].text for row in figure.iterfind(".//tbody/tr")] == [None, "EC2 <high>; S3"]
    assert "Unusual" in [each.tail for each in figure.iter("svg")]


def test_stacks_rise_and_hang_from_zero_with_a_gap_between_parts() -> None:
    figure = read(stacked(chart([D(50)], [D(50)], [D(-100)], kind="stacked")))
    assert sorted(strokes(path(figure, "stack"))) == [[(0.5, 49), (0.5, 0)], [(0.5, 100), (0.5, 50)], [(0.5, 100), (0.5, 200)]]


def test_bars_below_zero_lie_on_its_other_side() -> None:
    rects = [each for each in read(bars(chart([D(75), D(-25)], kind="bar"))).iter("rect") if each.get("rx")]
    assert [(each.get("x"), each.get("width"), each.get("class")) for each in rects] == [("25%", "75%", "s1"), ("0%", "25%", "below")]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", " /a", ""]
)
def test_no_bar_leads_out_of_the_site(link: str) -> None:
    assert "<a " not in bars(chart([D(1)], kind="bar"), {"2026-09-01": link})


def test_a_bar_leads_where_its_link_says() -> None:
    found = bars(chart([D(1), D(2)], kind="bar"), {"2026-09-02": '/costs?by=service&x="'})
    assert [(each.get("href"), each.text) for each in read(found).iter("a")] == [('/costs?by=service&x="', "2026-09-02")]


def test_many_bars_are_folded_away_and_none_is_lost() -> None:
    figure = read(bars(chart(costs(MOST_BARS + 3), kind="bar")))
    assert len(figure.findall("table/tbody/tr")) == MOST_BARS
    assert (len(figure.findall("details/table/tbody/tr")), figure.findtext("details/summary")) == (3, "3 more")


@pytest.mark.parametrize(
    ("value", "most", "dash", "text"),
    [
        (D(73), D(100), "73 200", "73of 100"),
        (D(0), D(100), None, "0of 100"),
        (D(-5), D(100), None, "-5of 100"),
        (D(120), D(100), "100 200", "120of 100"),
        (None, D(100), None, "n/aof 100"),
        (D(3), None, None, "3"),
        (D("1E+300"), D(0), None, "1.000E+300of 0"),
    ],
)
def test_a_gauge_fills_its_arc_by_the_share(value: Decimal | None, most: Decimal | None, dash: str | None, text: str) -> None:
    figure = read(gauge(Chart("Score", "gauge", (Series("Score", (("Score", value),)),), most=most)))
    assert next((each.get("stroke-dasharray") for each in figure.iter("path") if each.get("stroke-dasharray")), None) == dash
    assert "".join("".join(each.itertext()) for each in figure.iter("p")) == text


def test_tables_have_captions_scopes_and_a_name_to_scroll_by() -> None:
    figure = read(line(chart(costs(3), costs(3))))
    assert figure.findtext(".//table/caption") == "Costs (USD)"
    assert {each.get("scope") for each in figure.iterfind(".//thead//th")} == {"col"}
    assert {each.get("scope") for each in figure.iterfind(".//tbody//th")} == {"row"}
    scrolled = next(each for each in figure.iter("div") if each.get("class") == "scroll")
    assert (scrolled.get("tabindex"), scrolled.get("role"), scrolled.get("aria-label")) == ("0", "group", "Table: Costs")


def classes() -> Iterator[str]:
    examples = [line(chart(costs(3), [D(1), None, None]), Ahead((("2026-09-04", D(1), D(2), D(3)),)), (Mark("2026-09-01", "x"),))]
    examples += [line(chart(costs(3))), stacked(chart(*[costs(3)] * 8)), bars(chart(costs(20), [D(-1)])), line(chart([]))]
    examples += [gauge(chart([D(1)])), gauge(chart([None])), gauge(replace(chart([D(10**9)]), most=D(2)))]
    for example in examples:
        for each in read(example).iter():
            yield from each.get("class", "").split()


def test_every_class_that_charts_use_is_styled() -> None:
    unstyled = {name for name in classes() if not re.search(rf"\.{name}\b", CSS)}
    assert unstyled == {"chart-line"}, "for the page"


def test_charts_stay_small() -> None:
    assert len(line(chart(costs(90)))) < 14_000
    assert len(stacked(chart(*[costs(90)] * 6))) < 40_000
    assert len(line(chart(costs(400)))) < 60_000
