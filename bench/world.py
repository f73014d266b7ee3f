"""A deployment on a virtual clock: the real services over fake clients, and what one customer's life in it is, hour by hour."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from statistics import median
from typing import Any
from unittest.mock import patch
from zlib import crc32

import boto3
import msgspec

from bench.fake_aws import FakeCloudWatch, FakeCosts, FakeS3, FakeSecurityHub, FakeSqs, FakeSts
from bench.fake_dynamodb import FakeDynamoDB
from bench.meter import Meter, Work
from chalicelib import logs
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import DAY, HOUR, iso
from chalicelib.settings import Settings
from chalicelib.sources.security_hub import SecurityHub, read_events
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate, findings
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.wiring import Services

STAGE, ACCOUNTS = "dev", 3
JOINED = datetime(2026, 1, 1, tzinfo=UTC)
AFTER_THE_HOUR = timedelta(minutes=5)
"""When the schedule fires."""
QUEUES = {tables.physical_name(STAGE, queue.name): queue.name for queue in tables.QUEUES}


def customer(number: int) -> Customer:
    name = f"customer-{number:05d}"
    accounts = tuple(Account(f"{100_000_000_000 + number * ACCOUNTS + place}") for place in range(ACCOUNTS))
    return Customer(name, name, accounts, f"external-{number:05d}", JOINED)


def turn_of(customer_id: str) -> int:
    """Its hour of the day."""
    return crc32(customer_id.encode()) % 24


def some_of(turns: Collection[int], number: int = 1) -> list[Customer]:
    """The first customers that have one of these turns."""
    return list(islice((one for one in map(customer, count()) if turn_of(one.id) in turns), number))


class World:
    """Jobs run in it for real, each in a container that has seen nobody; `send` takes the messages that they send (queue, body, delay)."""

    def __init__(self, meter: Meter, customers: Sequence[Customer], told_of: Sequence[Customer], usage_every: int = 1) -> None:
        """Cost Explorer tells of the accounts of `told_of`."""
        self.meter, self.clock = meter, meter.clock
        self.send: Callable[[str, str, float], None] = _nowhere
        self.dynamodb = FakeDynamoDB(meter, STAGE)
        costs = FakeCosts(meter, tuple(account for one in told_of for account in one.account_ids))
        self.costs, self.hub = costs, FakeSecurityHub(meter)
        self._clients: dict[str, Any] = {
            "dynamodb": self.dynamodb,
            "sts": FakeSts(meter),
            "sqs": FakeSqs(meter, lambda queue, body, delay: self.send(QUEUES[queue], body, delay)),
            "s3": FakeS3(meter),
            "securityhub": self.hub,
            "ce": None,
        }
        environment = {"STAGE": STAGE, "AWS_ACCOUNT_ID": "123456789012", "USAGE_EVERY_HOURS": str(usage_every)}
        self._settings = Settings.from_environment({**environment, "CLOUDWATCH_DAILY_CAP": str(10**9)})
        directory = self.services().customers
        for one in customers:
            directory.put(one)

    def services(self) -> Services:
        return Services(self._settings, clock=self.clock.now, sleep=self.clock.sleep, _clients=dict(self._clients))

    def collaborators(self, real_pace: bool = True) -> Collaborators:
        """Without the real pace it is only noted when a turn would be waited for."""
        with_ = replace(self.services().collaborators, costs=self.costs)
        return with_ if real_pace else replace(with_, findings=SecurityHub(self.hub, self.meter.turn))

    def run(self, job: aggregate.Job, left: Callable[[], float] = aggregate.forever, real_pace: bool = True) -> Work:
        return self.meter.measured(lambda: aggregate.run(self.collaborators(real_pace), job, left))

    def plan(self) -> Work:
        return self.meter.measured(lambda: aggregate.plan(self.collaborators(), self.clock.now()))


def _nowhere(queue: str, body: str, delay: float) -> None:
    raise AssertionError("nobody takes messages here")


@contextmanager
def clients_made(meter: Meter) -> Iterator[None]:
    """Whoever makes a client meanwhile gets a fake CloudWatch; nothing of it is logged."""

    def made(service: str, region_name: str, aws_access_key_id: str, **_: Any) -> FakeCloudWatch:
        assert service == "cloudwatch"
        meter.made_client()
        return FakeCloudWatch(meter, aws_access_key_id, region_name)

    levels = {logger: logger.level for logger in (logs.METRICS, logs.LOGGER)}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        with patch.object(boto3, "client", made):
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


@dataclass(frozen=True)
class Done:
    """One job of a life: of the hour that had closed by then."""

    end: datetime
    job: dict[str, str]
    work: Work

    @property
    def calls(self) -> str:
        """The kind of job and what it asked of AWS; all that are alike in this take the same computing."""
        told = ", ".join(f"{name} {number:.0f}" for name, number in sorted(self.work.counts.items()) if "." in name)
        return f"{self.job['job']}: {told}"


def steadied(done: Sequence[Done]) -> list[Done]:
    """Each job with the median of the computing that jobs like it took: one measurement of milliseconds says little."""
    like: dict[str, list[float]] = {}
    for one in done:
        like.setdefault(one.calls, []).append(one.work.cpu)
    middle = {calls: median(taken) for calls, taken in like.items()}
    return [replace(one, work=one.work.computing(middle[one.calls])) for one in done]


class Life:
    """Some customers' hours, one after the other, every job for real; the pace of Security Hub is only noted."""

    def __init__(self, meter: Meter, customers: Sequence[Customer], usage_every: int = 1) -> None:
        self.customers, self._messages, self.done = customers, list[tuple[str, str]](), list[Done]()
        self.world = World(meter, customers, customers, usage_every)
        self.world.send = lambda queue, body, _: self._messages.append((queue, body))

    def hours(self, first: datetime, last: datetime) -> Life:
        """Every hour that closes from `first` to `last`."""
        for end in (first + place * HOUR for place in range((last - first) // HOUR + 1)):
            self.hour(end)
        return self

    def hour(self, end: datetime) -> Life:
        """The closed hour's jobs, and those that they lead to, in their order."""
        self.world.clock.at = (end + AFTER_THE_HOUR).timestamp()
        self.world.plan()
        while self._messages:
            _, body = self._messages.pop(0)
            job = msgspec.json.decode(body, type=dict[str, str])
            self.done.append(Done(end, job, self.world.run(job, real_pace=False)))
        return self

    def begin(self, end: datetime) -> Life:
        """A first hour, and the first long look back, so that what comes after is as every day."""
        self.hour(end)
        for one in self.customers:
            self.world.run({"job": "daily", "customer_id": one.id, "end": iso(end)})
        return self

    def event(self, customer: Customer) -> Work:
        """One finding that Security Hub tells of, which is newer than what is known."""
        self.world.clock.sleep(DAY.total_seconds())
        finding = self.world.hub.finding(customer.account_ids[0], 0)
        with_ = self.world.collaborators()
        return self.world.meter.measured(lambda: findings.take_events(with_, customer, read_events([finding]), with_.clock()))

    def part_of_sweep(self, customer_id: str, end: datetime, start: int, stop: int | None) -> Work:
        """A sweep from one page on, up to another one, where time is over; None is for its end."""
        job = {"job": "findings", "customer_id": customer_id, "end": iso(end)}
        self.world.services().metrics.hub.put_sweep(customer_id, None)
        if start:
            self.world.run(job, _enough_for(start), real_pace=False)
        work = self.world.run(job, aggregate.forever if stop is None else _enough_for(stop - start), real_pace=False)
        self._messages.clear()
        return work


def _enough_for(pages: int) -> Callable[[], float]:
    """Time is over when it is asked for once more than that often."""
    asked = count()
    return lambda: 60.0 if next(asked) < pages else 5.0
