"""The Charts sheet: each chart's points as a typed range, with a native chart drawn from it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference

from chalicelib.domain.report import Chart, Series
from chalicelib.renderers.figures import known, storable
from chalicelib.renderers.xlsx_cells import cell_of, number_format

ROWS_OF_A_CHART = 18


def add_charts(sheet: Any, charts: list[Chart]) -> None:
    """One range below the other, each chart to the right of its range."""
    sheet.column_dimensions["A"].width = 34
    top = 1
    for chart in charts:
        lines = _lines(chart)
        values = [value for line in lines[1:] for value in line[1:]]
        format = number_format("number", "", values)
        sheet.append([cell_of(sheet, f"{chart.title} ({chart.unit})" if chart.unit else chart.title, bold=True)])
        for line in lines:
            sheet.append([None if value is None else cell_of(sheet, value, format) for value in line])
        _draw(sheet, chart, top + 1, len(lines))
        rows = max(len(lines) + 1, ROWS_OF_A_CHART) + 1
        for _ in range(rows - len(lines) - 1):
            sheet.append([])
        top += rows


def _lines(chart: Chart) -> list[list[str | Decimal | None]]:
    """Header, then one line per label with each series' value. Unknown is blank, a gap in the chart: Excel draws text as 0."""
    found = [_by_label(series) for series in chart.series]
    labels = list(dict.fromkeys(label for points in found for label in points))
    header: list[str | Decimal | None] = ["Point (blank: unknown)", *(series.name for series in chart.series)]
    return [header, *([label[0], *(_decimal(points.get(label)) for points in found)] for label in labels)]


def _by_label(series: Series) -> dict[tuple[str, int], Decimal | None]:
    """Points by label and its occurrence: two bars may have one name."""
    seen: Counter[str] = Counter()
    points = {}
    for label, value in series.points:
        seen[label] += 1
        points[label, seen[label]] = value
    return points


def _decimal(value: Decimal | None) -> Decimal | None:
    return value if known(value) is not None else None


def _draw(sheet: Any, chart: Chart, top: int, count: int) -> None:
    if count < 2:
        return
    drawn = LineChart() if chart.kind == "line" else BarChart()
    if isinstance(drawn, BarChart):
        drawn.type = "bar"
        drawn.x_axis.scaling.orientation = "maxMin"
    drawn.y_axis.delete = drawn.x_axis.delete = False
    drawn.title, drawn.height, drawn.width = storable(chart.title)[:200], 8.5, 20
    bottom = top + count - 1
    drawn.add_data(Reference(sheet, min_col=2, max_col=len(chart.series) + 1, min_row=top, max_row=bottom), titles_from_data=True)
    drawn.set_categories(Reference(sheet, min_col=1, min_row=top + 1, max_row=bottom))
    sheet.add_chart(drawn, f"{_after(len(chart.series))}{top}")


def _after(series: int) -> str:
    return chr(ord("A") + min(25, series + 2))
