"""Schedules on the laptop's AWS inside the test process: the reporter, the queues' functions, SES and the webhooks' inbox, by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3

from chalicelib import wiring
from chalicelib.delivery.outbound import Answer, Poster
from chalicelib.domain import signals
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import AnalyticsError
from chalicelib.domain.recipient import EMAIL, S3, SLACK, SNS, VERIFIED, WEBHOOK, Recipient, Recipients
from chalicelib.domain.schedule import Run, Schedule
from chalicelib.routes import events
from chalicelib.routes.schedules import scheduling
from chalicelib.stores import tables
from chalicelib.usecases.schedules import reporter
from chalicelib.usecases.schedules.request import CadenceBody, ScheduleBody, schedule_of
from chalicelib.usecases.schedules.schedule import asking
from local.fakes.inbox import Arrived
from tests.adapters.test_crashes import MOMENTS, Killed, Killer
from tests.e2e.embedded import Embedded, started
from tests.recorder.aws_calls import doing

BUCKET = "their-own-bucket"
CHANNELS = (EMAIL, WEBHOOK, S3)
LATER = tuple(timedelta(minutes=minutes) for minutes in (6, 20, 37, 50))
"""When the reporter looks again after something died: leases, lost answers and waits are over by the last one."""


class CountedOutbound:
    """Calls of webhooks are heard of like those of AWS."""

    def __init__(self, inner: Poster, killer: Killer) -> None:
        self._inner, self._killer = inner, killer

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self._killer._heard(MOMENTS[0], Named("webhook"))
        answer = self._inner.post(url, headers, body)
        self._killer._heard(MOMENTS[1], Named("webhook"))
        return answer


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


class Post:
    """One customer with a bucket, recipients and what happens when everything turns."""

    def __init__(self, aws: Embedded, customer: Customer) -> None:
        self.aws, self.customer, self.killer = aws, customer, Killer()
        self.sqs, self.s3 = boto3.client("sqs"), boto3.client("s3")  # of AWS's own doing: not counted
        self.s3.create_bucket(Bucket=BUCKET)
        sns = boto3.client("sns")
        self.topic = sns.create_topic(Name="their-own-topic")["TopicArn"]
        self.subscribed = self.sqs.create_queue(QueueName="their-own-queue")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.subscribed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)
        self.urls = {
            queue.name: self.sqs.get_queue_url(QueueName=tables.physical_name("local", queue.name))["QueueUrl"]
            for queue in (tables.REPORT_QUEUE, tables.DELIVERY_QUEUE)
        }
        delivery_url = self.urls[tables.DELIVERY_QUEUE.name]
        aws.aws.inbox.tell = lambda event: self.sqs.send_message(QueueUrl=delivery_url, MessageBody=json.dumps(event)) and None
        self.services = wiring.services()
        self.services.__dict__["outbound"] = CountedOutbound(self.services.outbound, self.killer)
        for client in [*(self.services.client(name) for name in ("dynamodb", "s3", "sqs")), self.services.once("sesv2")]:
            for moment in MOMENTS:
                client.meta.events.register(f"{moment}.*.*", lambda model, m=moment, **_: self.killer._heard(m, model))

    def recipients(self, *channels: str, status: str = VERIFIED) -> list[Recipient]:
        account = boto3.client("sts").get_caller_identity()["Account"]
        made = [
            Recipient(f"{number:032x}", channel, self.address(channel), self.aws.now, "test", account=account, status=status)
            for number, channel in enumerate(channels, 1)
        ]
        self.services.metrics.choices.change(self.customer.id, Recipients, lambda held: Recipients(tuple(made)))
        return made

    def address(self, channel: str) -> str:
        return {
            EMAIL: "finance@acme.example",
            WEBHOOK: "https://hooks.acme.example/in",
            SLACK: "https://hooks.slack.com/services/T0/B0/secret",
            S3: f"s3://{BUCKET}/reports/",
            SNS: self.topic,
        }[channel]

    def published(self) -> list[Any]:
        """What the topic was told, each an SNS envelope."""
        messages = self.sqs.receive_message(QueueUrl=self.subscribed, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    def schedule(self, schedule_id: str = "a" * 32, cadence: CadenceBody | None = None, **more: Any) -> Schedule:
        ids = [one.id for one in scheduling().recipients(self.customer.id).all]
        body = ScheduleBody("Costs", {"type": "costs", "format": "json"}, cadence or CadenceBody("daily", at="15:00"), recipients=ids)
        schedule = schedule_of(replace(body, **more), schedule_id, asking(scheduling(), self.customer.id, "test"))
        assert self.services.schedules.add(self.customer.id, schedule)
        return schedule

    def turn(self) -> None:
        """The reporter once, and then the queues until nothing comes of them any more."""
        with doing(signals.REPORTER.name):
            reporter.take_up(scheduling(), self.aws.now, lambda: 60.0, _raise)
        self.drain()

    def drain(self, rounds: int = 40) -> None:
        again: list[tuple[str, Any]] = []
        for _ in range(rounds):
            found = [(url, message) for url in self.urls.values() for message in self._taken(url)]
            again += [(url, message) for url, message in found if not self._done(url, message)]
            if not found:
                break
        for url, message in again:
            self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)

    def _taken(self, url: str) -> list[Any]:
        messages: list[Any] = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        return messages

    def _done(self, url: str, message: Any) -> bool:
        """As Lambda does it: gone once it is done; where it wasn't, there again at the next turn."""
        try:
            with doing((signals.DELIVERY_WORKER if url == self.urls[tables.DELIVERY_QUEUE.name] else signals.REPORT_ENGINE).name):
                for job in events.jobs_of(message["Body"]):
                    events._do(job, lambda: 60.0)
        except Killed:
            self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
            raise
        except AnalyticsError:
            return False
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def dies(self, moment: str, at: int | None) -> bool:
        """A turn that dies at that call; whether it did."""
        self.killer.calls, self.killer.at, self.killer.moment = [], at, moment
        try:
            self.turn()
        except Killed:
            return True
        finally:
            self.killer.at, self.killer.moment = None, ""
        return False

    def mended(self) -> None:
        """What follows by itself after something died."""
        start = self.aws.now
        for later in LATER:
            self.aws.now = start + later
            self.turn()

    def arrived(self, kind: str) -> list[Arrived]:
        return [one for one in self.aws.aws.inbox.arrived if one.kind == kind]

    def in_bucket(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def runs(self, schedule: Schedule) -> list[Run]:
        return self.services.schedules.runs(self.customer.id, schedule.id, 1000, None)[0]

    def statuses(self, run: Run) -> dict[str, str]:
        return {one.channel: one.status for one in self.services.schedules.deliveries(self.customer.id, run.digest or run.key)}

    def anew(self, now: datetime) -> None:
        """No schedule, run, report or message; the data stay."""
        self.aws.now = now
        dynamodb = boto3.client("dynamodb")
        for table in (tables.REPORTS, tables.SCHEDULES, tables.LINKS):
            keys = [name for name in (table.hash_key, table.range_key) if name]
            for item in self.aws.scan(table):
                dynamodb.delete_item(TableName=tables.physical_name("local", table.name), Key={name: item[name] for name in keys})
        for url in self.urls.values():
            while messages := self._taken(url):
                for message in messages:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        for key in self.in_bucket():
            self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.aws.aws.inbox.arrived = []


def _raise(due: object, error: Exception) -> None:
    raise error


@contextmanager
def posting() -> Iterator[Post]:
    with started() as aws:
        aws.reset()
        aws.aggregate(aws.customers[2])
        wiring.use(aws.services)
        yield Post(aws, aws.customers[2])
        wiring.use(None)
