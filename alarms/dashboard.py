"""The dashboard: one row of graphs each for functions, tables, API and the app's own metrics."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from troposphere import Sub, Template
from troposphere import cloudwatch as cw

from alarms.alarms import Metric, of_api, of_app, of_function, of_table
from chalicelib.domain import signals
from chalicelib.stores.tables import TABLES, physical_name

Line = tuple[Metric, str]  # and its statistic


def of_functions(name: str, *statistics: str) -> tuple[Line, ...]:
    return tuple((of_function(function, name), statistic) for function in signals.FUNCTIONS for statistic in statistics)


def of_tables(*names: str) -> tuple[Line, ...]:
    return tuple((of_table(table.name, name), "Sum") for table in TABLES for name in names)


GRAPHS: tuple[tuple[str, tuple[Line, ...]], ...] = (
    ("Invocations", of_functions("Invocations", "Sum")),
    ("Errors", of_functions("Errors", "Sum")),
    ("Duration p50 and p95, ms", of_functions("Duration", "p50", "p95")),
    ("Throttles", of_functions("Throttles", "Sum")),
    ("Read units", of_tables("ConsumedReadCapacityUnits")),
    ("Write units", of_tables("ConsumedWriteCapacityUnits")),
    ("Read throttles", of_tables("ReadThrottleEvents")),
    ("Write throttles", of_tables("WriteThrottleEvents")),
    ("API requests", ((of_api("Count"), "Sum"),)),
    ("API 4xx", ((of_api("4XXError"), "Sum"),)),
    ("API 5xx", ((of_api("5XXError"), "Sum"),)),
    ("API latency p95, ms", ((of_api("Latency"), "p95"),)),
    ("Deliveries", ((of_app(signals.DELIVERIES_SENT), "Sum"), (of_app(signals.DELIVERIES_FAILED), "Sum"))),
    ("Schedules parked", ((of_app(signals.SCHEDULES_PARKED), "Sum"),)),
    ("Handled failures", tuple((of_app(name), "Sum") for name in (signals.HANDLED_FAILURES, signals.LIMITER_FAILED, signals.AUDIT_LOST))),
    ("Reports failed", ((of_app(signals.REPORTS_FAILED), "Sum"),)),
    ("Reconciliation difference", ((of_app(signals.RECONCILIATION_DIFFERENCE), "Maximum"),)),
    ("Paid calls", ((of_app(signals.COST_EXPLORER_PAGES), "Sum"), (of_app(signals.CLOUDWATCH_METRICS), "Sum"))),
    ("Source age / limit", ((of_app(signals.SOURCE_AGE_RATIO), "Maximum"),)),
)


def add_dashboard(template: Template, stage: str) -> None:
    """The stage's one dashboard, in the stack's own region."""
    widgets = [_widget(heading, lines, stage) for heading, lines in GRAPHS]
    body = Sub(json.dumps({"widgets": widgets}, separators=(",", ":")))  # a template that is sent inline has 51,200 bytes
    template.add_resource(cw.Dashboard("AnalyticsDashboard", DashboardName=physical_name(stage, "analytics"), DashboardBody=body))


def _widget(heading: str, lines: tuple[Line, ...], stage: str) -> dict[str, Any]:
    """A graph of CloudWatch's own size (6 of 24 columns), which it places itself: four in a row."""
    usual = lines[0][1]
    metrics = [_line(metric, statistic, usual, stage) for metric, statistic in lines]
    return {"type": "metric", "properties": {"title": heading, "region": "${AWS::Region}", "stat": usual, "metrics": _shortened(metrics)}}


def _line(metric: Metric, statistic: str, usual: str, stage: str) -> list[Any]:
    """Its statistic is told where it isn't its graph's usual one."""
    dimensions = [part.format(stage=stage) for pair in metric.dimensions for part in pair]
    return [metric.namespace, metric.name, *dimensions, *([{"stat": statistic}] if statistic != usual else [])]


def _shortened(lines: list[list[Any]]) -> list[list[Any]]:
    """What a line has in common with the one before, up to its last name, is "...": CloudWatch reads it so."""
    short = lines[:1]
    for before, line in pairwise(lines):
        told = [part for part in line if isinstance(part, str)]
        same = told[:-1] == [part for part in before if isinstance(part, str)][: len(told) - 1]
        short.append(["...", *line[len(told) - 1 :]] if same else line)
    return short
