"""The app driven until it tells its own metrics: real handlers and use cases on the embedded AWS, and what they write for CloudWatch."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalice.test import Client

from chalicelib import logs, wiring
from chalicelib.channels import tag_of
from chalicelib.domain import signals
from chalicelib.domain.audit import Deed
from chalicelib.domain.delivery import TAKEN, Delivery, Note
from chalicelib.domain.message import TEST
from chalicelib.domain.recipient import EMAIL, WEBHOOK
from chalicelib.domain.reporting import RENDERING
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.routes.reports import reporting
from chalicelib.routes.schedules import scheduling
from chalicelib.usecases.access.limiting import LEASE
from chalicelib.usecases.reports import rendering, report
from chalicelib.usecases.schedules import parking
from local import turn
from ops.keys import issue
from tests.adapters.posting import Post, posting
from tests.e2e.embedded import CLOSED, NOW, Failing
from tests.emf import Point, points_of

QUERY = "/analytics/usage?period=24h"
HOUR = timedelta(hours=1)
BODY = {"type": ["costs"], "format": ["csv"], "period": ["7d"]}


class Lines(logging.Handler):
    """What a logger writes, as it would stand in the log."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self.written: list[str] = []
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))


class Watch:
    """One customer, the app's handlers, and the points that CloudWatch would make of what they log."""

    def __init__(self, post: Post) -> None:
        import app

        self.app, self.post, self.aws = app, post, post.aws
        self.http = Client(app.app).http
        self.key = issue(self.aws.services, post.customer.id, ("read", "report"))[0]
        self.lines = Lines(logs.METRICS)

    @contextmanager
    def broken(self, service: str) -> Iterator[None]:
        """While that service answers nothing but errors."""
        failing = Failing(500, "InternalServerError")
        self.aws.on(service, f"before-send.{service}.*", failing)
        try:
            yield
        finally:
            failing.mend()

    def points(self, doing: Callable[[], object], name: str = "") -> list[Point]:
        """What doing that told (of one metric)."""
        before = len(self.lines.written)
        doing()
        return [point for point in points_of(self.lines.written[before:]) if name in ("", point.name)]

    def ask(self, status: int) -> None:
        answer = self.http.get(QUERY, headers={"X-API-Key": self.key})
        assert answer.status_code == status, answer.body

    def failing_requests(self, count: int) -> list[Point]:
        """Each is answered, which Lambda takes for a success."""

        def ask() -> None:
            with self.broken("dynamodb"):
                for _ in range(count):
                    self.aws.services.__dict__.pop("known_key", None)
                    self.ask(503)

        return self.points(ask, signals.HANDLED_FAILURES)

    def reports_given_up(self, count: int) -> list[Point]:
        """Their workers were cut off three times each; the job comes a fourth time, and a fifth."""
        customer_id, records = self.post.customer.id, reporting().records

        def give_up() -> None:
            report_id = uuid.uuid4().hex
            report.request(reporting(), customer_id, BODY, report_id, None)
            queued = records.get(customer_id, report_id)
            assert queued is not None
            dead = replace(queued, status=RENDERING, attempts=rendering.ATTEMPTS, started_at=self.aws.now - 2 * rendering.LEASE)
            assert records.swap(customer_id, queued, dead)
            for _ in range(2):
                self.job("report_engine", {"job": "report", "customer_id": customer_id, "report_id": report_id})

        return [point for _ in range(count) for point in self.points(give_up, signals.REPORTS_FAILED)]

    def bounces(self, count: int) -> list[Point]:
        """SES tells of each twice."""
        note = Note(TEST, "A test", ".")

        def bounce() -> None:
            delivery = Delivery(f"watch#{uuid.uuid4().hex}", "1" * 32, EMAIL, "x@acme.example", self.aws.now, None, note=note, status=TAKEN)
            self.aws.services.schedules.add(self.post.customer.id, delivery)
            tags = {"customer": [self.post.customer.id], "delivery": [tag_of(delivery.key)]}
            mail = {"timestamp": "2026-03-04T14:25:00Z", "messageId": "ses-1", "tags": tags}
            told = {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent", "timestamp": mail["timestamp"]}}
            for _ in range(2):
                self.job("delivery_worker", told)

        return [point for _ in range(count) for point in self.points(bounce, signals.DELIVERIES_FAILED)]

    def difference(self, apart: bool) -> list[Point]:
        """Cost Explorer's own totals, asked without a group by service, are (not) what its lines sum to; below them, not above."""

        def changed(parsed: dict[str, Any], **_: Any) -> None:
            if apart and len(parsed.get("GroupDefinitions", [])) == 1:
                for group in (group for result in parsed["ResultsByTime"] for group in result["Groups"]):
                    for amount in group["Metrics"].values():
                        amount["Amount"] = str(float(amount["Amount"]) + 1000)

        self.aws.on("ce", "after-call.cost-explorer.GetCostAndUsage", changed)
        found = self.points(lambda: self.aws.aggregate(self.post.customer, CLOSED), signals.RECONCILIATION_DIFFERENCE)
        self.aws.mend()
        return found

    def ages(self, late: timedelta) -> list[Point]:
        """The worker takes up a plan that much later than CloudWatch's data go."""
        state = self.aws.services.metrics.status(self.post.customer.id).sources[CLOUDWATCH]
        assert state.data_through
        self.aws.now = state.data_through + late
        job = {"job": "plan", "customers": self.post.customer.id, "end": "2026-03-04T18:00:00Z"}
        found = self.points(lambda: self.job("aggregation_worker", job), signals.SOURCE_AGE_RATIO)
        self.aws.now = NOW
        return found

    def job(self, handler: str, body: dict[str, Any]) -> None:
        """A message, as the queue gives it to the function."""
        message = {"MessageId": "1", "ReceiptHandle": "1", "Body": json.dumps(body)}
        getattr(self.app, handler)(turn.sqs_event(message), turn.context(signals.AGGREGATION_WORKER))

    def everything(self) -> list[Point]:
        """A day's work in which each of the app's metrics is told at least once."""
        return [point for step in self._steps() for point in self.points(step)]

    def _steps(self) -> list[Callable[[], object]]:
        return [
            lambda: self.app.analytics_aggregator(turn.scheduled_event(NOW), turn.context(signals.AGGREGATOR)),
            lambda: self.ages(HOUR),
            lambda: self.aws.aggregate(self.post.customer, CLOSED),
            lambda: [self.ask(200) for _ in range(2)],
            lambda: self.failing_requests(1),
            self._render,
            lambda: self.reports_given_up(1),
            self._deliver,
            lambda: self.bounces(1),
            self._park,
            self._limit,
            self._lose_a_deed,
        ]

    def _render(self) -> None:
        report_id = uuid.uuid4().hex
        report.request(reporting(), self.post.customer.id, BODY, report_id, None)
        for _ in range(2):
            self.job("report_engine", {"job": "report", "customer_id": self.post.customer.id, "report_id": report_id})

    def _deliver(self) -> None:
        (recipient,) = self.post.recipients(WEBHOOK)
        delivery = Delivery("watch#1", recipient.id, WEBHOOK, recipient.address, self.aws.now, self.aws.now, note=Note(TEST, "A test", "."))
        self.aws.services.schedules.add(self.post.customer.id, delivery)
        self.job("delivery_worker", {"job": "delivery", "customer_id": self.post.customer.id, "key": delivery.key})

    def _park(self) -> None:
        schedule = self.post.schedule(uuid.uuid4().hex)
        for _ in range(2):
            parking.park(scheduling(), self.post.customer.id, schedule, "a reason")

    def _limit(self) -> None:
        with self.broken("dynamodb"):
            for _ in range(LEASE):
                self.aws.services.limiter.take("somebody", "queries")

    def _lose_a_deed(self) -> None:
        deed = Deed(self.aws.now, "key:x", "POST /x", "/x", "", 200, "r")
        with self.broken("dynamodb"):
            self.aws.services.auditing.note(self.post.customer.id, deed)


@contextmanager
def watching() -> Iterator[Watch]:
    """One for a module; the clock stands at NOW."""
    with posting() as post:
        made = Watch(post)
        yield made
        logs.METRICS.removeHandler(made.lines)
        wiring.use(None)
