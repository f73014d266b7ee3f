"""Charts of a workbook: each one's points as a typed range of the Charts sheet, a native chart drawn from it on the Summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter

from chalicelib.domain.figures import known
from chalicelib.domain.report import Cell, Chart, Series
from chalicelib.renderers.xlsx.cells import BOLD, GENERAL, Column, Styles, row_xml
from chalicelib.renderers.xlsx.drawn import drawn, titled
from chalicelib.renderers.xlsx.names import number_format

COLUMN = "H"
"""Of the Summary sheet: the first that its texts leave free."""
ROWS_OF_A_CHART, FIGURE_WIDTH = 18, 22
_Line = Sequence[Cell]


class Charts:
    """Puts ranges one below the other on `sheet` and draws on `canvas`; `rows` is the XML of the ranges' rows."""

    def __init__(self, sheet: Any, canvas: Any, charts: list[Chart], colour: str) -> None:
        self._styles, self.rows = Styles(sheet), list[str]()
        sheet.column_dimensions["A"].width = 34
        for column in range(2, 2 + max(len(chart.series) for chart in charts)):
            sheet.column_dimensions[get_column_letter(column)].width = FIGURE_WIDTH
        for index, chart in enumerate(charts):
            lines = _lines(chart)
            self._add([titled(chart)], GENERAL, **BOLD)
            top = len(self.rows) + 1
            format = number_format("number", "", [value for line in lines[1:] for value in line[1:]])
            for line in [*lines, *_remarks(chart), []]:
                self._add(line, format)
            if len(lines) > 1 and chart.series:
                made = drawn(chart, sheet, top, lines, format)
                if colour and len(chart.series) == 1:
                    made.series[0].graphicalProperties.solidFill = colour.removeprefix("#")
                canvas.add_chart(made, f"{COLUMN}{1 + index * ROWS_OF_A_CHART}")

    def _add(self, line: _Line, format: str, **look: Any) -> None:
        """Unknown is blank, a gap in the chart: Excel draws text as 0."""
        number = len(self.rows) + 1
        found = [(index, value) for index, value in enumerate(line, start=1) if known(value) is not None]
        self.rows.append(row_xml(number, [Column(index, self._styles, format, **look).cell(str(number), value) for index, value in found]))


def _remarks(chart: Chart) -> list[_Line]:
    most: list[_Line] = [] if known(chart.most) is None else [("Scale ends at", chart.most)]
    return [*most, (chart.note,)] if chart.note else most


def _lines(chart: Chart) -> list[_Line]:
    """Header, then one line per label with each series' value."""
    found = [_by_label(series) for series in chart.series]
    labels = list(dict.fromkeys(label for points in found for label in points))
    header: _Line = ["Point (blank: unknown)", *(series.name for series in chart.series)]
    return [header, *([label[0], *(points.get(label) for points in found)] for label in labels)]


def _by_label(series: Series) -> dict[tuple[str, int], Decimal | None]:
    """Points by label and its occurrence: two bars may have one name."""
    seen: Counter[str] = Counter()
    points = {}
    for label, value in series.points:
        seen[label] += 1
        points[label, seen[label]] = value
    return points
