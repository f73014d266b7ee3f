"""Every metric that an alarm or a graph looks at is one that somebody tells, with those very dimensions."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.domain import signals
from tests.aws_metrics import METRICS, is_told
from tests.emf import points_of
from tests.infrastructure.conftest import Stack
from tests.infrastructure.test_dashboard import shown

Watched = tuple[str, str, dict[str, str], str]


def of_alarms(stack: Stack) -> list[Watched]:
    """(namespace, name, dimensions, statistic)"""
    found: list[Watched] = []
    for alarm in stack.alarms().values():
        stats = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [{**alarm, "Metric": alarm}]
        found += [_watched(stat["Metric"], stat.get("Stat") or stat.get("Statistic") or stat["ExtendedStatistic"]) for stat in stats]
    return found


def _watched(metric: dict[str, Any], statistic: str) -> Watched:
    return metric["Namespace"], metric["MetricName"], {one["Name"]: one["Value"] for one in metric["Dimensions"]}, statistic


def watched(stack: Stack) -> list[Watched]:
    return [*of_alarms(stack), *((namespace, name, dict(dimensions), stat) for namespace, name, dimensions, stat in shown(stack))]


def test_what_aws_tells_is_asked_for_as_its_guides_list_it(stack: Stack) -> None:
    of_aws = [one for one in watched(stack) if one[0] != signals.NAMESPACE]
    assert [one for one in of_aws if not is_told(*one)] == []
    assert {one[0] for one in of_aws} == set(METRICS), "and no namespace is listed for nothing"


def test_what_the_app_tells_is_asked_for_by_its_name_and_its_one_dimension(stack: Stack) -> None:
    ours = [one for one in watched(stack) if one[0] == signals.NAMESPACE]
    assert all(dimensions == {"Stage": stack.stage} for _, _, dimensions, _ in ours)
    assert {name for _, name, _, _ in ours} == set(signals.METRICS)  # tests/adapters/test_alarms_fire.py has them told


def test_a_metric_that_nobody_tells_is_found() -> None:
    assert is_told("AWS/Lambda", "Errors", {"FunctionName": "f"}, "Sum")
    assert not is_told("AWS/Lambda", "Error", {"FunctionName": "f"}, "Sum")
    assert not is_told("AWS/Lambda", "Errors", {"Function": "f"}, "Sum")
    assert not is_told("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "t", "Index": "i"}, "Sum")
    assert not is_told("AWS/ApiGateway", "Count", {"ApiName": "a"}, "p95")
    assert not is_told("AWS/S3", "NumberOfObjects", {"BucketName": "b", "StorageType": "StandardStorage"}, "Average")


def test_a_line_that_cloudwatch_would_not_read_is_found() -> None:
    directive = {"Namespace": "N", "Dimensions": [["Stage"]], "Metrics": [{"Name": "M"}]}
    line = {"_aws": {"Timestamp": 1_795_694_400_000, "CloudWatchMetrics": [directive]}, "Stage": "dev", "M": 3}
    (point,) = points_of([json.dumps(line)])
    assert (point.namespace, point.name, dict(point.dimensions), point.value) == ("N", "M", {"Stage": "dev"}, 3.0)
    wrong: list[dict[str, Any]] = [{"M": "3"}, {"Stage": 1}, {"_aws": {**line["_aws"], "Timestamp": "now"}}, {"M": None}]  # type: ignore[dict-item]
    for change in wrong:
        try:
            points_of([json.dumps({**line, **change})])
        except AssertionError:
            continue
        raise AssertionError(f"{change} was read")
