"""Days of series <-> bytes: names once per item, amounts as byte planes of whole numbers, so that a day costs little more than its digits.

One format serves an item of one day and one of a whole month. First byte: the schema version; what follows is MessagePack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from chalicelib.domain.amounts import Amounts, Columns, Run, canonical, end_to_end
from chalicelib.domain.errors import UnknownSchema
from chalicelib.stores.items import SCHEMA
from chalicelib.stores.planes import Stored, deflate, inflate, load_amounts, store_amounts

VERSION = bytes([int(SCHEMA)])

Key = tuple[Any, ...]
Layout = tuple[Key, ...]
Blobs = tuple[bytes, bytes]
Memo = dict[Blobs, tuple[list[list[Layout]], list[Sequence[int]]]]
"""Tables that were decoded already, and the counts of the first one's layouts, by their bytes: most days of a year have the same."""
Decoder = msgspec.msgpack.Decoder[Any]
Day = TypeVar("Day")


class Codec(Protocol[Day]):
    """How one kind of day is laid out: `makers` build the keys of its tables, the first of which its columns of amounts belong to.

    A record begins with the number of its keys and its facts, which are None where they are those of the record before.
    """

    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]]
    decoder: ClassVar[Decoder]

    def fields(self, day: Day) -> Iterable[tuple[str, ...]]:
        """The day's keys, each as flat strings."""
        ...

    def columns(self, day: Day) -> Iterable[Amounts]: ...
    def counts(self, keys: Layout) -> Sequence[int]:
        """How many amounts each column has for these keys."""
        ...

    def facts(self, day: Day, tables: Sequence[Layouts]) -> Any:
        """What several days in a row may have in common."""
        ...

    def to_record(self, day: Day, run: int, facts: Any | None) -> Any: ...
    def told(self, facts: Any, tables: Sequence[Sequence[Layout]]) -> Any:
        """The facts as `load` takes them."""
        ...

    def load(self, record: Any, told: Any, columns: Columns) -> Day: ...


def decoder_of(record: type[Any]) -> Decoder:
    return msgspec.msgpack.Decoder(tuple[Blobs, list[record], list[list[Stored | None]]])  # type: ignore[valid-type]


class Layouts:
    """The tuples of keys that an item's days have, each kept once; keys are flat tuples of strings."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], int] = {}
        self._layouts: dict[tuple[int, ...], int] = {}

    def number(self, keys: Iterable[tuple[str, ...]]) -> int:
        layout = tuple(self._ids.setdefault(key, len(self._ids)) for key in keys)
        return self._layouts.setdefault(layout, len(self._layouts))

    def names(self) -> list[list[str]]:
        """Per field of the keys."""
        return [list(dict.fromkeys(field)) for field in zip(*self._ids, strict=True)]

    def steps(self) -> tuple[list[list[int]], list[list[int]]]:
        """(per field from name to name, per layout from key to key): orderly keys, orderly steps, which pack to almost nothing."""
        fields = list(zip(*self._ids, strict=True))
        places = [{name: place for place, name in enumerate(dict.fromkeys(field))} for field in fields]
        named = [_steps([place[name] for name in field], len(place)) for field, place in zip(fields, places, strict=True)]
        return named, [_steps(layout, len(self._ids)) for layout in self._layouts]


def _steps(numbers: Iterable[int], size: int) -> list[int]:
    """From number to number below `size`, around its end."""
    return [(number - before) % size for before, number in pairwise((0, *numbers))]


def _walk(steps: Iterable[int], places: Sequence[Any]) -> list[Any]:
    """What is at each of the numbers that the steps lead to."""
    return [places[number % len(places)] for number in accumulate(steps)]


def _store_tables(tables: Iterable[Layouts]) -> Blobs:
    names, steps = zip(*((table.names(), table.steps()) for table in tables), strict=True)
    return deflate(msgspec.json.encode(names)), deflate(msgspec.msgpack.encode(steps))


def _load_tables(blobs: Blobs, makers: Sequence[Callable[[Iterable[str]], Key]]) -> list[list[Layout]]:
    names = msgspec.json.decode(inflate(blobs[0]), type=list[list[list[str]]])
    steps = msgspec.msgpack.decode(inflate(blobs[1]), type=list[tuple[list[list[int]], list[list[int]]]])
    tables = []
    for fields, (named, layouts), make in zip(names, steps, makers, strict=True):
        keys = [make(key) for key in zip(*map(_walk, named, fields), strict=True)]
        tables.append([tuple(_walk(layout, keys)) for layout in layouts])
    return tables


def encode(codec: Codec[Day], days: Iterable[Day]) -> bytes:
    """Deterministic: equal days give equal bytes. Days of the same keys have their amounts in one piece, a run."""
    tables = [Layouts() for _ in codec.makers]
    records: list[Any] = []
    runs: dict[int, list[list[Amounts]]] = {}
    before = None
    for day in days:
        run = tables[0].number(codec.fields(day))
        runs.setdefault(run, []).append([canonical(amounts) for amounts in codec.columns(day)])
        facts = codec.facts(day, tables)
        records.append(codec.to_record(day, run, None if facts == before else facts))
        before = facts
    return VERSION + msgspec.msgpack.encode((_store_tables(tables), records, [_store_columns(columns) for columns in runs.values()]))


def decode(codec: Codec[Day], data: bytes, memo: Memo | None = None) -> list[Day]:
    """UnknownSchema for bytes that another version wrote."""
    if data[:1] != VERSION:
        raise UnknownSchema(f"an item has schema version {data[0] if data else None}, this code reads {SCHEMA}")
    blobs, records, stored = codec.decoder.decode(memoryview(data)[1:])
    memo = {} if memo is None else memo
    if blobs not in memo:
        tables = _load_tables(blobs, codec.makers)
        memo[blobs] = tables, [codec.counts(keys) for keys in tables[0]]
    tables, counts = memo[blobs]
    lengths = Counter([record.run for record in records])
    runs = [Run(keys, counts[run], partial(_load_column, stored[run], counts[run], lengths[run])) for run, keys in enumerate(tables[0])]
    next_days = [run.days() for run in runs]
    days, told = [], None
    for record in records:
        told = told if record.facts is None else codec.told(record.facts, tables)
        days.append(codec.load(record, told, next(next_days[record.run])))
    return days


def _store_columns(days: Sequence[Sequence[Amounts]]) -> list[Stored | None]:
    """Per column all days' amounts as one; None where a column equals the first."""
    columns = [end_to_end(column) for column in zip(*days, strict=True)]
    return [None if place and column == columns[0] else store_amounts(column) for place, column in enumerate(columns)]


def _load_column(stored: Sequence[Stored | None], counts: Sequence[int], days: int, place: int) -> Amounts:
    column = stored[place] or stored[0]
    assert column is not None
    return load_amounts(column, counts[place] * days)
