"""What is expected after a line's last point: a band with a dashed line in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from markupsafe import Markup

from chalicelib.domain.axis import Axis, coordinate
from chalicelib.domain.figures import on_a_line
from chalicelib.domain.report import Kind
from chalicelib.web.charts.grid import Grid, down, middle
from chalicelib.web.markup import shape, tag
from chalicelib.web.shown import bare, cell


@dataclass(frozen=True)
class Ahead:
    """What is expected of the first series after its last label: (label, low, expected, high). `interval` names the band ("80 %")."""

    points: tuple[tuple[str, Decimal | None, Decimal | None, Decimal | None], ...] = ()
    interval: str = ""

    @property
    def name(self) -> str:
        return f"Forecast, {on_a_line(self.interval, 80)} interval" if self.interval else "Forecast"


class Spot(NamedTuple):
    place: int
    low: float
    expected: float
    high: float


def spots_of(ahead: Ahead, grid: Grid) -> list[Spot]:
    """Whatever of it can be drawn, from the first series' last point on where that is known."""
    last = grid.drawn[0][-1] if grid.columns and grid.labels else None
    spots = [] if last is None or not ahead.points else [Spot(len(grid.labels) - 1, last, last, last)]
    for index, (_, *point) in enumerate(ahead.points, len(grid.labels)):
        low, expected, high = (coordinate(each) for each in point)
        if low is not None and expected is not None and high is not None:
            spots.append(Spot(index, low, expected, high))
    return spots


def shapes(spots: list[Spot], axis: Axis) -> Iterator[Markup]:
    """A spot by itself, which has no width for a band, is a dot."""
    low, expected, high = ([f"{middle(spot.place)} {down(axis, spot[each])}" for spot in spots] for each in (1, 2, 3))
    if len(spots) == 1:
        yield shape("path", class_="dot ahead", d=f"M{expected[0]}h0")
    if len(spots) > 1:
        yield shape("path", class_="band", d=f"M{' '.join(high + low[::-1])}z")
        yield shape("path", class_="ahead", d=f"M{' '.join(expected)}")


def rows(ahead: Ahead, series: int, kind: Kind) -> Iterator[Markup]:
    """What is expected stands in the first series' column, the band among the remarks."""
    for label, low, expected, high in ahead.points:
        band = tag("td", "Forecast: ", bare(low, kind), " to ", bare(high, kind))
        others = [tag("td")] * (series - 1)
        yield tag("tr", tag("th", on_a_line(label), scope="row"), cell(expected, kind), *others, band, class_="ahead")
