"""Ranked bars on paper, each with its name and its figure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reportlab.graphics.shapes import Drawing, Line, Rect
from reportlab.lib.colors import Color

from chalicelib.domain.axis import Axis, coordinate, coordinates
from chalicelib.domain.figures import figures_of
from chalicelib.domain.report import Chart
from chalicelib.renderers.pdf.axis import SIZE, small_text
from chalicelib.renderers.pdf.look import GREY, INK
from chalicelib.renderers.pdf.stacked import SHADES
from chalicelib.renderers.pdf.text import PLAIN, fitting, text_width, visible_text

BARS_A_DRAWING = 24
PITCH, THICK = 15.0, 10.0
_Bar = tuple[str, str, Decimal | None, int]
"""series, label, value, number of the series"""


def bars(chart: Chart, width: float, colour: Color | None) -> Iterator[Drawing]:
    """Every point is a bar; several series' bars of one label stand together, each in a shade of its own if there is no `colour`."""
    rows = [(series.name, label, value, number) for number, series in enumerate(chart.series) for label, value in series.points]
    first = {label: index for index, (_, label, *_) in reversed(list(enumerate(rows)))}
    rows.sort(key=lambda bar: (first[bar[1]], bar[3]))
    names = [_name(series, label, len(chart.series), width * 0.35) for series, label, *_ in rows]
    figures = figures_of([value for *_, value, _ in rows])
    left = max(text_width(name, PLAIN, SIZE) for name in names) + 8
    room = max(text_width(figure, PLAIN, SIZE) for figure in figures) + 6
    low, high = min(0.0, *coordinates(chart)), max(0.0, *coordinates(chart))
    axis = Axis(low, high if high > low else low + 1, 1, left, max(60.0, width - left - room))
    for start in range(0, len(rows), BARS_A_DRAWING):
        part = slice(start, start + BARS_A_DRAWING)
        yield _drawing(list(zip(names[part], figures[part], rows[part], strict=True)), axis, width, colour)


def _name(series: str, label: str, count: int, room: float) -> str:
    return fitting(visible_text(f"{label} · {series}" if count > 1 else label, 80), PLAIN, SIZE, room)


def _drawing(rows: list[tuple[str, str, _Bar]], axis: Axis, width: float, colour: Color | None) -> Drawing:
    drawing, zero = Drawing(width, PITCH * len(rows) + 6), axis.at(0)
    for index, (name, figure, (_, _, value, number)) in enumerate(rows):
        base = PITCH * (len(rows) - 1 - index) + 4
        end = axis.at(coordinate(value) or 0.0)
        fill = colour or SHADES[number % len(SHADES)]
        drawing.add(small_text(axis.origin - 6, base + 2.4, name, "end", INK))
        drawing.add(Rect(min(zero, end), base, abs(end - zero), THICK, fillColor=fill, strokeColor=None))
        drawing.add(small_text(max(zero, end) + 4, base + 2.4, figure, "start", INK))
    drawing.add(Line(zero, 0, zero, PITCH * len(rows) + 3, strokeColor=GREY, strokeWidth=0.6))
    return drawing
