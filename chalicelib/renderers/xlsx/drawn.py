"""Native charts of a workbook, drawn from ranges of its cells; what they show is in the chart, too, for viewers that read no ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.legend import Legend
from openpyxl.chart.series import Series, SeriesLabel

from chalicelib.domain.figures import known, storable
from chalicelib.domain.report import Cell, Chart
from chalicelib.renderers.xlsx.cells import GENERAL, double

LONGEST_TITLE = 200


def drawn(chart: Chart, sheet: Any, top: int, lines: Sequence[Sequence[Cell]], format: str) -> Any:
    """`lines` stand on the sheet from row `top` on: a header, then a label and each series' value, all of one number format."""
    made: Any = LineChart() if chart.kind == "line" else BarChart()
    _shape(made, chart)
    made.y_axis.delete = made.x_axis.delete = False
    made.y_axis.number_format = _axis_format(value for row in lines[1:] for value in row[1:])
    made.height, made.width = 8.5, 20
    if chart.title:
        made.title = storable(titled(chart))[:LONGEST_TITLE]
        made.title.overlay = False  # or Excel lays it over the plot
    header, *rows = lines
    labels = AxDataSource(strRef=_texts(sheet, 1, top + 1, [row[0] for row in rows]))
    for at in range(1, len(header)):
        name = SeriesLabel(strRef=_texts(sheet, at + 1, top, [header[at]]))
        values = NumDataSource(numRef=_numbers(sheet, at + 1, top + 1, [row[at] for row in rows], format))
        made.series.append(Series(idx=at - 1, order=at - 1, tx=name, cat=labels, val=values, smooth=False))  # a curve invents values
    made.legend = Legend(overlay=False) if len(made.series) > 1 else None
    return made


def _axis_format(values: Iterable[Cell]) -> str:
    """No places where an axis runs beyond ten: its marks are round."""
    largest = max((abs(value) for _, value in _finite(values)), default=0.0)
    return "#,##0" if largest > 10 else "#,##0.00" if largest >= 0.1 else GENERAL


def titled(chart: Chart) -> str:
    return f"{chart.title} ({chart.unit})" if chart.unit else chart.title


def _shape(made: Any, chart: Chart) -> None:
    """From zero on where nothing is below it: else growth looks larger than it is."""
    lowest = min((value for series in chart.series for _, value in _finite(value for _, value in series.points)), default=0.0)
    if lowest >= 0:
        made.y_axis.scaling.min = 0
    if chart.kind == "stacked":
        made.type, made.grouping, made.overlap = "col", "stacked", 100
    elif chart.kind in ("bar", "gauge"):
        made.type = "bar"
        made.x_axis.scaling.orientation = "maxMin"  # the first on top
    if chart.kind == "gauge" and known(chart.most) is not None:
        made.y_axis.scaling.min, made.y_axis.scaling.max = 0, float(chart.most or 0)


def _range(sheet: Any, column: int, top: int, count: int) -> str:
    return str(Reference(sheet, min_col=column, min_row=top, max_row=top + count - 1))


def _texts(sheet: Any, column: int, top: int, texts: Sequence[Cell]) -> StrRef:
    points = [StrVal(idx=index, v=storable(str(text))) for index, text in enumerate(texts)]
    return StrRef(f=_range(sheet, column, top, len(texts)), strCache=StrData(ptCount=len(texts), pt=points))


def _numbers(sheet: Any, column: int, top: int, values: Sequence[Cell], format: str) -> NumRef:
    points = [NumVal(idx=index, v=value) for index, value in _finite(values)]
    return NumRef(f=_range(sheet, column, top, len(values)), numCache=NumData(formatCode=format, ptCount=len(values), pt=points))


def _finite(values: Iterable[Any]) -> Iterable[tuple[int, float]]:
    found = ((index, double(value)) for index, value in enumerate(values) if known(value) is not None)
    return ((index, value) for index, value in found if isfinite(value))
