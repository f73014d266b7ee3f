"""What somebody would write with reportlab alone: the same tables and charts, no cover, no contents, no brand."""

from __future__ import annotations

import io
from typing import Any

from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from chalicelib.domain.figures import shown
from chalicelib.domain.report import Chart, KeyFigures, Report, Table

STYLE = [("GRID", (0, 0), (-1, -1), 0.3, "grey"), ("FONTSIZE", (0, 0), (-1, -1), 8)]
MARGIN = 48.0


def texts(table: Table) -> list[list[str]]:
    """The cells as our document has them."""
    every = [*table.rows, *([table.totals] if table.totals else [])]
    cells = [[shown(cell, column.kind) for cell, column in zip(row, table.columns, strict=True)] for row in every]
    return [[column.title for column in table.columns], *cells]


def longtable(table: Any) -> None:
    """With widths given, so that nothing is measured."""
    size = landscape(A4)
    widths = [(size[0] - 2 * MARGIN) / len(table.columns)] * len(table.columns)
    _document(size).build([LongTable(texts(table), colWidths=widths, repeatRows=1, style=STYLE)])


def script(report: Report) -> None:
    story: list[Any] = []
    styles, width = getSampleStyleSheet(), A4[0] - 2 * MARGIN
    for section in report.sections:
        story.append(Paragraph(section.title, styles["Heading1"]))
        for block in section.blocks:
            match block:
                case KeyFigures():
                    cells = [[f"{figure.name} {shown(figure.value, figure.kind)}" for figure in block.figures]]
                    story.append(Grid(cells, colWidths=[width / 4] * 4, style=STYLE))
                case Chart():
                    story += [Paragraph(block.title, styles["Heading2"]), _chart(block, width)]
                case Table():
                    widths = [width / len(block.columns)] * len(block.columns)
                    story += [Paragraph(block.title, styles["Heading2"]), Grid(texts(block), colWidths=widths, repeatRows=1, style=STYLE)]
                    story.append(Spacer(0, 8))
    _document(A4).build(story)


def _document(size: tuple[float, float]) -> SimpleDocTemplate:
    return SimpleDocTemplate(
        io.BytesIO(), pagesize=size, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN, invariant=1
    )


def _chart(chart: Chart, width: float) -> Drawing:
    drawing = Drawing(width, 160)
    values = [[float(value or 0) for _, value in series.points] for series in chart.series]
    labels = [label for label, _ in chart.series[0].points]
    if chart.kind == "line":
        drawn = LinePlot()
        drawn.data = [list(enumerate(each)) for each in values]
    else:
        drawn = VerticalBarChart() if chart.kind == "stacked" else HorizontalBarChart()
        drawn.data = values
        drawn.categoryAxis.categoryNames = labels
        drawn.categoryAxis.style = "stacked" if chart.kind == "stacked" else "parallel"
    drawn.x, drawn.y, drawn.width, drawn.height = 60, 20, width - 80, 130
    drawing.add(drawn)
    return drawing
