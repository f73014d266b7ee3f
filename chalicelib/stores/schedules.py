"""The schedules table: schedules, their runs, digests and deliveries, and what of them is due, by Query of NextRunIndex alone.

Range keys: a schedule's id; `run#`, `sent#` and `mail#` (digests) with the value's own key. Whatever is to be looked at has the index's two
attributes: when, and one of sixteen shards, so that no minute has one hot key. What is done has neither.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due, Entry, Value
from chalicelib.domain.errors import StoreUnavailable, UnknownSchema
from chalicelib.domain.period import iso
from chalicelib.domain.schedule import Digest, Run, Schedule
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, expired, pack, unpack
from chalicelib.stores.tables import SCHEDULES, TTL_ATTRIBUTE

HASH, RANGE = SCHEDULES.hash_key, str(SCHEDULES.range_key)
INDEX = SCHEDULES.indexes[0]
SHARDS = tuple(f"{number:02}" for number in range(16))
REVISION, PUT, ROUNDS, LAST = "revision", "put", 8, "~"
PREFIX: dict[type[Schedule | Run | Digest | Delivery], str] = {Schedule: "", Run: "run#", Delivery: "sent#", Digest: "mail#"}
IDS = ("0", "g")
"""Between these lie all schedules' ids and nothing else."""
KEPT = timedelta(days=400)
LATELY = 100
"""Runs that are looked through for one that was asked for before."""


class Schedules:
    shards = SHARDS

    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def get(self, customer_id: str, kind: type[Value], key: str) -> Value | None:
        item = self._dynamo.get(self._table, _names(customer_id, PREFIX[kind] + key))
        return None if item is None or expired(item, self._now()) else _value(item, kind)

    def add(self, customer_id: str, value: Entry) -> bool:
        """False, with nothing written, where there is another one of that key."""
        return self._put(customer_id, value, f"attribute_not_exists({RANGE})", None)

    def swap(self, customer_id: str, was: Value, value: Value) -> Value | None:
        """The value as it is kept; None, with nothing written, where it isn't what it was any more."""
        kept = replace(value, revision=was.revision + 1)
        return kept if self._put(customer_id, kept, f"{REVISION} = :was", _was(was)) else None

    def _put(self, customer_id: str, value: Entry, only_if: str, values: Item | None) -> bool:
        """Every put is marked, so that one that was sent again, as its answer was lost, is known as ours; another's equal one isn't."""
        item = {**item_of(customer_id, value), PUT: {"S": uuid.uuid4().hex}}
        if self._dynamo.put(self._table, item, only_if, values):
            return True
        held = self._dynamo.get(self._table, _names(customer_id, _key_of(value)))
        return held is not None and held.get(PUT) == item[PUT]

    def change(self, customer_id: str, kind: type[Value], key: str, to: Callable[[Value | None], Value]) -> Value:
        """Puts what `to` makes of what is there and returns it; `to` is called again when somebody else was faster, and what it raises
        leaves with nothing written."""
        for attempt in range(ROUNDS):
            held = self.get(customer_id, kind, key)
            wanted = to(held)
            if wanted == held or (held is None and self.add(customer_id, wanted)):
                return wanted
            if held is not None and (kept := self.swap(customer_id, held, wanted)):
                return kept
            self._dynamo.wait(attempt)
        raise StoreUnavailable("a schedule kept changing")

    def delete(self, customer_id: str, schedule_id: str) -> None:
        """Its runs stay until they expire: what was sent was sent."""
        self._dynamo.delete(self._table, _names(customer_id, schedule_id))

    def run_numbered(self, customer_id: str, schedule_id: str, number: str) -> Run | None:
        """The run by hand that was given that number lately."""
        return next((run for run in self.runs(customer_id, schedule_id, LATELY, None)[0] if run.number == number), None)

    def schedules(self, customer_id: str) -> list[Schedule]:
        return [_value(item, Schedule) for item in self._between(customer_id, *IDS)]

    def runs(self, customer_id: str, schedule_id: str, limit: int, before: str | None) -> tuple[list[Run], str | None]:
        """One page, the latest occurrence first, and the key that the next page starts before."""
        first, last = f"{PREFIX[Run]}{schedule_id}#", f"{PREFIX[Run]}{before or schedule_id + LAST}"
        items = list(self._between(customer_id, first, last, ScanIndexForward=False, Limit=limit + 2))
        runs = [_value(item, Run) for item in items if item[RANGE]["S"] != last and not expired(item, self._now())]
        return runs[:limit], runs[limit - 1].key if len(runs) > limit else None

    def deliveries(self, customer_id: str, owner: str) -> list[Delivery]:
        """Those of a run, a digest or an event."""
        prefix = f"{PREFIX[Delivery]}{owner}#"
        return [_value(item, Delivery) for item in self._between(customer_id, prefix, prefix + LAST)]

    def _between(self, customer_id: str, first: str, last: str, **more: Any) -> Iterator[Item]:
        values = {":customer": customer_id, ":first": first, ":last": last}
        condition = f"{HASH} = :customer AND {RANGE} BETWEEN :first AND :last"
        return self._dynamo.query(self._table, condition, values, **{"ConsistentRead": True, **more})

    def take(self, customer_id: str, was: Schedule, now: Schedule, runs: Sequence[Run]) -> list[Run] | None:
        """The schedule moved on and its runs there, in one transaction: the runs that are new, None where somebody else has moved it."""
        wanted = list(runs)
        while True:
            item = item_of(customer_id, replace(now, revision=was.revision + 1))
            moved = {"TableName": self._table, "Item": item, "ConditionExpression": f"{REVISION} = :was"}
            actions = [{"Put": {**moved, "ExpressionAttributeValues": _was(was)}}]
            new = f"attribute_not_exists({RANGE})"
            actions += [
                {"Put": {"TableName": self._table, "Item": item_of(customer_id, run), "ConditionExpression": new}} for run in wanted
            ]
            refused = self._dynamo.together(actions)
            if not refused:
                return wanted
            there = [run for run, code in zip(wanted, refused[1:], strict=True) if code == "ConditionalCheckFailed"]
            if refused[0] != "None" or not there:
                return None
            wanted = [run for run in wanted if run not in there]

    def due(self, shard: str, now: datetime) -> Iterator[Due]:
        """Everything of the shard that is to be looked at by now, the oldest first, page by page."""
        condition = f"{INDEX.hash_key} = :shard AND {INDEX.range_key} <= :now"
        for item in self._dynamo.query(self._table, condition, {":shard": shard, ":now": iso(now)}, IndexName=INDEX.name):
            key = item[RANGE]["S"]
            kind = next(kind for kind, prefix in reversed(PREFIX.items()) if key.startswith(prefix))
            yield Due(item[HASH]["S"], key, _readable(item, kind), item[INDEX.range_key]["S"])

    def hold(self, due: Due, until: datetime) -> bool:
        """Out of sight until then, unless somebody has touched it since it was found."""
        return self._dynamo.update_if(
            self._table,
            _names(due.customer_id, due.key),
            {INDEX.range_key: {"S": iso(until)}},
            (INDEX.range_key, {"S": due.since}),
        )


def _readable(item: Item, kind: Any) -> Entry | None:
    """None for what another version, or a defect, has written: one such item may not stop the others."""
    try:
        found: Entry = _value(item, kind)
    except (UnknownSchema, msgspec.MsgspecError, zlib.error, KeyError):
        return None
    return found


def _value(item: Item, kind: type[Value]) -> Value:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), kind)


def _key_of(value: Entry) -> str:
    return value.id if isinstance(value, Schedule) else PREFIX[type(value)] + value.key


def item_of(customer_id: str, value: Entry) -> Item:
    key = _key_of(value)
    item: Item = {HASH: {"S": customer_id}, RANGE: {"S": key}, "v": {"N": SCHEMA}, REVISION: {"N": str(value.revision)}}
    item["data"] = {"B": pack(value)}
    due_at = value.next_run if isinstance(value, Schedule) else value.due_at
    if due_at is not None:
        item |= {INDEX.hash_key: {"S": shard_of(customer_id, key)}, INDEX.range_key: {"S": iso(due_at)}}
    if not isinstance(value, Schedule):
        since = {Run: "taken_at", Digest: "hour", Delivery: "created_at"}[type(value)]
        item[TTL_ATTRIBUTE] = {"N": str(int((getattr(value, since) + KEPT).timestamp()))}
    return item


def shard_of(customer_id: str, key: str) -> str:
    return SHARDS[zlib.crc32(f"{customer_id}#{key}".encode()) % len(SHARDS)]


def _was(value: Entry) -> Item:
    return {":was": {"N": str(value.revision)}}


def _names(customer_id: str, key: str) -> dict[str, str]:
    return {HASH: customer_id, RANGE: key}
