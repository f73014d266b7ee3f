"""Many series' amounts side by side: whole units of one power of ten, so that sums are exact and as quick as sums of ints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, count, repeat
from typing import Any, TypeVar

from chalicelib.domain.exact import EXACT

Key = TypeVar("Key", bound=tuple[Any, ...])
NONE_UNKNOWN: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Amounts:
    """Series i has `units[i] x 10**exponent`; positions in `unknown` have none (their unit is 0)."""

    exponent: int = 0
    units: tuple[int, ...] = ()
    unknown: frozenset[int] = NONE_UNKNOWN

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


def end_to_end(parts: Sequence[Amounts]) -> Amounts:
    """One after the other, as one."""
    exponent = min((amounts.exponent for amounts in parts if any(amounts.units)), default=0)
    units = [unit * 10 ** (amounts.exponent - exponent) if unit else 0 for amounts in parts for unit in amounts.units]
    starts = accumulate((len(amounts.units) for amounts in parts), initial=0)
    holes = (start + place for start, amounts in zip(starts, parts, strict=False) for place in amounts.unknown)
    return Amounts(exponent, tuple(units), frozenset(holes))


def multiplied(amounts: Amounts, factors: Sequence[Decimal]) -> Amounts:
    """Each amount times its factor, exactly."""
    by = Amounts.of(factors)
    units = tuple(unit * factor for unit, factor in zip(amounts.units, by.units, strict=True))
    return canonical(Amounts(amounts.exponent + by.exponent, units, amounts.unknown))


class Run:
    """Days of the same keys: each column has the amounts of all of them end to end, `counts` a day, and is loaded when it is looked at."""

    def __init__(self, keys: tuple[Any, ...], counts: Sequence[int], load: Callable[[int], Amounts]) -> None:
        self.keys, self.counts, self._load = keys, counts, load
        self._columns: dict[int, Amounts] = {}

    def column(self, place: int) -> Amounts:
        if place not in self._columns:
            self._columns[place] = self._load(place)
        return self._columns[place]

    def days(self) -> Iterator[Columns]:
        """Day after day, without an end."""
        return map(Columns, repeat(self), count())

    def cut(self, place: int, first: int, last: int) -> Amounts:
        """The amounts in a column from one day to another."""
        whole, start, end = self.column(place), self.counts[place] * first, self.counts[place] * (last + 1)
        unknown = frozenset(hole - start for hole in whole.unknown if start <= hole < end) if whole.unknown else NONE_UNKNOWN
        return Amounts(whole.exponent, whole.units[start:end], unknown)


class Columns:
    """One day's columns, by their places."""

    __slots__ = ("day", "run")

    def __init__(self, run: Run, day: int) -> None:
        self.run, self.day = run, day

    @staticmethod
    def of(keys: tuple[Any, ...], columns: Sequence[Amounts]) -> Columns:
        return Columns(Run(keys, [len(column.units) for column in columns], columns.__getitem__), 0)

    def __len__(self) -> int:
        return len(self.run.counts)

    def __getitem__(self, place: int) -> Amounts:
        return self.run.cut(place, self.day, self.day)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns) and list(map(canonical, self)) == list(map(canonical, other))

    def __iter__(self) -> Iterator[Amounts]:
        return map(self.__getitem__, range(len(self)))

    def amount(self, place: int, number: int) -> Decimal | None:
        """One amount of a column."""
        return self.run.column(place)[self.run.counts[place] * self.day + number]


def pieces(days: Iterable[Columns], place: int) -> Iterator[tuple[tuple[Any, ...], Amounts]]:
    """(keys, amounts) of a column, of all the days together that lie side by side."""
    runs: dict[int, tuple[Run, list[int]]] = {}
    for columns in days:
        runs.setdefault(id(columns.run), (columns.run, []))[1].append(columns.day)
    for run, numbers in runs.values():
        if numbers == list(range(numbers[0], numbers[-1] + 1)):
            yield run.keys, run.cut(place, numbers[0], numbers[-1])
        else:
            yield from ((run.keys, run.cut(place, number, number)) for number in numbers)


def summed(parts: Iterable[tuple[tuple[Key, ...], Amounts]]) -> tuple[tuple[Key, ...], Amounts]:
    """The sum per key, keys in order. A part has the amounts of one day or of several end to end."""
    stacks: dict[tuple[int, int], tuple[tuple[Key, ...], list[int]]] = {}
    unknown: set[Key] = set()
    for keys, amounts in parts:
        stacks.setdefault((id(keys), amounts.exponent), (keys, []))[1].extend(amounts.units)
        unknown.update(keys[place % len(keys)] for place in amounts.unknown)
    lowest = min((exponent for _, exponent in stacks), default=0)
    sums: dict[Key, int] = {}
    for (_, exponent), (keys, units) in stacks.items():
        factor = 10 ** (exponent - lowest)
        for place, key in enumerate(keys):
            sums[key] = sums.get(key, 0) + sum(units[place :: len(keys)]) * factor
    ordered = tuple(sorted(sums))
    holes = frozenset(place for place, key in enumerate(ordered) if key in unknown) if unknown else NONE_UNKNOWN
    return ordered, canonical(Amounts(lowest, tuple(0 if place in holes else sums[key] for place, key in enumerate(ordered)), holes))
