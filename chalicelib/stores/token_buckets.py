"""The token buckets that all containers share, in the ledger: bucket#<owner> | <allowance> -> when it is full again.

The owner is a customer, an address with a key's id, or a link or a mail's reader; all but the first have a '#', that no customer's id has.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.allowance import DEEPEST_DEBT, Allowance
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item
from chalicelib.stores.tables import LEDGER, TTL_ATTRIBUTE

BUCKET, FULL_AT = "bucket#", "full_at"
ROUNDS = 4
KEPT = timedelta(hours=1)


class TokenBuckets:
    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def settle(self, owner: str, allowance: Allowance, since: float, tokens: int, now: float) -> float:
        """Takes tokens that were spent from `since` on; returns when the bucket is full again."""
        key = {LEDGER.hash_key: f"{BUCKET}{owner}", str(LEDGER.range_key): allowance.name}
        for attempt in range(ROUNDS):
            held = self._dynamo.get(self._table, key)
            before = float(held[FULL_AT]["N"]) if held else 0.0
            full_at = min(allowance.spend(before, since, tokens), now + DEEPEST_DEBT)
            item: Item = {
                **{name: {"S": value} for name, value in key.items()},
                FULL_AT: {"N": f"{full_at:.3f}"},
                "v": {"N": SCHEMA},
                TTL_ATTRIBUTE: {"N": str(int(now + KEPT.total_seconds()))},
            }
            condition = f"{FULL_AT} = :before" if held else f"attribute_not_exists({FULL_AT})"
            if self._dynamo.put(self._table, item, condition, {":before": held[FULL_AT]} if held else None):
                return full_at
            self._dynamo.wait(attempt)
        raise StoreUnavailable("a token bucket kept changing")
