"""Bars set on one another, label by label: what is below zero hangs below it."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor, white

from chalicelib.domain.axis import Axis, coordinate, labels_of
from chalicelib.domain.report import Chart
from chalicelib.renderers.pdf.axis import BELOW, PLOT_HEIGHT, add_labels, legend, upright
from chalicelib.renderers.pdf.look import SHADE

_CODES = "#0b4a7a #8cc5e8 #a63d00 #f6c667 #00614a #9ad9bf #5b2a6e #e3b4d6 #3d3d3d #c8c8c8 #7d1a2d #d8cf7a"
SHADES = tuple(HexColor(code) for code in _CODES.split())
"""Dark and light in turns, so that neighbours differ without colour, too."""
WIDEST = 36.0
_Stack = list[tuple[int, float, float]]
"""number of the series, from, to"""


def stacked(chart: Chart, width: float) -> list[Drawing]:
    """A label of which nothing is known has a shaded gap; the legend's order is the stack's, from zero outwards."""
    labels = labels_of(chart)
    stacks = _stacks(chart, labels)
    drawing, values, left = upright([end for stack in stacks for _, _, end in stack or []], width)
    pitch = (width - left) / len(labels)
    add_labels(drawing, labels, width - left, lambda index: left + pitch * (index + 0.5))
    for index, stack in enumerate(stacks):
        for shape in _bar(stack, left + pitch * index, pitch, values):
            drawing.add(shape)
    return [drawing, *legend([series.name for series in chart.series], width, _key)]


def _stacks(chart: Chart, labels: list[str]) -> list[_Stack | None]:
    """None where every value is unknown."""
    known: dict[str, _Stack] = {}
    ends: dict[tuple[str, bool], float] = {}
    for number, series in enumerate(chart.series):
        for label, value in series.points:
            height = coordinate(value)
            if height is not None:
                start = ends.get((label, height < 0), 0.0)
                ends[label, height < 0] = start + height
                known.setdefault(label, []).append((number, start, start + height))
    return [known.get(label) for label in labels]


def _bar(stack: _Stack | None, left: float, pitch: float, values: Axis) -> Iterator[Rect]:
    if stack is None:
        yield Rect(left, BELOW, pitch, PLOT_HEIGHT, fillColor=SHADE, strokeColor=None)
    thick = min(WIDEST, pitch * 0.76)
    for number, start, end in stack or []:
        low, high = sorted((values.at(start), values.at(end)))
        if high > low:
            edge = white if thick > 8 else None
            colour = SHADES[number % len(SHADES)]
            yield Rect(left + (pitch - thick) / 2, low, thick, high - low, fillColor=colour, strokeColor=edge, strokeWidth=0.5)


def _key(number: int, x: float) -> Rect:
    return Rect(x + 0.2, 1.5, 18, 7, fillColor=SHADES[number % len(SHADES)], strokeColor=None)
