"""A chart's points in a grid: a row for every label, a column for every series, nothing lost and nothing made up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from chalicelib.domain.axis import Axis, coordinate, labels_of, round_axis
from chalicelib.domain.figures import kind_of, known
from chalicelib.domain.report import Chart, Kind, Series

HEIGHT = 200
"""Of a plot, in units of its viewBox; its width is the number of its labels."""
_LABELS = {"date": re.compile(r"\d{4}-\d\d-\d\d"), "hour": re.compile(r"\d{4}-\d\d-\d\dT\d\d")}


@dataclass(frozen=True)
class Grid:
    """`columns` go along with `labels`, unknown where a series has no such label; a label that a series repeats has a row each time."""

    labels: Sequence[str]
    columns: Sequence[Sequence[Decimal | None]]
    kind: Kind

    @cached_property
    def drawn(self) -> list[list[float | None]]:
        """The columns as far as they can be drawn."""
        return [[coordinate(value) for value in column] for column in self.columns]

    def unknown_runs(self) -> list[tuple[int, int]]:
        """First label and number of labels, wherever nothing can be drawn of any series."""
        return runs(index for index in range(len(self.labels)) if all(column[index] is None for column in self.drawn))


def grid_of(chart: Chart, others: Iterable[Decimal | None] = ()) -> Grid:
    """All values are shown alike, with the `others` that will stand beside them."""
    columns = [_numbered(series) for series in chart.series]
    times = Counter[str]()
    for column in columns:
        times |= Counter(label for label, _ in column)
    keys = [(label, number) for label in labels_of(chart) for number in range(times[label])]
    kind = kind_of([*others, *(value for column in columns for value in column.values())])
    return Grid([label for label, _ in keys], [[column.get(key) for key in keys] for column in columns], kind)


def _numbered(series: Series) -> dict[tuple[str, int], Decimal | None]:
    seen, found = Counter[str](), {}
    for label, value in series.points:
        found[label, seen[label]] = value
        seen[label] += 1
    return found


def anything_known(chart: Chart) -> bool:
    return any(known(value) is not None for series in chart.series for _, value in series.points)


def kind_of_labels(labels: Iterable[str]) -> str | None:
    """ "date" if every label is a day, "hour" if some are hours, whose midnights documents write as days."""
    found = list(labels)
    if not found or not all(any(form.fullmatch(label) for form in _LABELS.values()) for label in found):
        return None
    return "date" if all(_LABELS["date"].fullmatch(label) for label in found) else "hour"


def runs(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Of rising indexes: the first and the number of each unbroken run."""
    found: list[tuple[int, int]] = []
    for index in indexes:
        if found and sum(found[-1]) == index:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((index, 1))
    return found


def upright(values: list[float]) -> Axis:
    """From the plot's bottom to its top; nothing but zeros gets a scale to 1."""
    return round_axis(values if any(values) else [1.0], 0, HEIGHT)


def down(axis: Axis, value: float) -> str:
    """How far below the plot's top a value lies."""
    return short(min(HEIGHT, max(0.0, HEIGHT - axis.at(value))))


def middle(index: int) -> str:
    """Of a label's place, along the plot."""
    return short(index + 0.5)


def short(number: float) -> str:
    """One decimal at most, and no zero that says nothing."""
    return f"{number:.1f}".removesuffix(".0").replace("0.", ".", 1) if 0 <= number < 1 else f"{number:.1f}".removesuffix(".0")
