"""What the tests of the feeds share: the real plan, the real queues and their workers, on an embedded AWS that is emptied quickly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

import boto3
import pytest
from chalice.test import Client
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from chalicelib import wiring
from chalicelib.domain import signals
from chalicelib.routes import health
from chalicelib.stores import tables
from local import turn
from local.aws import ACCOUNT, REGION, create_reader_role
from local.seed import associations, findings
from tests.e2e.embedded import NOW, Embedded, started
from tests.recorder.aws_calls import NOBODY, doing

Around = Callable[[], AbstractContextManager[Any]]
WORKED = (tables.AGGREGATION_QUEUE, tables.FINDINGS_QUEUE)
MOST_MESSAGES = 2_000
"""More than any test sends: a queue that takes longer never runs dry."""


class Feeds:
    """An embedded AWS with the app's own plan and workers; a message that fails is seen again at once, as often as its queue allows."""

    def __init__(self, aws: Embedded) -> None:
        import app

        self.aws, self._app = aws, app
        self.handlers = {tables.AGGREGATION_QUEUE: app.aggregation_worker, tables.FINDINGS_QUEUE: app.findings_worker}
        self.workers = [turn.QueueWorker(queue, self._handler(queue)) for queue in WORKED]
        self.around: Around = nullcontext
        self._sqs = boto3.client("sqs")

    def _handler(self, queue: tables.Queue) -> turn.Handler:
        def handler(event: dict[str, Any], context: Any) -> Any:
            with self.around():
                return self.handlers[queue](event, context)

        return handler

    def empty(self) -> None:
        """As at first: no item, no message, no fault, a new container; without the second that a whole new AWS takes."""
        self.aws.mend()
        self.aws.now, self.around = NOW, nullcontext
        for table in dynamodb_backends[ACCOUNT][REGION].tables.values():
            table.items.clear()
        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            queue._messages.clear()
            queue.pending_messages.clear()
            queue.deleted_messages.clear()
        hub, costs = self.aws.aws.hub, self.aws.aws.costs
        hub.load(findings(self.aws.seeded), associations(self.aws.seeded))
        hub.not_enabled, hub.repeat_token, costs.repeat_token = set(), False, False
        for fake in (hub, costs):
            fake._waiting.clear()
            fake.calls.clear()
        for customer in self.aws.customers:
            for account in customer.accounts:
                self.aws.without_role(account.id)
                create_reader_role(account.id, customer.external_id)
        self.renew()

    def renew(self) -> None:
        """A new container that has the last one's clients, sessions of roles among them: they take longest to make."""
        self.aws.renew()
        wiring.use(self.aws.services)
        health._last.clear()

    def deny(self, account: str) -> None:
        """The account's role is gone, and no session of it is left."""
        self.aws.without_role(account)
        self.aws.forget_roles()

    def plan(self, at: datetime = NOW) -> dict[str, Any]:
        """What the schedule's event for that hour does."""
        with self.around():
            planned: dict[str, Any] = self._app.analytics_aggregator(turn.scheduled_event(at), turn.context(signals.AGGREGATOR))
        return planned

    def work_off(self) -> int:
        """Until no message can be seen any more; how many there were."""
        done = 0
        with doing(NOBODY):
            while sum(worker.once() for worker in self.workers):
                done += 1
                assert done < MOST_MESSAGES, "the queues never run dry"
        return done

    def hour(self, at: datetime) -> None:
        """The clock, the plan, and all that comes of it."""
        self.aws.now = at
        self.plan(at)
        self.work_off()

    def tell(self, body: str, queue: tables.Queue = tables.FINDINGS_QUEUE) -> None:
        """A message as somebody else sends it."""
        self._sqs.send_message(QueueUrl=self._url(queue.name), MessageBody=body)

    def waiting(self, queue: tables.Queue, dead: bool = False, delayed: bool = False) -> int:
        """How many messages lie there: to be seen now, or later on."""
        name = "ApproximateNumberOfMessagesDelayed" if delayed else "ApproximateNumberOfMessages"
        with doing(NOBODY):
            found = self._sqs.get_queue_attributes(QueueUrl=self._url(f"{queue.name}-dead" if dead else queue.name), AttributeNames=[name])
        return int(found["Attributes"][name])

    def lying(self, queue: tables.Queue, dead: bool = False) -> list[dict[str, Any]]:
        """The bodies of all that lies there, without taking them."""
        name = tables.physical_name("local", f"{queue.name}-dead" if dead else queue.name)
        return [json.loads(message.body) for message in sqs_backends[ACCOUNT][REGION].queues[name]._messages]

    def use(self, **settings: Any) -> None:
        """The container with other settings."""
        self.aws.services = replace(self.aws.services, settings=replace(self.aws.services.settings, **settings))
        wiring.use(self.aws.services)

    def get(self, path: str, key: str) -> Any:
        """What the app answers to whose key it is."""
        answer = Client(self._app.app).http.get(path, headers={"X-API-Key": key})
        assert answer.status_code == 200, answer.body
        return json.loads(answer.body)

    def _url(self, name: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=tables.physical_name("local", name))["QueueUrl"])


@contextmanager
def feeding() -> Iterator[Feeds]:
    """One for a module; `empty()` before each of its tests."""
    with started() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn, "RETRY_SECONDS", 0)
        aws.reset()
        made = Feeds(aws)
        made.empty()
        yield made
