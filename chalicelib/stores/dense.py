"""Days of series <-> bytes: names once per item, amounts as byte planes of whole numbers, so that a day costs little more than its digits.

One format serves an item of one day and one of a whole month. First byte: the schema version; what follows is MessagePack.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from chalicelib.domain.amounts import Amounts, canonical
from chalicelib.domain.errors import UnknownSchema
from chalicelib.stores.items import SCHEMA
from chalicelib.stores.planes import NONE_UNKNOWN, Stored, load_amounts, store_amounts

VERSION = bytes([int(SCHEMA)])


Key = tuple[Any, ...]
Layout = tuple[Key, ...]
Memo = dict[bytes, list[list[Layout]]]
"""Layouts that were decoded already, by their bytes: most days of a year have the same."""
Day = TypeVar("Day")


class Codec(Protocol[Day]):
    """How one kind of day is laid out: `makers` build the keys of its tables, the first of which its columns of amounts belong to."""

    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]]
    record: ClassVar[type[Any]]

    def fields(self, day: Day) -> Iterable[tuple[str, ...]]:
        """The day's keys, each as flat strings."""
        ...

    def columns(self, day: Day) -> Sequence[Amounts]: ...
    def counts(self, keys: Layout) -> Sequence[int]:
        """How many amounts each column has for these keys."""
        ...

    def facts(self, day: Day, run: int, tables: Sequence[Layouts]) -> Any: ...
    def load(self, record: Any, columns: Columns, tables: Sequence[Sequence[Layout]]) -> Day: ...


class Layouts:
    """The tuples of keys that an item's days have, each kept once; keys are flat tuples of strings."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], int] = {}
        self._layouts: dict[tuple[int, ...], int] = {}

    def number(self, keys: Iterable[tuple[str, ...]]) -> int:
        layout = tuple(self._ids.setdefault(key, len(self._ids)) for key in keys)
        return self._layouts.setdefault(layout, len(self._layouts))

    def stored(self, names: dict[str, int]) -> tuple[list[list[int]], list[list[int]]]:
        """(per field of a key the numbers of its names, the layouts as the steps from key to key)"""
        columns = [[names.setdefault(name, len(names)) for name in field] for field in zip(*self._ids, strict=True)]
        return columns, [[number - before for before, number in pairwise((0, *layout))] for layout in self._layouts]


def _layouts(blob: bytes, makers: Sequence[Callable[[Iterable[str]], Key]]) -> list[list[Layout]]:
    names, tables = msgspec.msgpack.decode(zlib.decompress(blob), type=tuple[list[str], list[tuple[list[list[int]], list[list[int]]]]])
    made = []
    for (columns, layouts), make in zip(tables, makers, strict=True):
        keys = [make(fields) for fields in zip(*([names[number] for number in column] for column in columns), strict=True)]
        made.append([tuple(map(keys.__getitem__, accumulate(steps))) for steps in layouts])
    return made


def encode(codec: Codec[Day], days: Iterable[Day]) -> bytes:
    """Deterministic: equal days give equal bytes. Days of the same keys have their amounts in one piece, a run."""
    tables = [Layouts() for _ in codec.makers]
    records: list[Any] = []
    runs: dict[int, list[Sequence[Amounts]]] = {}
    for day in days:
        run = tables[0].number(codec.fields(day))
        runs.setdefault(run, []).append([canonical(amounts) for amounts in codec.columns(day)])
        records.append(codec.facts(day, run, tables))
    names: dict[str, int] = {}
    stored = [table.stored(names) for table in tables]
    blob = zlib.compress(msgspec.msgpack.encode((list(names), stored)), 9)
    return VERSION + msgspec.msgpack.encode((blob, records, [_store_columns(columns) for columns in runs.values()]))


def decode(codec: Codec[Day], data: bytes, memo: Memo | None = None) -> list[Day]:
    """UnknownSchema for bytes that another version wrote."""
    if data[:1] != VERSION:
        raise UnknownSchema(f"an item has schema version {data[0] if data else None}, this code reads {SCHEMA}")
    shape = tuple[bytes, list[codec.record], list[list[Stored | None]]]  # type: ignore[name-defined]
    blob, records, stored = msgspec.msgpack.decode(data[1:], type=shape)
    memo = {} if memo is None else memo
    if blob not in memo:
        memo[blob] = _layouts(blob, codec.makers)
    tables = memo[blob]
    runs = [Run(piece, keys, codec.counts(keys)) for piece, keys in zip(stored, tables[0], strict=True)]
    columns = [runs[record.run].next_day() for record in records]
    return [codec.load(record, its_columns, tables) for record, its_columns in zip(records, columns, strict=True)]


def _store_columns(days: Sequence[Sequence[Amounts]]) -> list[Stored | None]:
    """Per column all days' amounts as one; None where a column equals the first."""
    columns = [end_to_end(column) for column in zip(*days, strict=True)]
    return [None if place and column == columns[0] else store_amounts(column) for place, column in enumerate(columns)]


def end_to_end(days: Sequence[Amounts]) -> Amounts:
    exponent = min((amounts.exponent for amounts in days if any(amounts.units)), default=0)
    units = [unit * 10 ** (amounts.exponent - exponent) if unit else 0 for amounts in days for unit in amounts.units]
    starts = accumulate((len(amounts.units) for amounts in days), initial=0)
    holes = (start + place for start, amounts in zip(starts, days, strict=False) for place in amounts.unknown)
    return Amounts(exponent, tuple(units), frozenset(holes))


class Run:
    """The columns of all days with the same keys, unpacked once all of those days are counted and one is looked at."""

    def __init__(self, stored: Sequence[Stored | None], keys: Layout, counts: Sequence[int]) -> None:
        self.keys, self.counts, self._stored, self._days = keys, counts, stored, 0
        self._columns: dict[int, Amounts] = {}

    def next_day(self) -> Columns:
        self._days += 1
        return Columns(self, self._days - 1)

    def column(self, place: int) -> Amounts:
        if place not in self._columns:
            stored = self._stored[place]
            self._columns[place] = load_amounts(stored, self.counts[place] * self._days) if stored else self.column(0)
        return self._columns[place]


class Columns(Sequence[Amounts]):
    """One day's columns."""

    __slots__ = ("_cut", "_day", "_run")

    def __init__(self, run: Run, day: int) -> None:
        self._run, self._day = run, day
        self._cut: dict[int, Amounts] = {}

    @property
    def keys(self) -> Layout:
        return self._run.keys

    def __len__(self) -> int:
        return len(self._run.counts)

    def __getitem__(self, place: Any) -> Any:
        if place not in self._cut:
            self._cut[place] = self._of(place)
        return self._cut[place]

    def _of(self, place: int) -> Amounts:
        whole, count = self._run.column(place), self._run.counts[place]
        start, end = count * self._day, count * (self._day + 1)
        unknown = frozenset(hole - start for hole in whole.unknown if start <= hole < end) if whole.unknown else NONE_UNKNOWN
        return Amounts(whole.exponent, whole.units[start:end], unknown)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [canonical(each) for each in self] == [canonical(each) for each in other]

    def __hash__(self) -> int:
        return hash(tuple(canonical(each) for each in self))
