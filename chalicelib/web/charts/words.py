"""A chart in a sentence or two, for those who hear it."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.figures import known, on_a_line, shown
from chalicelib.domain.report import Chart
from chalicelib.web.charts.grid import Grid

_MOST = 6
"""Series that are told of one by one."""


def told(grid: Grid, chart: Chart, ahead: int = 0, marked: int = 0) -> str:
    span = f"{len(grid.labels)} points from {on_a_line(grid.labels[0], 80)} to {on_a_line(grid.labels[-1], 80)}." if grid.labels else ""
    each = [_series(grid, chart, number) for number in range(min(_MOST, len(chart.series)))]
    more = [f"{len(chart.series) - _MOST} more series."] if len(chart.series) > _MOST else []
    more += [f"A forecast of {ahead} more."] if ahead else []
    more += [f"{marked} marked as unusual."] if marked else []
    return " ".join(part for part in [span, *each, *more] if part)


def _series(grid: Grid, chart: Chart, number: int) -> str:
    found = [(value, label) for value, label in zip(grid.columns[number], grid.labels, strict=True) if isinstance(known(value), Decimal)]
    name = f"{on_a_line(chart.series[number].name, 80)}: " if len(chart.series) > 1 else ""
    missing = len(grid.labels) - len(found)
    unknown = f", {missing} not known" if missing else ""
    if not found:
        return f"{name}not known."
    ends = [
        f"{word} {shown(value, grid.kind)} ({on_a_line(label, 80)})"
        for word, (value, label) in (("lowest", min(found, key=_of)), ("highest", max(found, key=_of)))
    ]
    return f"{name}{', '.join(ends)}{unknown}."


def _of(point: tuple[Decimal | None, str]) -> Decimal:
    return point[0] or Decimal(0)
