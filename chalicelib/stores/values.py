"""Packed values under a customer's range keys of the metrics table: each is whole or not there, whatever number of items it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import Item, Rewritten, from_items, to_items
from chalicelib.stores.tables import METRICS

HASH, RANGE = METRICS.hash_key, str(METRICS.range_key)
LAST = "~"
"""Sorts after every character of our own range keys."""
Value = TypeVar("Value")
Entry = tuple[str, object, datetime | None]
"""(range key, value, until when it lives)"""


class Values:
    """Every method's first argument is the customer."""

    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def read(self, customer_id: str, first: str, last: str, kind: type[Value]) -> dict[str, Value]:
        """Those between the range keys, in their order."""
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        values = {":customer": customer_id, ":first": first, ":last": last}

        def read(consistent: bool) -> dict[str, Value]:
            names = {"#range": RANGE}
            items = self._dynamo.query(self._table, condition, values, ExpressionAttributeNames=names, ConsistentRead=consistent)
            return dict(from_items(items, RANGE, kind, self._now()))

        return read_whole(read)

    def put(self, customer_id: str, entries: Iterable[Entry]) -> str:
        """Absolute puts; returns a digest of what was put."""
        digest = hashlib.sha256()
        values = [to_items(HASH, customer_id, RANGE, key, value, ttl) for key, value, ttl in entries]
        for item in (item for items in values for item in items):
            digest.update(item["data"]["B"])
        write_values(self._dynamo, self._table, values)
        return digest.hexdigest()

    def delete(self, customer_id: str, keys: Iterable[str]) -> None:
        self._dynamo.write_many(self._table, (HASH, RANGE), [], [{HASH: customer_id, RANGE: key} for key in keys])


def read_whole(read: Callable[[bool], Value], consistent: bool = True) -> Value:
    """What `read` finds; where parts were being rewritten meanwhile, what it finds at a second look, which is consistent."""
    try:
        return read(consistent)
    except Rewritten:
        return read(True)


def write_values(dynamo: Dynamo, table: str, values: Iterable[list[Item]]) -> None:
    """Each value whole or not at all, whatever number of items it takes."""
    single: list[Item] = []
    for items in values:
        if len(items) == 1:
            single += items
        else:
            dynamo.put_together(table, items)
    dynamo.write_many(table, (HASH, RANGE), single)
