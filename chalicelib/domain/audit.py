"""Who did what: entries of one customer, each with the hash of the one before it, so that none can be changed or taken out unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from chalicelib.domain.period import iso

FIRST_PREVIOUS = "0" * 64
OPERATOR = "operator"
"""Who the provider's own staff is, by a command."""


@dataclass(frozen=True)
class Deed:
    """`at` is told to the second, `who` is a credential's name (key:..., token:..., link:...), `origin` an address, `object` a path."""

    at: datetime
    who: str
    action: str
    object: str
    origin: str
    status: int
    request_id: str


@dataclass(frozen=True)
class Entry:
    """The `number`-th deed of the customer, from 1 on; hashes are SHA-256 in hex."""

    customer_id: str
    number: int
    deed: Deed
    previous: str
    hash: str


def chained(customer_id: str, before: Entry | None, deed: Deed) -> Entry:
    """The entry that follows."""
    number, previous = (before.number + 1, before.hash) if before else (1, FIRST_PREVIOUS)
    return Entry(customer_id, number, deed, previous, hash_of(customer_id, number, deed, previous))


def hash_of(customer_id: str, number: int, deed: Deed, previous: str) -> str:
    """SHA-256 over a JSON list without blanks: customer, number, previous hash, then the deed's members in their order."""
    _, *told = (getattr(deed, field.name) for field in fields(deed))
    text = json.dumps([customer_id, number, previous, iso(deed.at), *told], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_break(entries: Iterable[Entry], customer_id: str) -> str | None:
    """What is wrong with a customer's entries, the oldest first; None where every one follows from the one before."""
    before: Entry | None = None
    for entry in entries:
        expected = chained(customer_id, before, entry.deed)
        if entry.number != expected.number:
            return f"entry {expected.number} is missing"
        if entry.previous != expected.previous:
            return f"entry {entry.number} doesn't follow from the one before"
        if entry.hash != expected.hash:
            return f"entry {entry.number} was changed"
        before = entry
    return None
