"""Security Hub's findings as they are known now, an item per account; events change them one by one, a sweep all of them.

Range keys: hub#<account> | hub-disabled | hub-sweep (one that was cut off, to be gone on with).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from chalicelib.domain.compliance import Finding, Sweep
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import pack, to_items
from chalicelib.stores.values import HASH, LAST, RANGE, Values

HUB, DISABLED, SWEEP = "hub#", "hub-disabled", "hub-sweep"
REVISION = "revision"
ROUNDS = 8
Findings = tuple[Finding, ...]
Pair = tuple[str, str]


class Hub:
    def __init__(self, dynamo: Dynamo, table: str, values: Values) -> None:
        self._dynamo, self._table, self._values = dynamo, table, values

    def findings(self, customer_id: str, account: str | None = None) -> dict[str, Findings]:
        """Per account, or of one."""
        first, last = (HUB, HUB + LAST) if account is None else (f"{HUB}{account}", f"{HUB}{account}#{LAST}")
        found = self._values.read(customer_id, first, last, Findings)
        return {key.removeprefix(HUB): findings for key, findings in found.items()}

    def change(self, customer_id: str, account: str, to: Callable[[Findings], Findings]) -> bool:
        """Puts what `to` makes of an account's findings; of two at once the later sees the earlier's. False when nothing changes."""
        key = f"{HUB}{account}"
        for attempt in range(ROUNDS):
            found = self.findings(customer_id, account)
            held = found.get(account, ())
            wanted = to(held)
            if wanted == held:
                return False
            items = to_items(HASH, customer_id, RANGE, key, wanted, None)
            items[0][REVISION] = {"S": _revision(wanted)}
            if self._dynamo.put_together(self._table, items, unless_changed=(REVISION, _revision(held) if found else None)):
                return True
            self._dynamo.wait(attempt)
        raise StoreUnavailable("an account's findings kept changing")

    def disabled(self, customer_id: str) -> frozenset[Pair]:
        """(control, standard) pairs that are switched off."""
        return frozenset(self._values.read(customer_id, DISABLED, DISABLED + LAST, tuple[Pair, ...]).get(DISABLED, ()))

    def put_disabled(self, customer_id: str, disabled: Iterable[Pair]) -> None:
        self._values.put(customer_id, [(DISABLED, tuple(sorted(disabled)), None)])

    def sweep(self, customer_id: str) -> Sweep | None:
        return self._values.read(customer_id, SWEEP, SWEEP + LAST, Sweep).get(SWEEP)

    def put_sweep(self, customer_id: str, sweep: Sweep | None) -> None:
        """None forgets it."""
        if sweep is None:
            self._values.delete(customer_id, [SWEEP])
        else:
            self._values.put(customer_id, [(SWEEP, sweep, None)])


def _revision(findings: Findings) -> str:
    return hashlib.sha256(pack(findings)).hexdigest()[:32]
