"""Axes on paper: their rules and labels, and the legend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reportlab.graphics.shapes import Drawing, Line, Shape, String
from reportlab.lib.colors import Color

from chalicelib.domain.axis import Axis, round_axis, tick_text
from chalicelib.renderers.pdf.look import GREY, INK, RULE
from chalicelib.renderers.pdf.text import PLAIN, fitting, text_width, visible_text

SIZE = 8.0
BELOW, PLOT_HEIGHT = 18.0, 128.0
LONGEST_LABEL = 24


def upright(values: list[float], width: float) -> tuple[Drawing, Axis, float]:
    """A drawing with a vertical axis, its rules drawn; the axis, and where its labels end."""
    axis = round_axis(values, BELOW, PLOT_HEIGHT)
    ticks = [(axis.at(tick), tick == 0, tick_text(tick, axis.step)) for tick in axis.ticks()]
    left = max(24.0, *(text_width(text, PLAIN, SIZE) + 7 for *_, text in ticks))
    drawing = Drawing(width, BELOW + PLOT_HEIGHT + 8)
    for height, is_zero, text in ticks:
        drawing.add(Line(left, height, width, height, strokeColor=GREY if is_zero else RULE, strokeWidth=0.8 if is_zero else 0.4))
        drawing.add(small_text(left - 5, height - 2.7, text, "end"))
    return drawing, axis, left


def add_labels(drawing: Drawing, labels: list[str], room: float, place: Callable[[int], float]) -> None:
    """As many as can be read side by side, each in the middle of its place, but within the drawing."""
    for index, text in _sparse([visible_text(label, LONGEST_LABEL) for label in labels], room):
        half = text_width(text, PLAIN, SIZE) / 2
        drawing.add(small_text(min(place(index), drawing.width - half), BELOW - 12, text, "middle"))


def _sparse(labels: list[str], room: float) -> Iterator[tuple[int, str]]:
    """The first is always among them."""
    widest = max(text_width(label, PLAIN, SIZE) for label in labels) + 14
    every = max(1, -(-len(labels) // max(1, int(room / widest))))
    return ((index, label) for index, label in enumerate(labels) if index % every == 0)


def legend(names: list[str], width: float, key: Callable[[int, float], Shape]) -> list[Drawing]:
    """One drawing per row of names; `key` draws what the series of a number looks like, from x on, 18 points wide."""
    rows, x = [Drawing(width, 13)], 0.0
    for number, each in enumerate(names):
        name = fitting(visible_text(each, 60), PLAIN, SIZE, width - 24)
        needed = 23 + text_width(name, PLAIN, SIZE) + 16
        if x and x + needed - 16 > width:
            rows.append(Drawing(width, 13))
            x = 0.0
        rows[-1].add(key(number, x))
        rows[-1].add(small_text(x + 23, 2, name, color=INK))
        x += needed
    return rows


def small_text(x: float, y: float, text: str, anchor: str = "start", color: Color = GREY) -> String:
    return String(x, y, text, fontName=PLAIN, fontSize=SIZE, fillColor=color, textAnchor=anchor)
