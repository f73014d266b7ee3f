"""The cache table: whole answers, kept for minutes, dead as soon as anything new lands for their customer."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chalicelib.domain.state import CustomerStatus
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, expired
from chalicelib.stores.metrics import status_key, to_status
from chalicelib.stores.tables import CACHE, TTL_ATTRIBUTE

KEPT = timedelta(minutes=5)
LARGEST = 300_000


class Cache:
    """One read brings the kept answer and the customer's status, which tells whether the answer still holds."""

    def __init__(self, dynamo: Dynamo, table: str, metrics_table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._metrics_table, self._now = dynamo, table, metrics_table, now

    def get(self, customer_id: str, question: str) -> tuple[bytes | None, CustomerStatus]:
        key = {CACHE.hash_key: cache_key(customer_id, question)}
        found = self._dynamo.get_many({self._table: [key], self._metrics_table: [status_key(customer_id)]})
        status = to_status(next(iter(found[self._metrics_table]), None))
        for item in found[self._table]:
            mine = item["customer_id"]["S"] == customer_id and item["question"]["S"] == question
            if mine and item["generation"]["S"] == status.generation and not expired(item, self._now()):
                return zlib.decompress(bytes(item["answer"]["B"])), status
        return None, status

    def put(self, customer_id: str, question: str, answer: bytes, generation: str, until: datetime | None = None) -> None:
        """Keeps the answer, but not beyond `until`; one that is too large for an item is simply made again next time."""
        packed = zlib.compress(answer, 1)
        if len(packed) > LARGEST:
            return
        kept_until = min(self._now() + KEPT, until or datetime.max.replace(tzinfo=UTC))
        self._dynamo.put(
            self._table,
            {
                CACHE.hash_key: {"S": cache_key(customer_id, question)},
                "customer_id": {"S": customer_id},
                "question": {"S": question},
                "generation": {"S": generation},
                "answer": {"B": packed},
                "v": {"N": SCHEMA},
                TTL_ATTRIBUTE: {"N": str(int(kept_until.timestamp()))},
            },
        )


def cache_key(customer_id: str, question: str) -> str:
    """The customer, whom IAM may hold a request against, and a digest of both, each with its length before it: no two pairs share one."""
    digest = hashlib.sha256(f"{len(customer_id)}:{customer_id}{len(question)}:{question}".encode()).hexdigest()
    return f"{customer_id}#{digest}"
