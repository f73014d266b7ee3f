"""Charts on paper: told apart by dash, marker and shade as well as by colour; a None point is a gap."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reportlab.graphics.shapes import Circle, Drawing, PolyLine
from reportlab.lib.colors import Color, HexColor, white

from chalicelib.domain.axis import Axis, coordinate, coordinates, labels_of
from chalicelib.domain.report import Chart, Series
from chalicelib.renderers.pdf.axis import add_labels, legend, upright
from chalicelib.renderers.pdf.bars import bars
from chalicelib.renderers.pdf.gauge import gauge
from chalicelib.renderers.pdf.look import Look
from chalicelib.renderers.pdf.stacked import stacked

COLOURS = tuple(HexColor(code) for code in ("#0b4a7a", "#d55e00", "#009e73", "#b0508f", "#3a9bd9", "#7a5c00"))
DASHES = (None, (5, 2), (1.5, 1.5), (7, 2, 1.5, 2), (3, 1), (9, 3))
DOTTED = 31
"""With more labels than this a line has no dots."""


def drawings(chart: Chart, width: float, look: Look) -> list[Drawing]:
    """The chart as drawings that may be parted by a page's end; none if it has no known value, but a gauge says so itself."""
    if chart.kind == "gauge":
        return [gauge(chart, width, look)]
    if not coordinates(chart):
        return []
    if chart.kind == "bar":
        return list(bars(chart, width, look.legible if len(chart.series) == 1 else None))
    return stacked(chart, width) if chart.kind == "stacked" else _lines(chart, width, look)


def _lines(chart: Chart, width: float, look: Look) -> list[Drawing]:
    colours = (look.legible,) if len(chart.series) == 1 else COLOURS
    drawing, values, left = upright(coordinates(chart), width)
    labels = labels_of(chart)
    times = Axis(0, max(1, len(labels) - 1), 1, left + 4, width - left - 12)
    add_labels(drawing, labels, width - left, times.at)
    position = {label: index for index, label in enumerate(labels)}
    for number, series in enumerate(chart.series):
        for shape in _line(series, number, colours[number % len(colours)], position, times, values):
            drawing.add(shape)
    if len(chart.series) == 1:
        return [drawing]
    names = [series.name for series in chart.series]
    return [drawing, *legend(names, width, lambda number, x: _stroke([x, 4.7, x + 18, 4.7], number, COLOURS[number % len(COLOURS)]))]


def _line(series: Series, number: int, colour: Color, position: dict[str, int], times: Axis, values: Axis) -> Iterator[PolyLine | Circle]:
    """One stroke per run of known values; a run of one point, which no stroke shows, and short series get dots."""
    found = sorted((position[label], at) for label, value in series.points if (at := coordinate(value)) is not None)
    for _, run in groupby(enumerate(found), key=lambda item: item[1][0] - item[0]):
        spots = [(times.at(index), values.at(value)) for _, (index, value) in run]
        if len(spots) > 1:
            yield _stroke([place for spot in spots for place in spot], number, colour)
        for x, y in spots if len(spots) == 1 or len(position) <= DOTTED else ():
            yield Circle(x, y, 1.8, strokeColor=colour, strokeWidth=0.8, fillColor=white if number % 2 else colour)


def _stroke(points: list[float], number: int, colour: Color) -> PolyLine:
    return PolyLine(points, strokeColor=colour, strokeWidth=1.5, strokeDashArray=DASHES[number % len(DASHES)])
