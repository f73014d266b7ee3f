"""moto's CloudWatch with its points in MetricPoints: PutMetricData, GetMetricData and ListMetrics; the rest stays moto's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum, MetricDatum
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.fakes.metric_points import STATISTICS, Metric, MetricPoints, Point

LARGEST_PAGE = 500
QUERIES_A_CALL = 500
POINTS_A_CALL = 100_800
_put_in_moto = CloudWatchBackend.put_metric_data
Result = tuple[dict[str, Any], list[tuple[datetime, float]]]
"""(the query, its points)"""


def install_cloudwatch(points: MetricPoints, points_a_call: int = POINTS_A_CALL) -> Callable[[], None]:
    """Makes every moto CloudWatch backend of this process answer from `points`; what it returns undoes that."""

    def put_metric_data(backend: Any, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        _put_in_moto(backend, namespace, metric_data)
        taken, backend.metric_data = backend.metric_data, []
        for datum in taken:
            points.add(_metric(backend, namespace, datum.name, [(one.name, one.value) for one in datum.dimensions]), [_point(datum)])

    def list_metrics(backend: Any, next_token: str | None, namespace: str, metric_name: str, dimensions: Any) -> Any:
        found = points.known(backend.account_id, backend.region_name, namespace, metric_name)
        found = [metric for metric in found if all(_has(metric, one) for one in dimensions or ())]
        start = _offset(next_token)
        end = start + LARGEST_PAGE
        return f"metrics-{end}" if end < len(found) else None, [_listed(metric) for metric in found[start:end]]

    def get_metric_data(response: Any) -> ActionResult:
        request = response._get_params()
        results = [_result(points, response.cloudwatch_backend, query, request) for query in _queries(request)]
        return ActionResult(_page(results, _offset(request.get("NextToken")), points_a_call))

    undo = ExitStack()
    undo.enter_context(patch.object(CloudWatchBackend, "put_metric_data", put_metric_data))
    undo.enter_context(patch.object(CloudWatchBackend, "list_metrics", list_metrics))
    undo.enter_context(patch.object(CloudWatchResponse, "get_metric_data", get_metric_data))
    return undo.close


def _metric(backend: Any, namespace: str, name: str, dimensions: list[tuple[str, str]]) -> Metric:
    return backend.account_id, backend.region_name, namespace, name, tuple(sorted(dimensions))


def _utc(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _point(datum: MetricDatum | MetricAggregatedDatum) -> Point:
    epoch = int(_utc(datum.timestamp).timestamp())
    if isinstance(datum, MetricAggregatedDatum):
        return epoch, datum.sum, datum.sample_count, datum.min, datum.max
    return epoch, datum.value, 1.0, datum.value, datum.value


def _has(metric: Metric, wanted: dict[str, str]) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value") in (None, value) for name, value in metric[4])


def _listed(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric[4]]
    return {"Namespace": metric[2], "MetricName": metric[3], "Dimensions": dimensions}


def _offset(token: str | None) -> int:
    if not token:
        return 0
    _, _, offset = token.partition("-")
    if not offset.isdecimal():
        raise InvalidParameterValue("NextToken is not one of this service")
    return int(offset)


def _queries(request: dict[str, Any]) -> list[dict[str, Any]]:
    queries: list[dict[str, Any]] = request.get("MetricDataQueries") or []
    if not 1 <= len(queries) <= QUERIES_A_CALL:
        raise ValidationError(f"GetMetricData takes 1 to {QUERIES_A_CALL} queries")
    if len({query["Id"] for query in queries}) != len(queries):
        raise ValidationError("The values for parameter id in MetricDataQueries are not unique.")
    if _utc(request["StartTime"]) >= _utc(request["EndTime"]):
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    for query in queries:
        if query.get("MetricStat", {}).get("Stat") not in STATISTICS:
            raise ValidationError(f"The fake answers MetricStat queries for {', '.join(STATISTICS)} only.")
        if (period := int(query["MetricStat"]["Period"])) % 60 or period <= 0:
            raise ValidationError("Period must be a multiple of 60.")
    return queries


def _result(points: MetricPoints, backend: Any, query: dict[str, Any], request: dict[str, Any]) -> Result:
    wanted = query["MetricStat"]
    dimensions = [(one["Name"], one["Value"]) for one in wanted["Metric"].get("Dimensions", [])]
    metric = _metric(backend, wanted["Metric"]["Namespace"], wanted["Metric"]["MetricName"], dimensions)
    start, end = _utc(request["StartTime"]), _utc(request["EndTime"])
    found = list(points.statistics(metric, start, end, int(wanted["Period"]), wanted["Stat"]))
    return query, found if request.get("ScanBy") == "TimestampAscending" else found[::-1]


def _page(results: list[Result], start: int, size: int) -> dict[str, Any]:
    """Points `start` to `start + size` of all series laid end to end; a series that goes on in the next page is PartialData."""
    page, first, end = [], 0, start + size
    for query, found in results:
        here = found[max(0, start - first) : max(0, end - first)]
        if here or (not found and start <= first < end):
            page.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                    "Timestamps": [instant for instant, _ in here],
                    "Values": [value for _, value in here],
                    "StatusCode": "PartialData" if first + len(found) > end else "Complete",
                }
            )
        first += len(found)
    return {"MetricDataResults": page, "Messages": [], "NextToken": f"points-{end}" if end < first else None}
