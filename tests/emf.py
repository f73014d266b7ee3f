"""CloudWatch's embedded metric format, read as its specification says: what a line of a log is to CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

MOST_DIMENSIONS, MOST_METRICS, MOST_VALUES = 30, 100, 100
Dimensions = frozenset[tuple[str, str]]


class Point(NamedTuple):
    """One value of one metric."""

    namespace: str
    name: str
    dimensions: Dimensions
    at: datetime
    value: float


def points_of(lines: Iterable[str]) -> list[Point]:
    """What CloudWatch makes of the lines; a line that isn't what the specification wants is an AssertionError, not silence."""
    return [point for line in lines for point in _points(json.loads(line))]


def _points(root: dict[str, Any]) -> Iterator[Point]:
    metadata = root["_aws"]
    assert isinstance(metadata["Timestamp"], int), "milliseconds since 1970"
    assert metadata["CloudWatchMetrics"]
    at = datetime.fromtimestamp(metadata["Timestamp"] / 1000, UTC)
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 0 < len(directive["Metrics"]) <= MOST_METRICS
        for name in (definition["Name"] for definition in directive["Metrics"]):
            for value, names in product(_values(root[name]), directive["Dimensions"]):
                yield Point(directive["Namespace"], name, _dimensions(root, names), at, value)


def _dimensions(root: dict[str, Any], names: list[str]) -> Dimensions:
    assert len(names) <= MOST_DIMENSIONS
    assert all(isinstance(root[name], str) and root[name] for name in names), "a dimension's value is a member of the root, and a string"
    return frozenset((name, root[name]) for name in names)


def _values(target: Any) -> list[float]:
    values = target if isinstance(target, list) else [target]
    assert len(values) <= MOST_VALUES
    assert all(isinstance(value, int | float) and not isinstance(value, bool) for value in values), "a metric's value is a number"
    return [float(value) for value in values]
