"""The laptop's AWS inside the test process, with faults on demand: what the aggregation and the app are tried on when something breaks."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config

from chalicelib import wiring
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import iso
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from chalicelib.usecases.aggregation.costs import COSTS_EVERY
from chalicelib.wiring import Services
from local import aws as embedded
from local.seed import associations, cost_records, findings, metric_series, organisation

NOW = datetime(2026, 3, 4, 14, 25, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOSED = NOW.replace(minute=0)
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=15)
MASTER = "m" * 48
Item = dict[str, Any]


class Line:
    """A queue of distinct jobs, in memory."""

    def __init__(self) -> None:
        self.jobs: list[Mapping[str, str]] = []

    def send(self, jobs: Iterable[Mapping[str, str]]) -> None:
        self.jobs += [job for job in jobs if job not in self.jobs]


class Embedded:
    """Seeded sources, empty tables, a clock that stands at NOW until it is moved."""

    def __init__(self, aws: embedded.EmbeddedAws) -> None:
        self.aws, self.now, self.resets = aws, NOW, 0
        self.seeded = organisation(NOW.date())
        for metric, points in metric_series(self.seeded, NOW):
            aws.points.add(metric, points)
        self._undo: list[Callable[[], None]] = []
        self.services = Services(Settings.from_environment(aws.environment))

    @property
    def customers(self) -> tuple[Customer, ...]:
        return self.seeded.customers

    def forget_roles(self) -> None:
        """Every role is assumed anew."""
        held = self.services.account_clients
        held.clients.clear()
        held._granted.clear()

    def reset(self) -> None:
        """Everything as at first, but for CloudWatch's points; a customer joins with its first aggregation."""
        self.mend()
        self.now, self.resets = NOW, self.resets + 1
        with urllib.request.urlopen(urllib.request.Request(f"{self.aws.environment['AWS_ENDPOINT_URL']}/moto-api/reset", method="POST")):
            pass
        embedded.create_stack(MASTER)
        self.aws.costs.load(cost_records(self.seeded))
        self.aws.hub.load(findings(self.seeded), associations(self.seeded))
        self.aws.hub.not_enabled = set()
        self.aws.hub.repeat_token = self.aws.costs.repeat_token = False
        for fake in (self.aws.costs, self.aws.hub):
            fake._waiting.clear()
        self.services = Services(Settings.from_environment(self.aws.environment), clock=self.clock, sleep=lambda _: None)
        for customer in self.customers:
            for account in customer.accounts:
                embedded.create_reader_role(account.id, customer.external_id)

    def renew(self) -> None:
        """A new container; its clients, which take longest to make, are those of the last one."""
        clients, account_clients = self.services._clients, self.services.account_clients
        settings = Settings.from_environment(self.aws.environment)
        self.services = Services(settings, self.clock, lambda _: None, _clients=clients)
        self.services.__dict__["account_clients"] = account_clients

    def mend(self) -> None:
        """No faults any more."""
        for undo in self._undo:
            undo()
        self._undo = []

    def clock(self) -> datetime:
        return self.now

    def aggregate(self, customer: Customer, end: datetime = CLOSED, costs: bool = True) -> None:
        """What the hour's jobs do for one customer, and the jobs that they send on."""
        self.services.customers.put(customer)
        self.services.ledger.put_done(COST_EXPLORER, end - COSTS_EVERY)
        jobs = [{"job": "costs", "end": iso(end)}] if costs else []
        jobs += [{"job": kind, "customer_id": customer.id, "end": iso(end)} for kind in ("customer", "findings")]
        self.work_off(jobs)

    def work_off(self, jobs: Iterable[Mapping[str, str]]) -> None:
        """Does jobs and all that come of them here and now, each once, as queues would let workers do."""
        line = Line()
        line.send(jobs)
        with_ = replace(self.services.collaborators, queue=line, findings_queue=line)
        while line.jobs:
            job, line.jobs = line.jobs[0], line.jobs[1:]
            rest, line.jobs = line.jobs, []
            aggregate.run(with_, job)
            line.send(rest)  # what a job sends on comes before what was planned beside it

    def state(self, customer: Customer, source: str) -> tuple[str, set[str]]:
        """(state, reasons of its failures)"""
        found = self.services.metrics.status(customer.id).sources[source]
        return found.state, {reason for _, reason in found.failures}

    def scan(self, table: tables.Table = tables.METRICS) -> list[Item]:
        """Every item, in the order of its keys."""
        client, items, start = self.services.client("dynamodb"), [], {}
        while True:
            page = client.scan(TableName=tables.physical_name("local", table.name), ConsistentRead=True, **start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return sorted(items, key=lambda item: [item[key]["S"] for key in (table.hash_key, table.range_key) if key])
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def on(self, service: str, event: str, handler: Callable[..., Any]) -> None:
        """A botocore event hook on the container's client, gone with the next reset."""
        events = self.services.client(service).meta.events
        events.register(event, handler)
        self._undo.append(lambda: events.unregister(event, handler))

    def without_role(self, account: str) -> None:
        from moto.iam.models import iam_backends

        roles = iam_backends[account]["aws"].roles
        roles.clear()


class _Raw:
    """The body of an answer that nobody sent."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


class Failing:
    """A before-send hook that answers with an error: the first `times` calls, or every one until `mended`."""

    def __init__(self, status: int, code: str, times: int | None = None, operation: str | None = None) -> None:
        self.status, self.code, self.left, self.operation, self.calls = status, code, times, operation, 0

    def __call__(self, request: AWSRequest, **_: Any) -> AWSResponse | None:
        target = request.headers.get("X-Amz-Target", b"")
        name = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        if self.operation not in (None, name) or self.left == 0:
            return None
        self.calls += 1
        self.left = None if self.left is None else self.left - 1
        body = b'{"__type": "com.amazonaws#%s", "message": "asked for, with a secret in it"}' % self.code.encode()
        return AWSResponse(request.url, self.status, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(body))

    def mend(self) -> None:
        self.left = 0


@contextmanager
def started() -> Iterator[Embedded]:
    """One for a module; `reset()` before each of its tests."""
    with pytest.MonkeyPatch.context() as patch:
        holder: list[Embedded] = []
        aws = embedded.start(lambda: holder[0].now if holder else NOW)
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        patch.setattr(wiring, "CONFIG", ONE_ATTEMPT)
        made = Embedded(aws)
        holder.append(made)
        try:
            yield made
        finally:
            wiring.use(None)
            aws.stop()
