"""Sessions of the page, by their ids; the secret part of a session's cookie is never here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.session import Session
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, expired, pack, unpack
from chalicelib.stores.tables import SESSIONS, TTL_ATTRIBUTE


class Sessions:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def put(self, session: Session) -> None:
        item: Item = {
            SESSIONS.hash_key: {"S": session.id},
            "customer_id": {"S": session.customer_id},
            "v": {"N": SCHEMA},
            "data": {"B": pack(session)},
            TTL_ATTRIBUTE: {"N": str(int(session.expires_at.timestamp()))},
        }
        self._dynamo.put(self._table, item)

    def find(self, session_id: str) -> Session | None:
        item = self._dynamo.get(self._table, {SESSIONS.hash_key: session_id})
        if item is None or expired(item, self._now()):
            return None
        check_schema(item)
        return unpack(bytes(item["data"]["B"]), Session)

    def delete(self, session_id: str) -> None:
        self._dynamo.delete(self._table, {SESSIONS.hash_key: session_id})
