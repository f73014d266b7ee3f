"""Ten thousand schedules that are due in the same minute: taken up by one call of the reporter, with a 512 MB function's share of a CPU."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import boto3

from bench.canned import ROOT
from bench.case import Bench
from bench.data import NOW
from bench.measure import Row
from bench.meter import VCPU
from chalicelib.domain import signals
from chalicelib.domain.cadence import Cadence
from chalicelib.domain.schedule import Schedule
from chalicelib.stores import tables
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.schedules import Schedules, item_of
from chalicelib.usecases.schedules import reporter
from chalicelib.wiring import CONFIG

COUNT, CUSTOMERS = 10_000, 2_500
WAITED = 0.025
"""Seconds that a transaction takes DynamoDB, at most of times."""
MEMORY = 512
TABLE = "securebase-dev-schedules"


class Jobs:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, jobs: Any) -> None:
        self.sent += jobs


class With:
    """As much of Scheduling as taking up asks for."""

    def __init__(self, schedules: Schedules) -> None:
        self.schedules, self.queue = schedules, Jobs()


def run(bench: Bench) -> Iterator[Row]:
    due = NOW.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    with agenda() as client:
        dynamo, calls = Dynamo(client), Counter[str]()
        dynamo.write_many(TABLE, (tables.SCHEDULES.hash_key, str(tables.SCHEDULES.range_key)), _items(due))
        client.meta.events.register("before-call.*.*", lambda model, **_: calls.update([model.name]))
        with_: Any = With(Schedules(dynamo, TABLE, lambda: due))
        started = time.process_time()
        found = reporter.take_up(with_, due + timedelta(seconds=40), lambda: 60.0, _failed)
        cpu = time.process_time() - started
        again = reporter.take_up(with_, due + timedelta(seconds=50), lambda: 60.0, _failed)
    keys = {job["key"] for job in with_.queue.sent}
    seconds = cpu / VCPU + calls["TransactWriteItems"] * WAITED / reporter.AT_ONCE
    yield Row(f"{COUNT:,} schedules due in one minute, taken up by a call", found.runs, "", COUNT, COUNT)
    yield Row("  runs that are told of, each once", len(keys) if len(keys) == len(with_.queue.sent) else -1, "", COUNT, COUNT)
    yield Row("  taken up again by a second call", again.runs, "", 0)
    yield Row("  calls that are neither Query nor a claim", _others(calls), "", 0)
    yield Row("  queries of both calls, of sixteen shards", calls["Query"], "")
    yield Row("  seconds of a 512 MB function, waiting included", seconds, " s", signals.REPORTER.timeout)
    yield Row("  memory of this whole benchmark", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, " MB", MEMORY)


@contextmanager
def agenda() -> Iterator[Any]:
    """A client of the table, served by a process of its own."""
    command = [sys.executable, "-m", "bench.agenda"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield boto3.client("dynamodb", endpoint_url=process.stdout.readline().strip(), config=CONFIG)


def _others(calls: Counter[str]) -> int:
    return sum(count for name, count in calls.items() if name not in ("Query", "TransactWriteItems"))


def _failed(due: object, error: Exception) -> None:
    raise error


def _items(due: datetime) -> Iterator[Any]:
    """Four schedules of each customer, with recipients and filters as people have them."""
    return (item_of(f"customer-{number % CUSTOMERS:05}", _schedule(number, due)) for number in range(COUNT))


def _schedule(number: int, due: datetime) -> Schedule:
    return Schedule(
        f"{number:032x}",
        f"Costs of the teams, number {number}",
        {"type": ("costs",), "format": ("pdf",), "region": ("eu-west-1", "us-east-1")},
        "yesterday",
        Cadence("daily", "UTC", at=due.time()),
        tuple(f"{number * 10 + one:032x}" for one in range(5)),
        NOW,
        "key:abcdefghijklmnop",
        NOW,
        next_run=due,
    )
