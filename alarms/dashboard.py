"""The dashboard: what is in alarm, then graphs of functions, tables, API, buckets and the app's own metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from troposphere import Sub, Template
from troposphere import cloudwatch as cw

from alarms.alarms import ALARMS, Metric, alarm_name, of_api, of_app, of_function, of_table
from alarms.rollback import ROLLBACK, ROLLBACK_ALARMS
from chalicelib.domain import signals
from chalicelib.domain.prices import PRICES
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER
from chalicelib.stores.tables import BUCKETS, TABLES, bucket_name, physical_name

SHOWN = (ROLLBACK, *ROLLBACK_ALARMS, *(spec.name for spec in ALARMS))
FIVE_MINUTES, HOUR, DAY = 300, 3600, 86_400
COLUMNS = 24


@dataclass(frozen=True)
class Graph:
    """Lines over time, each of its own statistic. A `formula` is shown instead of them, which are a, b, c ... in it."""

    title: str
    lines: tuple[Metric, ...]
    period: int = FIVE_MINUTES
    formula: str = ""


def of_functions(name: str, *statistics: str) -> tuple[Metric, ...]:
    return tuple(of_function(function, name, statistic) for function in signals.FUNCTIONS for statistic in statistics)


def of_tables(name: str) -> tuple[Metric, ...]:
    """Of every table and of each of its indexes."""
    places = [(table.name, index) for table in TABLES for index in (None, *(index.name for index in table.indexes))]
    return tuple(of_table(table, name, index, "Sum") for table, index in places)


def of_buckets(name: str, storage: str) -> tuple[Metric, ...]:
    """S3 tells of them once a day."""
    names = [bucket_name("{stage}", bucket.name, "${{AWS::AccountId}}") for bucket in BUCKETS]
    return tuple(Metric("AWS/S3", name, (("BucketName", bucket), ("StorageType", storage)), "Average") for bucket in names)


def of_ours(statistic: str, *names: str) -> tuple[Metric, ...]:
    return tuple(of_app(name, statistic) for name in names)


GRAPHS = (
    Graph("Invocations", of_functions("Invocations", "Sum")),
    Graph("Errors", of_functions("Errors", "Sum")),
    Graph("Duration p50 and p95, ms", of_functions("Duration", "p50", "p95")),
    Graph("Throttles", of_functions("Throttles", "Sum")),
    Graph("API requests", (of_api("Count", "SampleCount"),)),
    Graph("API 4xx", (of_api("4XXError", "Sum"),)),
    Graph("API 5xx", (of_api("5XXError", "Sum"),)),
    Graph("API latency p95, ms", (of_api("Latency", "p95"),)),
    Graph("Read units", of_tables("ConsumedReadCapacityUnits")),
    Graph("Write units", of_tables("ConsumedWriteCapacityUnits")),
    Graph("Read throttles", of_tables("ReadThrottleEvents")),
    Graph("Write throttles", of_tables("WriteThrottleEvents")),
    Graph("Objects", of_buckets("NumberOfObjects", "AllStorageTypes"), DAY),
    Graph("Bytes", of_buckets("BucketSizeBytes", "StandardStorage"), DAY),
    Graph("Cache hit rate", of_ours("Average", signals.CACHE_HITS)),
    Graph("Handled failures", of_ours("Sum", signals.HANDLED_FAILURES, signals.LIMITER_FAILED, signals.AUDIT_LOST)),
    Graph("Reports", of_ours("Sum", signals.REPORTS_RENDERED, signals.REPORTS_FAILED), HOUR),
    Graph("Deliveries", of_ours("Sum", signals.DELIVERIES_SENT, signals.DELIVERIES_FAILED), HOUR),
    Graph("Schedules parked", of_ours("Sum", signals.SCHEDULES_PARKED), HOUR),
    Graph("Reconciliation difference", of_ours("Maximum", signals.RECONCILIATION_DIFFERENCE), HOUR),
    Graph("Oldest source, age / limit", of_ours("Maximum", signals.SOURCE_AGE_RATIO), HOUR),
    Graph("Active customers", of_ours("Maximum", signals.CUSTOMERS), HOUR),
    Graph("Paid calls", of_ours("Sum", signals.COST_EXPLORER_PAGES, signals.CLOUDWATCH_METRICS), HOUR),
    Graph(
        "Paid calls a customer and day, US dollars",
        (*of_ours("Sum", signals.COST_EXPLORER_PAGES, signals.CLOUDWATCH_METRICS), of_app(signals.CUSTOMERS, "Maximum")),
        DAY,
        f"(FILL(a, 0) * {PRICES[COST_EXPLORER]:f} + FILL(b, 0) * {PRICES[CLOUDWATCH]:f}) / c",
    ),
)


def add_dashboard(template: Template, stage: str) -> None:
    """The stage's one dashboard, in the stack's own region."""
    body = Sub(json.dumps({"widgets": [_alarms(stage), *(_widget(graph, stage) for graph in GRAPHS)]}))
    template.add_resource(cw.Dashboard("AnalyticsDashboard", DashboardName=physical_name(stage, "analytics"), DashboardBody=body))


def _alarms(stage: str) -> dict[str, Any]:
    """The state of every alarm, over the whole width."""
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    arns = [arn + alarm_name(stage, name) for name in SHOWN]
    return {"type": "alarm", "width": COLUMNS, "height": 6, "properties": {"title": "Alarms", "alarms": arns}}


def _widget(graph: Graph, stage: str) -> dict[str, Any]:
    """A graph of CloudWatch's own size (6 of 24 columns), which it places itself: four in a row."""
    lines = [_line(metric, stage) for metric in graph.lines]
    if graph.formula:
        hidden = [[*line[:-1], {**line[-1], "id": chr(ord("a") + place), "visible": False}] for place, line in enumerate(lines)]
        lines = [[{"expression": graph.formula, "id": "value", "label": graph.title}], *hidden]
    return {"type": "metric", "properties": {"title": graph.title, "region": "${AWS::Region}", "period": graph.period, "metrics": lines}}


def _line(metric: Metric, stage: str) -> list[Any]:
    dimensions = [part.format(stage=stage) for pair in metric.dimensions for part in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic}]
