"""How a day of costs and a bucket of usage lie in an item: their facts one by one, their amounts in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

import msgspec

from chalicelib.domain.amounts import Amounts, canonical
from chalicelib.domain.cost import BASES, CostDay, CostKey
from chalicelib.domain.usage import UsageBucket, UsageKey, gauges
from chalicelib.stores.dense import Columns, Key, Layout, Layouts
from chalicelib.stores.planes import Stored, load_amounts, store_amounts


class CostRecord(msgspec.Struct, array_like=True, frozen=True):
    """A CostDay's facts; `run` numbers its keys, `owners` its owners. `own` is None where totals are what the lines sum to."""

    run: int
    day: date
    owners: int
    own: list[Stored] | None
    estimated: bool
    sources: list[str]
    basis: str
    since: datetime | None
    restated: bool


class UsageRecord(msgspec.Struct, array_like=True, frozen=True):
    """A UsageBucket's facts; `run` numbers its keys, `scopes` the names of what is covered."""

    run: int
    start: datetime
    scopes: int
    covered: list[int]
    unknown: dict[str, int]
    since: datetime | None
    restated: bool


class CostCodec:
    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]] = (lambda fields: _cost_key(*fields), tuple)
    record: ClassVar[type[Any]] = CostRecord

    def fields(self, day: CostDay) -> Iterable[tuple[str, ...]]:
        return ((*key[:-1], msgspec.json.encode(key.tags).decode()) for key in day.keys)

    def columns(self, day: CostDay) -> Sequence[Amounts]:
        return day.amounts

    def counts(self, keys: Layout) -> Sequence[int]:
        return (len(keys),) * len(BASES)

    def facts(self, day: CostDay, run: int, tables: Sequence[Layouts]) -> CostRecord:
        own = [store_amounts(amounts) for amounts in day.own] or None
        owners = tables[1].number(day.owners)
        return CostRecord(run, day.day, owners, own, day.estimated, list(day.sources), day.basis, day.since, day.restated)

    def load(self, record: CostRecord, columns: Columns, tables: Sequence[Sequence[Layout]]) -> CostDay:
        owners: Any = tables[1][record.owners]
        own = tuple(load_amounts(stored, len(owners)) for stored in record.own) if record.own else ()
        facts = record.estimated, tuple(record.sources), record.basis, record.since, record.restated
        return CostDay(record.day, columns.keys, columns, owners, own, *facts)  # type: ignore[arg-type]


def _cost_key(*fields: str) -> CostKey:
    tags = msgspec.json.decode(fields[-1], type=tuple[tuple[str, str], ...]) if fields[-1] != "[]" else ()
    return CostKey._make((*fields[:-1], tags))


class UsageCodec:
    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]] = (UsageKey._make, tuple)
    record: ClassVar[type[Any]] = UsageRecord

    def fields(self, bucket: UsageBucket) -> Iterable[tuple[str, ...]]:
        return bucket.keys

    def columns(self, bucket: UsageBucket) -> Sequence[Amounts]:
        return bucket.totals, bucket.levels

    def counts(self, keys: Layout) -> Sequence[int]:
        return len(keys), len(gauges(keys))  # type: ignore[arg-type]

    def facts(self, bucket: UsageBucket, run: int, tables: Sequence[Layouts]) -> UsageRecord:
        scopes = tables[1].number((scope,) for scope in bucket.covered)
        return UsageRecord(run, bucket.start, scopes, list(bucket.covered.values()), bucket.unknown, bucket.since, bucket.restated)

    def load(self, record: UsageRecord, columns: Columns, tables: Sequence[Sequence[Layout]]) -> UsageBucket:
        covered = {scope: hours for (scope,), hours in zip(tables[1][record.scopes], record.covered, strict=True)}
        facts = record.unknown, record.since, record.restated
        return UsageBucket(record.start, covered, columns.keys, canonical(columns[0]), canonical(columns[1]), *facts)  # type: ignore[arg-type]


COSTS, USAGE = CostCodec(), UsageCodec()
