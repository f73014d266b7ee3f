"""SQS: jobs go out in batches of ten, as small JSON objects of strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import available

BATCH = 10


class Queue:
    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, messages: Iterable[Mapping[str, str]]) -> None:
        """All of them, or StoreUnavailable; what was sent before a failure stays sent, so jobs must bear repetition."""
        bodies = [msgspec.json.encode(message).decode() for message in messages]
        for start in range(0, len(bodies), BATCH):
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[start : start + BATCH])]
            with available():
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise StoreUnavailable("SQS refused a job")
