"""SecureBase Analytics: the table of contents. Everything that Lambda can be asked to do is named here."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Chalice, CORSConfig, Cron, SQSEvent

from chalicelib import logs
from chalicelib.domain import signals
from chalicelib.routes import events
from chalicelib.routes.analytics import analytics
from chalicelib.routes.authentication import middleware
from chalicelib.routes.billing import billing
from chalicelib.routes.compliance import compliance
from chalicelib.routes.health import health
from chalicelib.routes.openapi import openapi
from chalicelib.routes.report_links import report_links
from chalicelib.routes.reports import reports
from chalicelib.routes.templates import templates
from chalicelib.settings import Settings
from chalicelib.stores import tables

settings = Settings.from_environment(os.environ)
logs.configure(settings.log_level)

app = Chalice(app_name=signals.APP, configure_logs=False)
if settings.cors_origin:
    app.api.cors = CORSConfig(
        allow_origin=settings.cors_origin,
        allow_headers=["X-API-Key", "Idempotency-Key", "Prefer", "If-None-Match"],
        expose_headers=["ETag", "Location", "Retry-After", "X-Cache", "X-Request-Id"],
        max_age=600,
    )
app.register_middleware(middleware, "http")
for blueprint in (analytics, compliance, billing, reports, report_links, templates, health, openapi):
    app.register_blueprint(blueprint)


@app.schedule(Cron(5, "*", "*", "*", "?", "*"), name=signals.AGGREGATOR.name)
def analytics_aggregator(event: Any) -> dict[str, object]:
    """Five minutes past every hour: one job per customer for the hour that has just closed."""
    return events.plan(event)


analytics_aggregator.event_class = events.LenientEvent


@app.on_sqs_message(
    queue=tables.physical_name(settings.stage, tables.AGGREGATION_QUEUE.name),
    batch_size=1,
    name=signals.AGGREGATION_WORKER.name,
    maximum_concurrency=signals.AGGREGATION_WORKER.concurrency,
)
def aggregation_worker(event: SQSEvent) -> dict[str, Any] | None:
    """A list of customers, one customer's hour, day or costs, the shared cost series, or one dropped export."""
    return events.work(event)


@app.on_sqs_message(
    queue=tables.physical_name(settings.stage, tables.FINDINGS_QUEUE.name),
    batch_size=5,
    name=signals.FINDINGS_WORKER.name,
    maximum_concurrency=signals.FINDINGS_WORKER.concurrency,
)
def findings_worker(event: SQSEvent) -> dict[str, Any] | None:
    """Findings that Security Hub tells of, and one customer's daily sweep over all of them."""
    return events.work(event)


@app.on_sqs_message(
    queue=tables.physical_name(settings.stage, tables.REPORT_QUEUE.name),
    batch_size=1,
    name=signals.REPORT_ENGINE.name,
    maximum_concurrency=signals.REPORT_ENGINE.concurrency,
)
def report_engine(event: SQSEvent) -> dict[str, Any] | None:
    """Renders one report."""
    return events.work(event)
