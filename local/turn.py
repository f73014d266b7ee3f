"""What turns on AWS by itself and here by a loop: queues that call their functions, and the hourly schedule."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from chalice.local import LambdaContext

from chalicelib.domain import signals
from chalicelib.domain.period import iso
from chalicelib.logs import LOGGER
from chalicelib.stores import tables

LONG_POLL_SECONDS = 1
RETRY_SECONDS = 3
"""A laptop's user won't wait six times the timeout for a second try."""
MINUTE_OF_HOUR = 5
LOOK_SECONDS = 60
"""Between two calls of the reporter: on AWS it is five minutes."""
Handler = Callable[[dict[str, Any], Any], Any]


class Turning:
    """Threads, one per queue and one for each schedule, until `stop()`."""

    def __init__(self, handlers: Mapping[str, Handler], plan: Handler, report: Handler) -> None:
        self._stopping = threading.Event()
        self._plan, self._report = plan, report
        self._queues = [QueueWorker(queue, handlers[queue.name]) for queue in tables.QUEUES]
        self._threads = [threading.Thread(target=self._drain_forever, args=(queue,), daemon=True) for queue in self._queues]
        self._threads += [threading.Thread(target=target, daemon=True) for target in (self._plan_forever, self._report_forever)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    def drain(self) -> None:
        """Works off, here and now, whatever lies in the queues."""
        for queue in self._queues:
            while queue.once():
                pass

    def _drain_forever(self, queue: QueueWorker) -> None:
        while not self._stopping.is_set():
            queue.once(wait=LONG_POLL_SECONDS)

    def _plan_forever(self) -> None:
        while True:
            due = datetime.now(UTC).replace(minute=MINUTE_OF_HOUR, second=0, microsecond=0)
            if due <= datetime.now(UTC):
                due += timedelta(hours=1)
            while datetime.now(UTC) < due:
                if self._stopping.wait(min(30.0, max(0.1, (due - datetime.now(UTC)).total_seconds()))):
                    return
            self._plan(scheduled_event(due), context(signals.AGGREGATOR))

    def _report_forever(self) -> None:
        """At every full minute, and once at the start, for what was missed."""
        while True:
            try:
                self._report(scheduled_event(datetime.now(UTC)), context(signals.REPORTER))
            except Exception:  # noqa: BLE001  the edge of a function: the next call goes on
                LOGGER.exception("the reporter failed")
            if self._stopping.wait(LOOK_SECONDS - datetime.now(UTC).timestamp() % LOOK_SECONDS):
                return


FUNCTION_OF = {
    tables.AGGREGATION_QUEUE: signals.AGGREGATION_WORKER,
    tables.FINDINGS_QUEUE: signals.FINDINGS_WORKER,
    tables.REPORT_QUEUE: signals.REPORT_ENGINE,
    tables.DELIVERY_QUEUE: signals.DELIVERY_WORKER,
}


class QueueWorker:
    """An event source mapping: one message a call, deleted when the function returns, again after a failure."""

    def __init__(self, queue: tables.Queue, handler: Handler) -> None:
        self._client = boto3.client("sqs")
        self._url = self._client.get_queue_url(QueueName=tables.physical_name("local", queue.name))["QueueUrl"]
        self._handler = handler
        self._function = FUNCTION_OF[queue]

    def once(self, wait: int = 0) -> bool:
        """Whether there was a message, within `wait` seconds."""
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=1, WaitTimeSeconds=wait)
        messages = answer.get("Messages", [])
        for message in messages:
            try:
                answer = self._handler(sqs_event(message), context(self._function))
                failed = bool(answer and answer["batchItemFailures"])
            except Exception:  # noqa: BLE001  the edge of a function: AWS, too, only logs it and tries again
                LOGGER.exception("a queue's function failed")
                failed = True
            if failed:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=RETRY_SECONDS
                )
            else:
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)


def sqs_event(message: Mapping[str, Any]) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "",
    }
    return {"Records": [record]}


def scheduled_event(at: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "",
        "time": iso(at),
        "region": "",
        "resources": [],
        "detail": {},
    }


def context(function: signals.Function) -> Any:
    return LambdaContext(function.deployed("local"), function.memory, function.timeout * 1000)
