"""The audit: what is noted, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.audit import Deed, Entry
from chalicelib.domain.errors import AnalyticsError
from chalicelib.domain.period import iso


class Trail(Protocol):
    def append(self, customer_id: str, deed: Deed) -> Entry: ...
    def newest(self, customer_id: str, limit: int, before: int | None = None) -> list[Entry]: ...
    def all(self, customer_id: str) -> Iterator[Entry]: ...


@dataclass(frozen=True)
class Auditing:
    """`lost` is told of an entry that couldn't be put, with why: the deed is done by then, so its log line has to stand for it."""

    trail: Trail
    lost: Callable[[str, Deed, str], None]

    def note(self, customer_id: str, deed: Deed) -> None:
        try:
            self.trail.append(customer_id, deed)
        except (AnalyticsError, ValueError) as error:  # a text that can't be encoded is a ValueError
            self.lost(customer_id, deed, type(error).__name__)


def shown(entry: Entry) -> dict[str, Any]:
    """As the API tells it."""
    deed = entry.deed
    return {
        "number": entry.number,
        "at": iso(deed.at),
        "who": deed.who,
        "action": deed.action,
        "object": deed.object,
        "origin": deed.origin or None,
        "status": deed.status,
        "request_id": deed.request_id,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def page(trail: Trail, customer_id: str, limit: int, before: int | None) -> dict[str, Any]:
    """The newest entries before that number, and where to go on."""
    found = trail.newest(customer_id, limit, before)
    more = found and found[-1].number > 1 and len(found) == limit
    return {"entries": [shown(entry) for entry in found], "next_cursor": str(found[-1].number) if more else None}
