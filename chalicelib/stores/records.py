"""How a day of costs and a bucket of usage lie in an item: their facts one by one, their amounts in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

import msgspec

from chalicelib.domain.amounts import Amounts, Columns, canonical
from chalicelib.domain.cost import BASES, CostDay, CostKey, currencies_of
from chalicelib.domain.usage import UsageBucket, UsageKey, gauges
from chalicelib.stores.dense import Decoder, Key, Layout, Layouts, decoder_of
from chalicelib.stores.planes import Stored, load_amounts, store_amounts


class CostFacts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`owners` numbers the day's owners."""

    owners: int
    estimated: bool
    sources: tuple[str, ...]
    basis: str
    since: datetime | None
    restated: bool


class CostRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`own` is None where totals are what the lines sum to."""

    run: int
    facts: CostFacts | None
    day: date
    own: list[Stored] | None


class UsageFacts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`scopes` numbers the names of what is covered."""

    scopes: int
    covered: list[int]
    unknown: dict[str, int]
    since: datetime | None
    restated: bool


class UsageRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    run: int
    facts: UsageFacts | None
    start: datetime


class CostCodec:
    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]] = (lambda fields: _cost_key(*fields), tuple)
    decoder: ClassVar[Decoder] = decoder_of(CostRecord)

    def fields(self, day: CostDay) -> Iterable[tuple[str, ...]]:
        return ((*key[:-1], msgspec.json.encode(key.tags).decode()) for key in day.keys)

    def columns(self, day: CostDay) -> Iterable[Amounts]:
        return day.amounts

    def counts(self, keys: Layout) -> Sequence[int]:
        return (*(len(keys),) * len(BASES), *(len(currencies_of(keys)),) * len(BASES))  # type: ignore[arg-type]

    def facts(self, day: CostDay, tables: Sequence[Layouts]) -> CostFacts:
        return CostFacts(tables[1].number(day.owners), day.estimated, day.sources, day.basis, day.since, day.restated)

    def to_record(self, day: CostDay, run: int, facts: Any | None) -> CostRecord:
        return CostRecord(run, facts, day.day, [store_amounts(amounts) for amounts in day.own] or None)

    def told(self, facts: CostFacts, tables: Sequence[Sequence[Layout]]) -> Any:
        return tables[1][facts.owners], (facts.estimated, facts.sources, facts.basis, facts.since, facts.restated)

    def load(self, record: CostRecord, told: Any, columns: Columns) -> CostDay:
        owners, facts = told
        own = tuple(load_amounts(stored, len(owners)) for stored in record.own) if record.own else ()
        return CostDay(record.day, columns.run.keys, columns, owners, own, *facts)


def _cost_key(*fields: str) -> CostKey:
    tags = msgspec.json.decode(fields[-1], type=tuple[tuple[str, str], ...]) if fields[-1] != "[]" else ()
    return CostKey._make((*fields[:-1], tags))


class UsageCodec:
    makers: ClassVar[Sequence[Callable[[Iterable[str]], Key]]] = (UsageKey._make, tuple)
    decoder: ClassVar[Decoder] = decoder_of(UsageRecord)

    def fields(self, bucket: UsageBucket) -> Iterable[tuple[str, ...]]:
        return bucket.keys

    def columns(self, bucket: UsageBucket) -> Iterable[Amounts]:
        return bucket.totals, bucket.levels

    def counts(self, keys: Layout) -> Sequence[int]:
        return len(keys), len(gauges(keys))  # type: ignore[arg-type]

    def facts(self, bucket: UsageBucket, tables: Sequence[Layouts]) -> UsageFacts:
        scopes = tables[1].number(scope.partition("/") for scope in bucket.covered)
        return UsageFacts(scopes, list(bucket.covered.values()), bucket.unknown, bucket.since, bucket.restated)

    def to_record(self, bucket: UsageBucket, run: int, facts: Any | None) -> UsageRecord:
        return UsageRecord(run, facts, bucket.start)

    def told(self, facts: UsageFacts, tables: Sequence[Sequence[Layout]]) -> Any:
        covered = dict(zip(map("".join, tables[1][facts.scopes]), facts.covered, strict=True))
        return covered, facts.unknown, facts.since, facts.restated

    def load(self, record: UsageRecord, told: Any, columns: Columns) -> UsageBucket:
        covered, *facts = told
        return UsageBucket(record.start, covered, columns.run.keys, canonical(columns[0]), canonical(columns[1]), *facts)


COSTS, USAGE = CostCodec(), UsageCodec()
