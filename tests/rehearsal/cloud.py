"""MiniStack with what it lacks of CloudFormation and CloudWatch. Run by MiniStack's own Python, until standard input ends.

Kept as records alone: CodeDeploy's application and groups (aliases move at once), saved queries, alarms of metric math, and composite
ones. Metrics in the embedded format are taken out of log lines, as CloudWatch does by its specification.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services.cloudformation import provisioners

HANDLERS = provisioners._RESOURCE_HANDLERS
RECORDS = (
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::CloudWatch::CompositeAlarm",
)
ALARM = "AWS::CloudWatch::Alarm"
Handler = dict[str, Any]


def record() -> Handler:
    """A resource that is there by its name and does nothing."""

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        return f"{stack_name}-{logical_id}", {"Arn": f"arn:aws:record:::{stack_name}-{logical_id}"}

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        return physical_id, {}

    return {"create": create, "update": update, "delete": lambda physical_id, properties: None}


def of_one_metric(handler: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack's own handler; an alarm of metric math gets a metric that nobody emits, so that it is there and never goes off."""

    def handle(*given: Any) -> Any:
        return handler(*(_without_math(one) if isinstance(one, dict) and "Metrics" in one else one for one in given))

    return handle


def _without_math(properties: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**plain, "Namespace": "Rehearsal", "MetricName": "MetricMath", "Statistic": "Sum", "Period": 300}


def take_metrics_out(stream: Any, events: list[dict[str, Any]]) -> Any:
    found = _append(stream, events)
    for event in events:
        for line in str(event.get("message", "")).splitlines():
            _embedded(line)
    cloudwatch._evaluate_all_alarms()
    return found


def _embedded(line: str) -> None:
    try:
        told = json.loads(line)
    except ValueError:
        return
    for directive in told.get("_aws", {}).get("CloudWatchMetrics", []) if isinstance(told, dict) else []:
        for names in directive["Dimensions"]:
            dimensions = {name: str(told[name]) for name in names}
            for metric in directive["Metrics"]:
                cloudwatch.record_metric(
                    directive["Namespace"], metric["Name"], told[metric["Name"]], metric.get("Unit", "None"), dimensions
                )


HANDLERS.update({kind: record() for kind in RECORDS})
HANDLERS[ALARM] |= {name: of_one_metric(HANDLERS[ALARM][name]) for name in ("create", "update") if name in HANDLERS[ALARM]}
_append = cloudwatch_logs._append_log_events
cloudwatch_logs._append_log_events = take_metrics_out

if __name__ == "__main__":
    threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
    main()
