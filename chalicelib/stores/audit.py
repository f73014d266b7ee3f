"""The audit table: only ever added to, an item per deed, numbered without a gap by a conditional put.

Keys: customer_id | entry, the number in twelve digits.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from chalicelib.domain.audit import Deed, Entry, chained
from chalicelib.domain.errors import StoreUnavailable, UnknownSchema
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, pack, unpack
from chalicelib.stores.tables import AUDIT

ROUNDS, A_MOMENT, LATELY = 200, -3, 8
"""How often it is tried; an exponent of the waits between, some milliseconds that don't grow (whoever waits long is overtaken, whoever
doesn't keeps step with the others); and how many of the newest are looked through for one's own."""
_KEY = str(AUDIT.range_key)


class Audit:
    """Every method's first argument is the customer."""

    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def append(self, customer_id: str, deed: Deed) -> Entry:
        """Puts the deed behind the last one; of two at once the second looks again."""
        for attempt in range(ROUNDS):
            newest = self.newest(customer_id, LATELY if attempt else 1)
            if attempt and (there := next((entry for entry in newest if entry.deed == deed), None)):
                return there  # it was our own put that was in the way: its answer was lost, and it was sent again
            entry = chained(customer_id, next(iter(newest), None), deed)
            key: Item = {AUDIT.hash_key: {"S": customer_id}, _KEY: {"S": _number(entry.number)}}
            item: Item = {**key, "v": {"N": SCHEMA}, "data": {"B": pack(entry)}}
            if self._dynamo.put(self._table, item, f"attribute_not_exists({_KEY})"):
                return entry
            self._dynamo.wait(A_MOMENT)
        raise StoreUnavailable("others kept adding to the audit")

    def newest(self, customer_id: str, limit: int, before: int | None = None) -> list[Entry]:
        """At most `limit` entries, the newest first, of those before that number."""
        more = {":before": _number(before)} if before is not None else {}
        return list(self._query(customer_id, more, ScanIndexForward=False, Limit=limit))

    def all(self, customer_id: str) -> Iterator[Entry]:
        """Every entry, the oldest first."""
        return self._query(customer_id)

    def _query(self, customer_id: str, before: dict[str, str] | None = None, **more: object) -> Iterator[Entry]:
        condition = f"{AUDIT.hash_key} = :customer" + (f" AND {_KEY} < :before" if before else "")
        found = self._dynamo.query(self._table, condition, {":customer": customer_id, **(before or {})}, ConsistentRead=True, **more)
        return map(_entry, found)


def _entry(item: Item) -> Entry:
    """UnknownSchema for what isn't an entry any more: whoever got at the table may have left anything."""
    check_schema(item)
    try:
        return unpack(bytes(item["data"]["B"]), Entry)
    except (zlib.error, msgspec.MsgspecError, KeyError) as error:
        raise UnknownSchema("an entry of the audit can't be read") from error


def _number(number: int) -> str:
    return f"{number:012d}"
