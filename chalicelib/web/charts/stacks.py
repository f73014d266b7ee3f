"""Bars set on one another, label by label: what is below zero hangs below it."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from chalicelib.domain.axis import Axis
from chalicelib.domain.report import Chart
from chalicelib.web.charts.frame import class_of, figure, gaps, legend, new_key, nothing, plot, rows_of, table
from chalicelib.web.charts.grid import Grid, anything_known, down, grid_of, middle, short, upright
from chalicelib.web.charts.words import told
from chalicelib.web.markup import shape

_SEEN = 3.0
"""A part that is higher than this leaves one unit of surface between it and the part before it."""


def stacked(chart: Chart, *, key: str = "") -> Markup:
    """A label of which nothing is known is shaded. `key` as for a line."""
    if not anything_known(chart):
        return nothing(chart)
    grid = grid_of(chart)
    parts = _parts(grid)
    axis = upright([end for column in parts for _, _, end in column])
    names = [(class_of(number), series.name) for number, series in enumerate(chart.series)]
    names += [("gap", "Not known")] if grid.unknown_runs() else []
    return figure(
        chart,
        legend(names) if len(names) > 1 else Markup(""),
        plot(chart, key or new_key(), grid.labels, axis, told(grid, chart), _shapes(grid, parts, axis), Markup("")),
        table(chart, grid, rows_of(grid, [None] * len(grid.labels))),
    )


def _parts(grid: Grid) -> list[list[tuple[int, float, float]]]:
    """Per series: number of the label, from, to."""
    ends: dict[tuple[int, bool], float] = {}
    parts: list[list[tuple[int, float, float]]] = []
    for column in grid.drawn:
        parts.append([])
        for index, height in enumerate(column):
            if height is not None:
                start = ends.get((index, height < 0), 0.0)
                ends[index, height < 0] = start + height
                parts[-1].append((index, start, start + height))
    return parts


def _shapes(grid: Grid, parts: list[list[tuple[int, float, float]]], axis: Axis) -> Iterator[Markup]:
    """A series is one path of upright strokes, as thick as bars are, but never so thick that few labels make slabs."""
    yield from gaps(grid)
    thick = f"{min(0.8, 0.06 * len(grid.labels)):.2f}"
    for number, column in enumerate(parts):
        bars = "".join(_bar(index, start, end, axis) for index, start, end in column if start != end)
        if bars:
            yield shape("path", class_=f"stack {class_of(number)}", stroke_width=thick, d=bars)


def _bar(index: int, start: float, end: float, axis: Axis) -> str:
    low, high = float(down(axis, start)), float(down(axis, end))
    if start and abs(high - low) > _SEEN:
        low += 1 if high > low else -1
    return f"M{middle(index)} {short(low)}V{short(high)}" if low != high else ""
