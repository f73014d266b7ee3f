"""Links to reports, by their ids; the secret part of a link's token is never here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.link import Link, Uses
from chalicelib.domain.period import iso
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, expired, pack, unpack
from chalicelib.stores.tables import LINKS, TTL_ATTRIBUTE

USES, LAST_USED, MOST_USES = "uses", "last_used_at", 10**12


class Links:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def put(self, customer_id: str, link: Link) -> None:
        """Its uses stay as they are."""
        values: Item = {
            "customer_id": {"S": customer_id},
            LINKS.indexes[0].hash_key: {"S": link.report_id},
            "v": {"N": SCHEMA},
            "data": {"B": pack(link)},
            TTL_ATTRIBUTE: {"N": str(int(link.expires_at.timestamp()))},
        }
        self._dynamo.update(self._table, {LINKS.hash_key: link.id}, values)

    def find(self, link_id: str) -> tuple[str, Link] | None:
        """(whose it is, the link)."""
        item = self._dynamo.get(self._table, {LINKS.hash_key: link_id})
        return None if item is None or expired(item, self._now()) else (item["customer_id"]["S"], _link(item))

    def of(self, customer_id: str, report_id: str) -> list[tuple[Link, Uses]]:
        """Those of a report that haven't expired, oldest first."""
        index = LINKS.indexes[0]
        items = self._dynamo.query(self._table, f"{index.hash_key} = :report", {":report": report_id}, IndexName=index.name)
        own = [item for item in items if item["customer_id"]["S"] == customer_id and not expired(item, self._now())]
        return sorted(((_link(item), _uses(item)) for item in own), key=lambda pair: (pair[0].created_at, pair[0].id))

    def used(self, customer_id: str, link: Link) -> None:
        told: Item = {LAST_USED: {"S": iso(self._now())}, TTL_ATTRIBUTE: {"N": str(int(link.expires_at.timestamp()))}}
        self._dynamo.add(self._table, {LINKS.hash_key: link.id}, USES, 1, MOST_USES, told)


def _link(item: Item) -> Link:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), Link)


def _uses(item: Item) -> Uses:
    last = item.get(LAST_USED)
    return Uses(int(item.get(USES, {}).get("N", "0")), datetime.fromisoformat(last["S"]) if last else None)
