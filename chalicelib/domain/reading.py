"""What a source could read in one go, and what it couldn't."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.usage import Sample

MetricName = tuple[str, ...]
"""(namespace, name, dimension, value, ...)"""


@dataclass(frozen=True)
class Registry:
    """Every metric that was ever listed, by "account/region" scope, with the day it was last listed on: the source forgets after a while.

    `listed_at` is when all scopes were last listed.
    """

    listed_at: datetime | None = None
    scopes: Mapping[str, tuple[tuple[MetricName, date], ...]] = field(default_factory=dict)

    def of(self, scope: str, since: date) -> set[MetricName]:
        """The scope's metrics that were listed on that day or later."""
        return {metric for metric, last in self.scopes.get(scope, ()) if last >= since}

    def with_listed(self, scope: str, metrics: Iterable[MetricName], on: date) -> Registry:
        seen = dict(self.scopes.get(scope, ()))
        seen |= {metric: max(on, seen.get(metric, on)) for metric in metrics}
        return replace(self, scopes=dict(sorted({**self.scopes, scope: tuple(sorted(seen.items()))}.items())))


@dataclass(frozen=True)
class UsageReading:
    """What a usage source could read: samples, the "account/region" scopes they cover, and (scope, reason) of what failed.

    `unknown` names metrics that it can't tell before an instant; `registry` is every metric it has ever seen, to be kept.
    """

    samples: tuple[Sample, ...]
    scopes: frozenset[str]
    failures: tuple[tuple[str, str], ...] = ()
    unknown: Mapping[str, datetime] = field(default_factory=dict)
    registry: Registry = Registry()


@dataclass(frozen=True)
class CostExport:
    """What a dropped cost export holds: its parts by day, how many rows they came from, and notes on what was odd."""

    parts: tuple[CostPart, ...]
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CostRows:
    """How many rows a cost export has, and how many of them have tags that can't be read."""

    rows: int = 0
    untagged: int = 0

    def __add__(self, other: CostRows) -> CostRows:
        return CostRows(self.rows + other.rows, self.untagged + other.untagged)

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"the tags of {self.untagged} rows are not a JSON object; those rows count as untagged",) if self.untagged else ()
