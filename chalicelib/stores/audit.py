"""The audit table: only ever added to, an item per deed, numbered without a gap by a conditional put.

Keys: customer_id | entry, the number in twelve digits.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.audit import Deed, Entry, chained
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, pack, unpack
from chalicelib.stores.tables import AUDIT

ROUNDS, A_MOMENT = 100, -2
"""How often it is tried, and an exponent of the waits between: some 12 ms each, that don't grow, or who has lost would lose again."""
_KEY = str(AUDIT.range_key)


class Audit:
    """Every method's first argument is the customer."""

    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def append(self, customer_id: str, deed: Deed) -> Entry:
        """Puts the deed behind the last one; of two at once the second looks again."""
        for _ in range(ROUNDS):
            entry = chained(customer_id, next(self._query(customer_id, ScanIndexForward=False, Limit=1), None), deed)
            item: Item = {
                AUDIT.hash_key: {"S": customer_id},
                _KEY: {"S": _number(entry.number)},
                "v": {"N": SCHEMA},
                "data": {"B": pack(entry)},
            }
            if self._dynamo.put(self._table, item, f"attribute_not_exists({_KEY})") or self._is_there(entry):
                return entry
            self._dynamo.wait(A_MOMENT)
        raise StoreUnavailable("others kept adding to the audit")

    def _is_there(self, entry: Entry) -> bool:
        """Whether it is our own put that is in the way: its answer was lost, and it was sent again."""
        held = self._dynamo.get(self._table, {AUDIT.hash_key: entry.customer_id, _KEY: _number(entry.number)})
        return held is not None and _entry(held).hash == entry.hash

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
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), Entry)


def _number(number: int) -> str:
    return f"{number:012d}"
