"""What a payer was charged, by day; filtered and grouped as Cost Explorer does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from local.fakes.faults import Refused

DIMENSIONS = ("LINKED_ACCOUNT", "SERVICE", "REGION", "RECORD_TYPE")
METRICS = (
    "AmortizedCost",
    "BlendedCost",
    "NetAmortizedCost",
    "NetUnblendedCost",
    "NormalizedUsageAmount",
    "UnblendedCost",
    "UsageQuantity",
)
Place = tuple[str, str, str, str]
"""A value for each of DIMENSIONS."""
Groups = dict[tuple[str, ...], list[Decimal]]


@dataclass(frozen=True, slots=True)
class CostRecord:
    """One day's amounts by metric (`NetUnblendedCost`, ...) of one account, service, region and record type, in US dollars."""

    day: date
    account: str
    service: str
    region: str
    record_type: str
    amounts: Mapping[str, Decimal]

    @property
    def place(self) -> Place:
        return self.account, self.service, self.region, self.record_type


class CostRecords:
    """The records by day. Filters and group keys are worked out once per place, not once per record."""

    def __init__(self, records: Iterable[CostRecord]) -> None:
        self._by_day: dict[date, list[tuple[Place, Mapping[str, Decimal]]]] = {}
        self._days_of: dict[Place, set[date]] = {}
        for record in records:
            self._by_day.setdefault(record.day, []).append((record.place, record.amounts))
            self._days_of.setdefault(record.place, set()).add(record.day)

    def group(self, periods: list[list[date]], metrics: list[str], group_by: list[str], wanted: dict[str, Any] | None) -> list[Groups]:
        """For each period (a list of days) the sum of each metric by group keys."""
        indexes = [DIMENSIONS.index(key) for key in group_by]
        keys = {place: tuple(place[index] for index in indexes) for place in self._days_of if matches(wanted, place)}
        return [self._sums(days, metrics, keys) for days in periods]

    def _sums(self, days: list[date], metrics: list[str], keys: dict[Place, tuple[str, ...]]) -> Groups:
        groups: Groups = {}
        for day in days:
            for place, amounts in self._by_day.get(day, ()):
                key = keys.get(place)
                if key is None:
                    continue
                added = [amounts.get(metric, Decimal(0)) for metric in metrics]
                held = groups.get(key)
                groups[key] = added if held is None else [one + other for one, other in zip(held, added, strict=True)]
        return groups

    def values(self, dimension: str, days: set[date], wanted: dict[str, Any] | None) -> list[str]:
        """The dimension's values that have a record on one of the days."""
        index = DIMENSIONS.index(dimension)
        found = {place[index] for place, its_days in self._days_of.items() if not its_days.isdisjoint(days) and matches(wanted, place)}
        return sorted(found)


def matches(wanted: dict[str, Any] | None, place: Place) -> bool:
    """Whether Cost Explorer's Expression holds for the place; Refused when it isn't one that the fake knows."""
    if wanted is None:
        return True
    if len(wanted) != 1:
        raise Refused("ValidationException", "an Expression holds exactly one of And, Or, Not, Dimensions")
    kind, operand = next(iter(wanted.items()))
    if kind == "And":
        return all(matches(one, place) for one in operand)
    if kind == "Or":
        return any(matches(one, place) for one in operand)
    if kind == "Not":
        return not matches(operand, place)
    if kind != "Dimensions" or operand.get("Key") not in DIMENSIONS or not operand.get("Values"):
        raise Refused("ValidationException", f"the fake has no filter like {wanted}")
    return place[DIMENSIONS.index(operand["Key"])] in operand["Values"]
