"""Many series' amounts side by side: whole units of one power of ten, so that sums are exact and as quick as sums of ints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from chalicelib.domain.exact import EXACT

Key = TypeVar("Key", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Amounts:
    """Series i has `units[i] x 10**exponent`; positions in `unknown` have none (their unit is 0)."""

    exponent: int = 0
    units: tuple[int, ...] = ()
    unknown: frozenset[int] = frozenset()

    @staticmethod
    def of(values: Sequence[Decimal | None]) -> Amounts:
        known = [value for value in values if value]
        exponent = min((int(value.as_tuple().exponent) for value in known), default=0)
        units = [int(EXACT.scaleb(value, -exponent)) if value else 0 for value in values]
        unknown = frozenset(place for place, value in enumerate(values) if value is None)
        return canonical(Amounts(exponent, tuple(units), unknown))

    def __getitem__(self, place: int) -> Decimal | None:
        return None if place in self.unknown else scaled(self.units[place], self.exponent)

    def values(self) -> list[Decimal | None]:
        return [self[place] for place in range(len(self.units))]

    def total(self, places: Sequence[int] | None = None) -> Decimal | None:
        """The exact sum, of all or of these places; None as soon as one of them is unknown."""
        if places is None:
            return None if self.unknown else scaled(sum(self.units), self.exponent)
        if not self.unknown.isdisjoint(places):
            return None
        return scaled(sum(map(self.units.__getitem__, places)), self.exponent)

    def at(self, places: Sequence[int]) -> Amounts:
        """Only these places, in that order."""
        unknown = frozenset(new for new, place in enumerate(places) if place in self.unknown)
        return canonical(Amounts(self.exponent, tuple(self.units[place] for place in places), unknown))


NOTHING = Amounts()


def scaled(units: int, exponent: int) -> Decimal:
    return EXACT.scaleb(Decimal(units), exponent)


def canonical(amounts: Amounts) -> Amounts:
    """The same with the largest possible exponent, so that equal amounts are equal values: no factor of ten is left in all the units."""
    exponent, units = amounts.exponent, amounts.units
    if units and units[0] % 10:
        return amounts
    if not any(units):
        return Amounts(0, units, amounts.unknown)
    while not any(unit % 10 for unit in units):
        exponent, units = exponent + 1, tuple(unit // 10 for unit in units)
    return Amounts(exponent, units, amounts.unknown)


def summed(parts: Iterable[tuple[tuple[Key, ...], Amounts]]) -> tuple[tuple[Key, ...], Amounts]:
    """The sum per key, keys in order. Parts of one and the same tuple of keys are added place by place, the others by key."""
    stacks: dict[tuple[int, int], tuple[tuple[Key, ...], list[tuple[int, ...]]]] = {}
    unknown: set[Key] = set()
    for keys, amounts in parts:
        stacks.setdefault((id(keys), amounts.exponent), (keys, []))[1].append(amounts.units)
        unknown.update(keys[place] for place in amounts.unknown)
    lowest = min((exponent for _, exponent in stacks), default=0)
    sums: dict[Key, int] = {}
    for (_, exponent), (keys, rows) in stacks.items():
        factor = 10 ** (exponent - lowest)
        for key, units in zip(keys, map(sum, zip(*rows, strict=True)) if len(rows) > 1 else rows[0], strict=True):
            sums[key] = sums.get(key, 0) + units * factor
    ordered = tuple(sorted(sums))
    holes = frozenset(place for place, key in enumerate(ordered) if key in unknown) if unknown else frozenset()
    return ordered, canonical(Amounts(lowest, tuple(0 if place in holes else sums[key] for place, key in enumerate(ordered)), holes))
