"""What a page has room for, what has only begun, and days as templates write them."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.report import Block, Chart, Column, Series, Table, Text
from chalicelib.routes.pages.short import MOST_ROWS, begun_apart, shortened
from chalicelib.web.charts.grid import kind_of_labels
from chalicelib.web.html import dated, last_day


def test_a_long_table_says_how_long_it_is_and_keeps_the_totals_of_all() -> None:
    rows = tuple((f"row {number}", Decimal(number)) for number in range(MOST_ROWS + 7))
    whole = Table("Costs", (Column("Name"), Column("Cost", "money", "USD")), rows, ("Total", Decimal(1596)), "By hand.")
    short, text = shortened([whole, Text("else")])
    assert isinstance(short, Table)
    assert (short.rows, short.totals) == (rows[:MOST_ROWS], whole.totals)
    assert short.note == "The first 50 of 57; a report has all of them. By hand."
    assert text == Text("else")
    fits: Block = Table("Costs", whole.columns, rows[:MOST_ROWS])
    assert list(shortened([fits])) == [fits]


def test_what_has_only_begun_is_a_point_of_its_own() -> None:
    days = ("2026-11-25", "2026-11-26")
    chart = Chart("Calls", "line", (Series("Calls", tuple(zip(days, map(Decimal, (10, 4)), strict=True))),))
    series = [{"start": f"{day}T00:00:00Z", "end": f"2026-11-{int(day[-2:]) + 1}T00:00:00Z"} for day in days]
    apart = begun_apart(chart, {"data_through": "2026-11-26T09:00:00Z", "series": series})
    assert [(one.name, [value for _, value in one.points]) for one in apart.series] == [("Calls", [10, None]), ("so far", [None, 4])]
    for through in ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z", None):
        assert begun_apart(chart, {"data_through": through, "series": series}) == chart


def test_labels_are_hours_where_some_are() -> None:
    assert kind_of_labels(["2026-11-24", "2026-11-24T01"]) == "hour", "midnight is written as a day"
    assert kind_of_labels(["2026-11-24", "2026-11-25"]) == "date"
    assert kind_of_labels(["2026-11-24", "EC2"]) is None
    assert kind_of_labels([]) is None


def test_days_in_text_are_marked_and_the_last_one_of_a_window_is_in_it() -> None:
    assert dated("from 2026-10-01 <to> 2026-11") == (
        'from <time datetime="2026-10-01">2026-10-01</time> &lt;to&gt; <time datetime="2026-11">2026-11</time>'
    )
    assert "2026-10-31" in last_day("2026-11-01T00:00:00Z")
