"""Security Hub's findings as they are known now, an item per account; events change them one by one, a sweep all of them.

Range keys: hub#<account> | hub-disabled | hub-sweep (one that was cut off, to be gone on with).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.compliance import Finding, Sweep
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import from_items, pack, split
from chalicelib.stores.rollups import HASH, LAST, RANGE

HUB, DISABLED, SWEEP = "hub#", "hub-disabled", "hub-sweep"
REVISION = "revision"
ROUNDS = 8
Findings = tuple[Finding, ...]
Pair = tuple[str, str]
Value = TypeVar("Value")


class Hub:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def findings(self, customer_id: str) -> dict[str, Findings]:
        """Per account."""
        found = self._read(customer_id, HUB, HUB + LAST, Findings)
        return {key.removeprefix(HUB): findings for key, findings in found.items()}

    def change(self, customer_id: str, account: str, to: Callable[[Findings], Findings]) -> bool:
        """Puts what `to` makes of an account's findings; of two at once the later sees the earlier's. False when nothing changes."""
        key = f"{HUB}{account}"
        for attempt in range(ROUNDS):
            found = self._read(customer_id, key, f"{key}#{LAST}", Findings)
            held = found.get(key, ())
            wanted = to(held)
            if wanted == held:
                return False
            items = split({HASH: {"S": customer_id}, RANGE: {"S": key}}, RANGE, pack(wanted), None)
            items[0][REVISION] = {"S": _revision(wanted)}
            if self._dynamo.put_together(self._table, items, unless_changed=(REVISION, _revision(held) if found else None)):
                return True
            self._dynamo.wait(attempt)
        raise StoreUnavailable("an account's findings kept changing")

    def disabled(self, customer_id: str) -> frozenset[Pair]:
        """(control, standard) pairs that are switched off."""
        return frozenset(self._read(customer_id, DISABLED, DISABLED + LAST, tuple[Pair, ...]).get(DISABLED, ()))

    def put_disabled(self, customer_id: str, disabled: Iterable[Pair]) -> None:
        self._put(customer_id, DISABLED, tuple(sorted(disabled)))

    def sweep(self, customer_id: str) -> Sweep | None:
        return self._read(customer_id, SWEEP, SWEEP + LAST, Sweep).get(SWEEP)

    def put_sweep(self, customer_id: str, sweep: Sweep | None) -> None:
        """None forgets it."""
        if sweep is None:
            self._dynamo.delete(self._table, {HASH: customer_id, RANGE: SWEEP})
        else:
            self._put(customer_id, SWEEP, sweep)

    def _put(self, customer_id: str, key: str, value: object) -> None:
        self._dynamo.put_together(self._table, split({HASH: {"S": customer_id}, RANGE: {"S": key}}, RANGE, pack(value), None))

    def _read(self, customer_id: str, first: str, last: str, kind: type[Value]) -> dict[str, Value]:
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        values = {":customer": customer_id, ":first": first, ":last": last}
        items = self._dynamo.query(self._table, condition, values, ExpressionAttributeNames={"#range": RANGE}, ConsistentRead=True)
        return dict(from_items(items, RANGE, kind, self._now()))


def _revision(findings: Findings) -> str:
    return hashlib.sha256(pack(findings)).hexdigest()[:32]
