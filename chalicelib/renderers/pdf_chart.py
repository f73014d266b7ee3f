"""Charts on paper: told apart by dash, marker and shade as well as by colour; a None point is a gap."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect
from reportlab.lib.colors import HexColor, white

from chalicelib.domain.report import Chart, Kind, Series
from chalicelib.renderers.figures import places, shown, stated_places
from chalicelib.renderers.pdf_axis import SIZE, Axis, coordinate, coordinates, round_axis, small_text, tick_text
from chalicelib.renderers.pdf_look import GREY, INK, RULE
from chalicelib.renderers.pdf_text import PLAIN, text_width, visible_text

COLOURS = tuple(HexColor(code) for code in ("#0b4a7a", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7a5c00"))
DASHES = (None, (5, 2), (1.5, 1.5), (7, 2, 1.5, 2), (3, 1), (9, 3))
BARS_A_DRAWING = 30
PITCH = 14.0
BELOW = 18.0
PLOT_HEIGHT = 130.0
_Bar = tuple[str, str, Decimal | None, int]
"""series, label, value, number of the series"""


def drawings(chart: Chart, width: float) -> list[Drawing]:
    """The chart as drawings that may be parted by a page's end; none if it has no known value."""
    if not coordinates(chart):
        return []
    if chart.kind == "bar":
        return list(_bars(chart, width))
    return [_lines(chart, width), *(_legend(chart.series, width) if len(chart.series) > 1 else [])]


def _lines(chart: Chart, width: float) -> Drawing:
    labels = _labels(chart)
    values = round_axis(coordinates(chart), BELOW, PLOT_HEIGHT)
    ticks = [(values.at(tick), tick == 0, tick_text(tick, values.step)) for tick in values.ticks()]
    left = max(24.0, *(text_width(text, PLAIN, SIZE) + 6 for *_, text in ticks))
    times = Axis(0, max(1, len(labels) - 1), 1, left, width - left - 8)
    drawing = Drawing(width, BELOW + PLOT_HEIGHT + 8)
    for height, is_zero, text in ticks:
        drawing.add(Line(left, height, width, height, strokeColor=GREY if is_zero else RULE, strokeWidth=0.8 if is_zero else 0.3))
        drawing.add(small_text(left - 4, height - 2.5, text, "end"))
    for index, text in _sparse([visible_text(label, 24) for label in labels], width - left):
        drawing.add(small_text(times.at(index), BELOW - 11, text, "end" if index == len(labels) - 1 > 0 else "middle"))
    position = {label: index for index, label in enumerate(labels)}
    for number, series in enumerate(chart.series):
        for shape in _line(series, number, position, times, values):
            drawing.add(shape)
    return drawing


def _labels(chart: Chart) -> list[str]:
    """Every point's label once: in time's order if each series is, else as they come."""
    labels = [[label for label, _ in series.points] for series in chart.series]
    union = list(dict.fromkeys(label for each in labels for label in each))
    return sorted(union) if all(each == sorted(each) for each in labels) else union


def _sparse(labels: list[str], room: float) -> Iterator[tuple[int, str]]:
    """Only as many labels as can be read side by side; the first is always among them."""
    widest = max(text_width(label, PLAIN, SIZE) for label in labels) + 14
    every = max(1, -(-len(labels) // max(1, int(room / widest))))
    return ((index, label) for index, label in enumerate(labels) if index % every == 0)


def _line(series: Series, number: int, position: dict[str, int], times: Axis, values: Axis) -> Iterator[PolyLine | Circle]:
    """One stroke per run of known values; a run of one point, which no stroke shows, and short series get dots."""
    found = sorted((position[label], at) for label, value in series.points if (at := coordinate(value)) is not None)
    colour = COLOURS[number % len(COLOURS)]
    for _, run in groupby(enumerate(found), key=lambda item: item[1][0] - item[0]):
        spots = [(times.at(index), values.at(value)) for _, (index, value) in run]
        if len(spots) > 1:
            yield _stroke([place for spot in spots for place in spot], number)
        for x, y in spots if len(spots) == 1 or len(position) <= 31 else ():
            yield Circle(x, y, 1.7, strokeColor=colour, strokeWidth=0.8, fillColor=white if number % 2 else colour)


def _stroke(points: list[float], number: int) -> PolyLine:
    return PolyLine(points, strokeColor=COLOURS[number % len(COLOURS)], strokeWidth=1.4, strokeDashArray=DASHES[number % len(DASHES)])


def _legend(all_series: tuple[Series, ...], width: float) -> list[Drawing]:
    """One drawing per row of names."""
    rows, x = [Drawing(width, 11)], 0.0
    for number, series in enumerate(all_series):
        name = visible_text(series.name, 60)
        needed = 22 + text_width(name, PLAIN, SIZE) + 16
        if x and x + needed > width:
            rows.append(Drawing(width, 11))
            x = 0.0
        rows[-1].add(_stroke([x, 4.5, x + 18, 4.5], number))
        rows[-1].add(small_text(x + 22, 2, name, color=INK))
        x += needed
    return rows


def _bars(chart: Chart, width: float) -> Iterator[Drawing]:
    """Every point is a bar with its figure; several series' bars of one label stand together."""
    bars = [(series.name, label, value, number) for number, series in enumerate(chart.series) for label, value in series.points]
    first = {label: index for index, (_, label, *_) in reversed(list(enumerate(bars)))}
    bars.sort(key=lambda bar: (first[bar[1]], bar[3]))
    names = [visible_text(f"{label} · {series}" if len(chart.series) > 1 else label, 42) for series, label, *_ in bars]
    figures = _figures([value for *_, value, _ in bars])
    left = max(text_width(name, PLAIN, SIZE) for name in names) + 8
    room = max(text_width(figure, PLAIN, SIZE) for figure in figures) + 6
    low, high = min(0.0, *coordinates(chart)), max(0.0, *coordinates(chart))
    axis = Axis(low, high if high > low else low + 1, 1, left, max(60.0, width - left - room))
    for start in range(0, len(bars), BARS_A_DRAWING):
        part = slice(start, start + BARS_A_DRAWING)
        yield _bar_drawing(list(zip(names[part], figures[part], bars[part], strict=True)), axis, width)


def _figures(values: list[Decimal | None]) -> list[str]:
    """Whole numbers as such; with places as a column of money has them, otherwise."""
    broken = any(value is not None and value.is_finite() and stated_places(value) for value in values)
    kind: Kind = "money" if broken else "integer"
    return [shown(value, kind, places(kind, values)) for value in values]


def _bar_drawing(rows: list[tuple[str, str, _Bar]], axis: Axis, width: float) -> Drawing:
    drawing, zero = Drawing(width, PITCH * len(rows) + 6), axis.at(0)
    for index, (name, figure, (_, _, value, number)) in enumerate(rows):
        base = PITCH * (len(rows) - 1 - index) + 4
        end = axis.at(coordinate(value) or 0.0)
        drawing.add(small_text(axis.origin - 6, base + 2, name, "end", INK))
        drawing.add(Rect(min(zero, end), base, abs(end - zero), 9, fillColor=COLOURS[number % len(COLOURS)], strokeColor=None))
        drawing.add(small_text(max(zero, end) + 4, base + 2, figure, "start", INK))
    drawing.add(Line(zero, 0, zero, PITCH * len(rows) + 2, strokeColor=GREY, strokeWidth=0.6))
    return drawing
