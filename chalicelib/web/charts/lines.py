"""Lines over time: broken where nothing is known, with what lies ahead and what was unusual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from chalicelib.domain.axis import Axis
from chalicelib.domain.figures import on_a_line
from chalicelib.domain.report import Chart
from chalicelib.web.charts.ahead import Ahead, Spot, spots_of
from chalicelib.web.charts.ahead import rows as ahead_rows
from chalicelib.web.charts.ahead import shapes as ahead_shapes
from chalicelib.web.charts.frame import DIAMOND, class_of, figure, gaps, legend, new_key, nothing, plot, rows_of, table
from chalicelib.web.charts.grid import HEIGHT, Grid, anything_known, down, grid_of, middle, runs, short, upright
from chalicelib.web.charts.words import told
from chalicelib.web.markup import shape, tag


@dataclass(frozen=True)
class Mark:
    """What is to be seen of a label's point; a label that the chart doesn't have is passed over."""

    label: str
    text: str


def line(chart: Chart, ahead: Ahead | None = None, marks: Sequence[Mark] = (), *, key: str = "") -> Markup:
    """`key` begins the ids in it, and has to be the page's only one; without it every call makes ids of its own."""
    ahead = ahead or Ahead()
    if not anything_known(chart) and not ahead.points:
        return nothing(chart)
    grid, key = grid_of(chart, (each for _, *point in ahead.points for each in point)), key or new_key()
    noted, spots = _noted(grid, marks), spots_of(ahead, grid)
    axis = upright([each for column in [*grid.drawn, *(spot[1:] for spot in spots)] for each in column if each is not None])
    labels = [*grid.labels, *(label for label, *_ in ahead.points)]
    said = told(grid, chart, len(ahead.points), len(noted))
    rows = [*rows_of(grid, _remarks(grid, ahead, noted)), *ahead_rows(ahead, len(grid.columns), grid.kind)]
    return figure(
        chart,
        _legend(chart, grid, ahead, bool(noted)),
        plot(chart, key, labels, axis, said, _shapes(grid, spots, axis), _marked(grid, axis, noted, len(labels))),
        table(chart, grid, rows, bool(noted or ahead.points)),
    )


def _noted(grid: Grid, marks: Sequence[Mark]) -> dict[int, str]:
    """What is said of a label, at the first place that it has."""
    found: dict[int, str] = {}
    for mark in marks:
        if mark.label in grid.labels:
            index, text = grid.labels.index(mark.label), on_a_line(mark.text)
            found[index] = f"{found[index]}; {text}" if index in found else text
    return found


def _legend(chart: Chart, grid: Grid, ahead: Ahead, noted: bool) -> Markup:
    """A single line by itself needs none."""
    names = [(class_of(number), series.name or chart.title) for number, series in enumerate(chart.series)]
    more = [("ahead", ahead.name)] if ahead.points else []
    more += [("marked", "Unusual")] if noted else []
    more += [("gap", "Not known")] if grid.unknown_runs() else []
    return legend([*names, *more]) if len(names) > 1 or more else Markup("")


def _shapes(grid: Grid, spots: list[Spot], axis: Axis) -> Iterator[Markup]:
    yield from gaps(grid)
    for number, column in enumerate(grid.drawn):
        strokes, dots, areas = _paths(column, axis)
        kinds = {"area": areas if len(grid.columns) == 1 else "", "line": strokes, "dot": dots}
        yield from (shape("path", class_=f"{kind} {class_of(number)}", d=path) for kind, path in kinds.items() if path)
    yield from ahead_shapes(spots, axis)


def _paths(column: list[float | None], axis: Axis) -> tuple[str, str, str]:
    """One stroke per run of known values, and the area below it; a run of one is a dot."""
    strokes, dots, areas, zero = "", "", "", down(axis, 0.0)
    for first, count in runs(index for index, each in enumerate(column) if each is not None):
        spots = " ".join(f"{middle(index)} {down(axis, column[index] or 0.0)}" for index in range(first, first + count))
        if count == 1:
            dots += f"M{spots}h0"
        else:
            strokes += f"M{spots}"
            areas += f"M{middle(first)} {zero}L{spots}V{zero}z"
    return strokes, dots, areas


def _marked(grid: Grid, axis: Axis, noted: dict[int, str], count: int) -> Markup:
    """Diamonds, which keep their shape however the plot is stretched, on the highest point that there is."""
    spots = [(index, max(found)) for index in noted if (found := [each for column in grid.drawn if (each := column[index]) is not None])]
    places = [(short(100 * (index + 0.5) / count), short(100 - 100 * axis.at(each) / HEIGHT)) for index, each in spots]
    placed = (tag("svg", shape("path", d=DIAMOND), x=f"{x}%", y=f"{y}%", overflow="visible") for x, y in places)
    return tag("svg", *placed, class_="marks", aria_hidden="true") if spots else Markup("")


def _remarks(grid: Grid, ahead: Ahead, noted: dict[int, str]) -> Iterator[Markup | None]:
    for index in range(len(grid.labels)):
        yield tag("td", noted.get(index, "")) if noted or ahead.points else None
