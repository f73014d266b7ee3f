"""SecureBase Analytics: the table of contents. Everything that Lambda can be asked to do is named here."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Chalice, CORSConfig, Cron, SQSEvent

from chalicelib import logs
from chalicelib.domain import signals
from chalicelib.routes import events
from chalicelib.routes.blueprints import BLUEPRINTS
from chalicelib.routes.limits import HEADERS as RATE_LIMITS
from chalicelib.routes.middleware import middleware
from chalicelib.settings import Settings
from chalicelib.stores import tables

settings = Settings.from_environment(os.environ)
logs.configure(settings.log_level)

app = Chalice(app_name=signals.APP, configure_logs=False)
if settings.cors_origin:
    app.api.cors = CORSConfig(
        allow_origin=settings.cors_origin,
        allow_headers=["X-API-Key", "Idempotency-Key", "Prefer", "If-None-Match"],
        expose_headers=["ETag", "Location", "Retry-After", "X-Cache", "X-Request-Id", *RATE_LIMITS],
        max_age=600,
    )
app.register_middleware(middleware, "http")
for blueprint in BLUEPRINTS:
    app.register_blueprint(blueprint)


@app.schedule(Cron(5, "*", "*", "*", "?", "*"), name=signals.AGGREGATOR.name)
def analytics_aggregator(event: Any) -> dict[str, object]:
    """Five minutes past every hour: one job per customer for the hour that has just closed."""
    return events.plan(event)


@app.schedule(Cron("0/5", "*", "*", "*", "?", "*"), name=signals.REPORTER.name)
def analytics_reporter(event: Any) -> dict[str, object]:
    """Every five minutes: takes up the schedules that are due."""
    return events.take_up(event)


analytics_aggregator.event_class = analytics_reporter.event_class = events.LenientEvent


def on_queue(queue: tables.Queue, function: signals.Function, batch_size: int = 1) -> Any:
    name = tables.physical_name(settings.stage, queue.name)
    return app.on_sqs_message(queue=name, batch_size=batch_size, name=function.name, maximum_concurrency=function.concurrency)


@on_queue(tables.AGGREGATION_QUEUE, signals.AGGREGATION_WORKER)
def aggregation_worker(event: SQSEvent) -> dict[str, Any] | None:
    """A list of customers, one customer's hour, day or costs, the shared cost series, or one dropped export."""
    return events.work(event)


@on_queue(tables.FINDINGS_QUEUE, signals.FINDINGS_WORKER, batch_size=5)
def findings_worker(event: SQSEvent) -> dict[str, Any] | None:
    """Findings that Security Hub tells of, and one customer's daily sweep over all of them."""
    return events.work(event)


@on_queue(tables.REPORT_QUEUE, signals.REPORT_ENGINE)
def report_engine(event: SQSEvent) -> dict[str, Any] | None:
    """Renders one report."""
    return events.work(event)


@on_queue(tables.DELIVERY_QUEUE, signals.DELIVERY_WORKER)
def delivery_worker(event: SQSEvent) -> dict[str, Any] | None:
    """A step of a scheduled run, one message to one recipient, or what SES tells of a mail."""
    return events.work(event)
