"""The dashboard as CloudWatch documents it, and that it shows all there is to see."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from chalicelib.domain import signals
from chalicelib.domain.prices import PRICES
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER
from chalicelib.stores.tables import BUCKETS, TABLES
from tests.infrastructure.conftest import ACCOUNT, Stack, text

METRICS_A_WIDGET, METRICS_A_DASHBOARD, ALARMS_A_WIDGET = 500, 2500, 100
Line = tuple[str, str, frozenset[tuple[str, str]], str]


def widgets(stack: Stack) -> list[dict[str, Any]]:
    (dashboard,) = stack.named("AWS::CloudWatch::Dashboard", "DashboardName").values()
    assert dashboard["DashboardName"] == f"securebase-{stack.stage}-analytics"
    body = json.loads(text(dashboard["DashboardBody"]))
    assert list(body) == ["widgets"]
    found: list[dict[str, Any]] = body["widgets"]
    return found


def lines_of(widget: dict[str, Any]) -> list[Line]:
    """(namespace, name, dimensions, statistic); an expression is none."""
    found = []
    for line in widget["properties"]["metrics"]:
        names = [part for part in line if isinstance(part, str)]
        if names:
            pairs = frozenset(zip(names[2::2], names[3::2], strict=True))
            found.append((names[0], names[1], pairs, line[-1]["stat"]))
    return found


def shown(stack: Stack) -> set[Line]:
    return {line for widget in widgets(stack) if widget["type"] == "metric" for line in lines_of(widget)}


def test_its_body_is_as_cloudwatch_documents_it(stack: Stack) -> None:
    total = 0
    for widget in widgets(stack):
        assert set(widget) <= {"type", "width", "height", "properties"}, "CloudWatch places what tells no place"
        properties = widget["properties"]
        if widget["type"] == "alarm":
            assert set(properties) == {"title", "alarms"}
            continue
        assert (widget["type"], set(properties)) == ("metric", {"title", "region", "period", "metrics"})
        assert properties["region"] == "${AWS::Region}"
        assert properties["period"] % 60 == 0
        assert 0 < len(properties["metrics"]) <= METRICS_A_WIDGET
        total += len(properties["metrics"])
        for line in properties["metrics"]:
            assert isinstance(line[-1], dict)
            assert set(line[-1]) <= {"stat", "id", "visible", "expression", "label"}
            assert len(line) == 1 if "expression" in line[-1] else len(line) % 2 == 1
    assert total <= METRICS_A_DASHBOARD


def test_it_begins_with_the_state_of_every_alarm_on_metrics_and_of_the_rollback_alarm(stack: Stack) -> None:
    first = widgets(stack)[0]
    assert (first["type"], first["width"]) == ("alarm", 24)
    arns = first["properties"]["alarms"]
    prefix = f"arn:aws:cloudwatch:${{AWS::Region}}:{ACCOUNT}:alarm:securebase-{stack.stage}-analytics-"
    assert {arn.removeprefix(prefix) for arn in arns} == {*stack.alarms(), "rollback"}
    assert len(arns) <= ALARMS_A_WIDGET


def test_every_function_has_its_invocations_errors_throttles_and_durations(stack: Stack) -> None:
    wanted = [("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "p50"), ("Duration", "p95")]
    functions = [frozenset({("FunctionName", function.deployed(stack.stage))}) for function in signals.FUNCTIONS]
    assert {("AWS/Lambda", name, function, statistic) for name, statistic in wanted for function in functions} <= shown(stack)


def test_every_table_and_every_index_has_its_units_and_throttles(stack: Stack) -> None:
    places = set()
    for table in TABLES:
        of_table = ("TableName", f"securebase-{stack.stage}-{table.name}")
        places |= {frozenset({of_table}), *(frozenset({of_table, ("GlobalSecondaryIndexName", index.name)}) for index in table.indexes)}
    names = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents")
    assert {("AWS/DynamoDB", name, place, "Sum") for name in names for place in places} <= shown(stack)


def test_the_api_and_every_bucket_are_there(stack: Stack) -> None:
    api = frozenset({("ApiName", "securebase"), ("Stage", stack.stage)})
    wanted = {("Count", "SampleCount"), ("4XXError", "Sum"), ("5XXError", "Sum"), ("Latency", "p95")}
    assert {("AWS/ApiGateway", name, api, statistic) for name, statistic in wanted} <= shown(stack)
    for bucket in BUCKETS:
        name = ("BucketName", f"securebase-{stack.stage}-{bucket.name}-{ACCOUNT}")
        for metric, storage in (("NumberOfObjects", "AllStorageTypes"), ("BucketSizeBytes", "StandardStorage")):
            assert ("AWS/S3", metric, frozenset({name, ("StorageType", storage)}), "Average") in shown(stack)
    daily = [widget for widget in widgets(stack)[1:] if any(line[0] == "AWS/S3" for line in lines_of(widget))]
    assert {widget["properties"]["period"] for widget in daily} == {86_400}, "S3 tells once a day"


def test_every_metric_of_our_own_is_there(stack: Stack) -> None:
    ours = {name for namespace, name, dimensions, _ in shown(stack) if namespace == signals.NAMESPACE}
    assert ours == set(signals.METRICS)


def test_what_a_customer_costs_is_the_paid_calls_at_awss_prices_over_the_customers(stack: Stack) -> None:
    widget = widgets(stack)[-1]
    formula, *hidden = widget["properties"]["metrics"]
    assert [(line[1], line[-1]["id"], line[-1]["visible"]) for line in hidden] == [
        ("CostExplorerPages", "a", False),
        ("CloudWatchMetricsAsked", "b", False),
        ("Customers", "c", False),
    ]
    found = re.fullmatch(r"\(FILL\(a, 0\) \* ([0-9.]+) \+ FILL\(b, 0\) \* ([0-9.]+)\) / c", formula[0]["expression"])
    assert found
    assert [Decimal(price) for price in found.groups()] == [PRICES[COST_EXPLORER], PRICES[CLOUDWATCH]]


def test_every_statistic_is_one_that_is_told(stack: Stack) -> None:
    assert {line[3] for line in shown(stack)} == {"Sum", "Average", "Maximum", "SampleCount", "p50", "p95"}
