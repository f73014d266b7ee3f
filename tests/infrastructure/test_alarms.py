"""The alarms against DEFINITIONS.md, written out again here by hand so that neither side can drift."""

import re
from typing import Any

import pytest

from alarms.rollback import ROLLBACK_ALARMS
from chalicelib.domain import signals
from tests.infrastructure.conftest import Stack

F = ("", "-analytics-aggregator", "-aggregation-worker", "-findings-worker", "-analytics-reporter", "-report-engine", "-delivery-worker")
TABLES = ("metrics", "reports", "schedules", "cache")
INDEXES = (("metrics", "ServiceIndex"), ("metrics", "RegionIndex"), ("reports", "CreatedAtIndex"), ("schedules", "NextRunIndex"))

Dimensions = dict[str, str]


def of_f(metric: str) -> list[tuple[str, str, Dimensions]]:
    return [("AWS/Lambda", metric, {"FunctionName": f"securebase-S{name}"}) for name in F]


def of_api(metric: str) -> list[tuple[str, str, Dimensions]]:
    return [("AWS/ApiGateway", metric, {"ApiName": "securebase", "Stage": "S"})]


def of_app(metric: str) -> list[tuple[str, str, Dimensions]]:
    return [("SecureBase/Analytics", metric, {"Stage": "S"})]


TABLE_THROTTLES = [
    ("AWS/DynamoDB", f"{way}ThrottleEvents", {"TableName": f"securebase-S-{t}"}) for t in TABLES for way in ("Read", "Write")
]
INDEX_THROTTLES = [
    ("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": f"securebase-S-{t}", "GlobalSecondaryIndexName": i}) for t, i in INDEXES
]

# name: (metrics, statistic, period, datapoints = periods, threshold, missing data, low samples)
DEFINED: dict[str, tuple[Any, ...]] = {
    "lambda-errors": ([*of_f("Errors"), *of_app("HandledFailures")], "Sum", 3600, 1, 5, "notBreaching", None),
    "lambda-duration": (of_f("Duration")[:1], "p95", 300, 3, 1000, "notBreaching", "ignore"),
    "lambda-throttles": (of_f("Throttles"), "Sum", 300, 1, 0, "notBreaching", None),
    "dynamodb-throttles": (TABLE_THROTTLES, "Sum", 300, 1, 5, "notBreaching", None),
    "dynamodb-throttles-indexes": (INDEX_THROTTLES, "Sum", 300, 1, 5, "notBreaching", None),
    "api-5xx": (of_api("5XXError"), "Sum", 300, 1, 10, "notBreaching", None),
    "api-latency": (of_api("Latency"), "p95", 300, 3, 500, "notBreaching", "ignore"),
    "failed-reports": (of_app("ReportsFailed"), "Sum", 3600, 1, 3, "notBreaching", None),
    **{
        f"dead-letters-{queue}": (
            [("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": f"securebase-S-analytics-{queue}-dead"})],
            "Maximum",
            300,
            1,
            0,
            "notBreaching",
            None,
        )
        for queue in ("aggregation", "findings", "report-jobs", "deliveries")
    },
    "delivery-failures": (of_app("DeliveriesFailed"), "Sum", 3600, 1, 10, "notBreaching", None),
    "rollback-errors": ([*of_api("5XXError"), *of_api("Count")], "Sum SampleCount", 300, 3, 5, "notBreaching", None),
    "rollback-latency": (of_api("Latency"), "p95", 300, 2, 2000, "notBreaching", "ignore"),
    "rollback-accuracy": (of_app("ReconciliationDifference"), "Maximum", 300, 1, 0, "notBreaching", None),
    "sources-stale": (of_app("SourceAgeRatio"), "Maximum", 3600, 2, 1, "breaching", None),
}
WORKERS = {  # ms: 80 % of the timeout
    "aggregator": 48_000,
    "aggregation-worker": 96_000,
    "findings-worker": 48_000,
    "reporter": 192_000,
    "report-engine": 240_000,
    "delivery-worker": 48_000,
}


@pytest.mark.parametrize("name", DEFINED)
def test_an_alarm_is_as_defined(stack: Stack, name: str) -> None:
    assert as_defined(stack.alarms()[name], stack.stage) == DEFINED[name]


def test_there_are_no_other_alarms_than_defined(stack: Stack) -> None:
    assert set(stack.alarms()) == {*DEFINED, *(f"lambda-duration-{worker}" for worker in WORKERS)}


@pytest.mark.parametrize("worker, limit", WORKERS.items())
def test_a_worker_near_its_timeout_is_an_alarm_of_its_own(stack: Stack, worker: str, limit: int) -> None:
    alarm = stack.alarms()[f"lambda-duration-{worker}"]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("Duration", limit, 1)


def test_every_alarm_compares_greater_than_and_tells_the_topic_of_both_ends(stack: Stack) -> None:
    for alarm in stack.alarms().values():
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlertsTopic"}]
        assert alarm.get("ActionsEnabled", True) is True


def test_a_sum_fills_each_of_at_most_ten_metrics(stack: Stack) -> None:
    for alarm in stack.alarms().values():
        parts = [query["Id"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        assert len(parts) <= 10
        totals = [query["Expression"] for query in alarm.get("Metrics", []) if query["ReturnData"]]
        summed = f"SUM([{', '.join(f'FILL({part}, 0)' for part in parts)}])"
        assert totals in ([summed], ["IF(m1 >= 20, 100 * m0 / m1, 0)"]) if parts else totals == []


def test_the_rate_of_errors_is_of_the_requests_that_there_were_and_none_of_few(stack: Stack) -> None:
    (rate,) = [one["Expression"] for one in stack.alarms()["rollback-errors"]["Metrics"] if one["ReturnData"]]
    assert rate == "IF(m1 >= 20, 100 * m0 / m1, 0)"
    others = [name for name, alarm in stack.alarms().items() if any("IF(" in one.get("Expression", "") for one in alarm.get("Metrics", []))]
    assert others == ["rollback-errors"]


SEVEN = ["lambda-errors", "lambda-duration", "lambda-throttles", "dynamodb-throttles-any", "api-5xx", "api-latency", "failed-reports"]


def test_the_composite_alarms_rules_are_written_as_cloudwatch_reads_them(stack: Stack) -> None:
    prefix = f"securebase-{stack.stage}-analytics-"
    rules = {
        name.removeprefix(prefix): alarm["AlarmRule"] for name, alarm in stack.named("AWS::CloudWatch::CompositeAlarm", "AlarmName").items()
    }
    assert rules == {
        "dynamodb-throttles-any": f'ALARM("{prefix}dynamodb-throttles") OR ALARM("{prefix}dynamodb-throttles-indexes")',
        "rollback": f'ALARM("{prefix}rollback-errors") OR ALARM("{prefix}rollback-latency") OR ALARM("{prefix}rollback-accuracy")'
        f" OR AT_LEAST(4, ALARM, ({', '.join(prefix + name for name in SEVEN)}))",
    }


def test_a_composite_alarm_is_made_after_the_alarms_that_its_rule_names(stack: Stack) -> None:
    names = {one["Properties"]["AlarmName"]: logical for logical, one in stack.resources.items() if "AlarmName" in one["Properties"]}
    for composite in stack.of_type("AWS::CloudWatch::CompositeAlarm").values():
        named = set(re.findall(r"securebase-[a-z0-9-]+", composite["Properties"]["AlarmRule"]))
        assert {names[name] for name in named} == set(composite["DependsOn"])


def test_the_rollback_alarm_tells_the_topic_and_codedeploy_gets_the_three_on_metrics(stack: Stack) -> None:
    composites = stack.named("AWS::CloudWatch::CompositeAlarm", "AlarmName")
    rollback = composites[f"securebase-{stack.stage}-analytics-rollback"]
    assert rollback["AlarmActions"] == rollback["OKActions"] == [{"Ref": "AlertsTopic"}]
    assert set(ROLLBACK_ALARMS) == {name for name in stack.alarms() if name.startswith("rollback-")}


def test_the_functions_of_the_alarms_are_the_deployed_ones(stack: Stack) -> None:
    assert [function.deployed(stack.stage) for function in signals.FUNCTIONS] == [f"securebase-{stack.stage}{name}" for name in F]


def as_defined(alarm: dict[str, Any], stage: str) -> tuple[Any, ...]:
    """An alarm in the shape of DEFINED, the stage written S."""
    assert "DatapointsToAlarm" not in alarm  # which is as many as there are periods
    stats = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [{**alarm, "Metric": alarm}]
    metrics = [(stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], dimensions(stat["Metric"], stage)) for stat in stats]
    statistic = " ".join(dict.fromkeys(stat.get("Stat") or stat.get("Statistic") or stat["ExtendedStatistic"] for stat in stats))
    (period,) = {stat["Period"] for stat in stats}
    low_samples = alarm.get("EvaluateLowSampleCountPercentile")
    return metrics, statistic, period, alarm["EvaluationPeriods"], alarm["Threshold"], alarm["TreatMissingData"], low_samples


def dimensions(metric: dict[str, Any], stage: str) -> Dimensions:
    parts = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
    return {name: "S" if value == stage else value.replace(f"securebase-{stage}", "securebase-S") for name, value in parts.items()}
