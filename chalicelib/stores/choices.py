"""What a customer has said itself (exceptions, budgets, ...), a value per kind; of two changes at once the later sees the earlier's.

Range keys: choice#<name>. The status item names each with its digest, written in one transaction with the value: whoever reads the
status knows whether there is anything to read at all, and answers that were kept from before are dead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from chalicelib.domain.choice import Choice
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, pack, to_items
from chalicelib.stores.values import HASH, LAST, RANGE, Values

CHOICE, REVISION, ROUNDS = "choice#", "revision", 8
CHOICE_PREFIX = "choice_"
"""Of the status item's attributes."""
Chosen = TypeVar("Chosen", bound=Choice)


class Choices:
    """Every method's first argument is the customer."""

    def __init__(self, dynamo: Dynamo, table: str, values: Values, status_key: Callable[[str], dict[str, str]]) -> None:
        self._dynamo, self._table, self._values, self._status_key = dynamo, table, values, status_key

    def get(self, customer_id: str, kind: type[Chosen]) -> Chosen | None:
        """What was chosen last; None when nothing ever was (`status.choices` tells that without a read)."""
        key = f"{CHOICE}{kind.NAME}"
        return self._values.read(customer_id, key, f"{key}#{LAST}", kind).get(key)

    def change(self, customer_id: str, kind: type[Chosen], to: Callable[[Chosen | None], Chosen]) -> Chosen:
        """Puts what `to` makes of what is there, and returns it; what `to` raises leaves as it is, with nothing written."""
        key = f"{CHOICE}{kind.NAME}"
        for attempt in range(ROUNDS):
            held = self.get(customer_id, kind)
            wanted = to(held)
            if wanted == held:
                return wanted
            before, digest = None if held is None else _digest(held), _digest(wanted)
            items = to_items(HASH, customer_id, RANGE, key, wanted, None)
            items[0][REVISION] = {"S": digest}
            told: Item = {"v": {"N": SCHEMA}, f"{CHOICE_PREFIX}{kind.NAME}": {"S": digest}}
            if self._dynamo.put_together(self._table, items, (REVISION, before), (self._status_key(customer_id), told)):
                return wanted
            self._dynamo.wait(attempt)
        raise StoreUnavailable("what a customer chose kept changing")


def _digest(value: object) -> str:
    return hashlib.sha256(pack(value)).hexdigest()[:32]
