"""SQS: jobs go out in batches of ten, as small JSON objects of strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.dynamo import available

BATCH = 10


class Queue:
    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, messages: Iterable[Mapping[str, str]]) -> None:
        """All of them, or StoreUnavailable; what was sent before a failure stays sent, so jobs must bear repetition.

        A message with `delay` is seen that many seconds later.
        """
        prepared = [
            {"MessageBody": msgspec.json.encode(message).decode(), "DelaySeconds": int(message.get("delay", "0"))} for message in messages
        ]
        for start in range(0, len(prepared), BATCH):
            entries = [{"Id": str(number), **entry} for number, entry in enumerate(prepared[start : start + BATCH])]
            with available():
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise StoreUnavailable("SQS refused a job")

    def put(self, body: str) -> None:
        """One message as it was."""
        with available():
            self._client.send_message(QueueUrl=self._url, MessageBody=body)

    def take_all(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every message that lies there (its body), each with what deletes it."""
        while True:
            with available():
                answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=1)
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                yield message["Body"], partial(self._delete, message["ReceiptHandle"])

    def _delete(self, receipt: str) -> None:
        with available():
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
