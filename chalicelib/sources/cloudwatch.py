"""CloudWatch -> hourly samples. GetMetricData per account and region, exact dimension sets only, as DEFINITIONS list them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.exact import EXACT, quotient
from chalicelib.domain.names import service_name
from chalicelib.domain.period import DAY, Window, hour_floor
from chalicelib.domain.reading import MetricName as Metric
from chalicelib.domain.reading import Registry, UsageReading
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.domain.usage import Sample
from chalicelib.sources.calls import chunks, named, pages

HOME_REGION = "us-east-1"
GLOBAL = "global"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]", re.ASCII)
"""What AWS calls a region; a bill may name others, and other providers'."""
QUERIES_A_CALL = 500
FINE_POINTS_KEPT = timedelta(days=63)
"""CloudWatch keeps 5-minute points that long; what needs them can't be told of earlier hours."""
_GB = Decimal(2**30)
NOT_LISTED = 15 * DAY
"""Longer than CloudWatch takes a late point: a metric that wasn't listed since has nothing new to tell."""
ClientFor = Callable[[Account, str, str], Any]
"""(account, the customer's ExternalId, region) -> a CloudWatch client with the account's reader role."""


@dataclass(frozen=True)
class Reading:
    """How one metric is read: its exact dimension names, period in seconds, and what a unit of it divides by."""

    metric: str
    namespace: str
    name: str
    statistic: str
    dimensions: tuple[str, ...]
    divisor: Decimal = Decimal(1)
    period: int = 3600
    count_points: bool = False
    home_only: bool = False

    @property
    def service(self) -> str:
        return service_name(self.namespace)


READINGS = (
    Reading("api_calls", "AWS/ApiGateway", "Count", "SampleCount", ("ApiName",)),
    Reading("api_calls", "AWS/ApiGateway", "Count", "SampleCount", ("ApiId",)),
    Reading("api_calls", "AWS/ApplicationELB", "RequestCount", "Sum", ("LoadBalancer",)),
    Reading("compute_hours", "AWS/EC2", "CPUUtilization", "SampleCount", ("InstanceId",), Decimal(12), 300, count_points=True),
    Reading("compute_hours", "AWS/Lambda", "Duration", "Sum", (), Decimal(3_600_000)),
    Reading("storage_gb", "AWS/S3", "BucketSizeBytes", "Average", ("BucketName", "StorageType"), _GB, 86400),
    Reading("data_transfer_gb", "AWS/CloudFront", "BytesDownloaded", "Sum", ("DistributionId", "Region"), _GB, home_only=True),
    Reading("data_transfer_gb", "AWS/EC2", "NetworkOut", "Sum", ("InstanceId",), _GB),
    Reading("nat_gb", "AWS/NATGateway", "BytesOutToDestination", "Sum", ("NatGatewayId",), _GB),
)
GAUGE_LOOK_BACK = 3 * DAY
Point = tuple[Reading, Metric, datetime, float]


class CloudWatch:
    """One customer's accounts, each through its own role; an account that refuses is a failure, the others are read."""

    name = CLOUDWATCH

    def __init__(self, client_for: ClientFor, now: Callable[[], datetime], spend: Callable[[int], None]) -> None:
        """`spend` is told how many metrics are about to be asked for, and may refuse."""
        self._client_for, self._now, self._spend = client_for, now, spend

    def read(
        self, customer: Customer, window: Window, regions: Mapping[str, Collection[str]], registry: Registry, relist: bool
    ) -> UsageReading:
        """All samples of the window's hours; `regions` are, per account, the ones to look into beside us-east-1.

        Without `relist`, only scopes that were never listed are; metrics that weren't listed for a while before the window aren't asked.
        """
        failures: list[tuple[str, str]] = []
        reached, registry = self._reached(customer, window, regions, registry, relist, failures)
        refused = self._refused(sum(len(metrics) for _, metrics in reached.values()))
        samples: list[Sample] = []
        scopes: set[str] = set()
        for (account, region), (client, metrics) in reached.items():
            scope = f"{account}/{region}"
            try:
                if refused:
                    raise refused
                with named(self.name, scope):
                    points = list(get_points(client, metrics, window))
            except SourceUnavailable as failure:
                failures.append((scope, failure.reason))
                continue
            samples += to_samples(points, account, region, window)
            scopes |= {scope, f"{account}/{GLOBAL}"} if region == HOME_REGION else {scope}
        fine_since = hour_floor(self._now() - FINE_POINTS_KEPT)
        unknown = {"compute_hours": fine_since} if window.start < fine_since else {}
        if relist and not failures:
            registry = replace(registry, listed_at=max(window.end, registry.listed_at or window.end))
        return UsageReading(tuple(samples), frozenset(scopes), tuple(failures), unknown, registry)

    def _reached(
        self,
        customer: Customer,
        window: Window,
        regions: Mapping[str, Collection[str]],
        registry: Registry,
        relist: bool,
        failures: list[tuple[str, str]],
    ) -> tuple[dict[tuple[str, str], tuple[Any, set[Metric]]], Registry]:
        """Per (account, region) that lets itself be read a client and the metrics to ask for, and the registry with what was listed."""
        since, reached = (window.start - NOT_LISTED).date(), {}
        for account in customer.accounts:
            for region in sorted({HOME_REGION, *filter(_REGION.fullmatch, regions.get(account.id, ()))}):
                scope = f"{account.id}/{region}"
                try:
                    with named(self.name, scope):
                        client = self._client_for(account, customer.external_id, region)
                        if relist or scope not in registry.scopes:
                            registry = registry.with_listed(scope, list_metrics(client, region), window.end.date())
                except SourceUnavailable as failure:
                    failures.append((scope, failure.reason))
                else:
                    reached[account.id, region] = client, registry.of(scope, since)
        return reached, registry

    def _refused(self, metrics: int) -> SourceUnavailable | None:
        """Why that many metrics may not be asked for, which nothing has been paid for then."""
        try:
            if metrics:
                self._spend(metrics)
        except SourceUnavailable as refused:
            return refused
        return None


def list_metrics(client: Any, region: str) -> Iterator[Metric]:
    """(namespace, name, dimension, value, ...) of every metric there that READINGS read, by exact dimension set."""
    readings = [reading for reading in READINGS if region == HOME_REGION or not reading.home_only]
    for namespace, name in dict.fromkeys((reading.namespace, reading.name) for reading in readings):
        for page in pages(CLOUDWATCH, client.list_metrics, "NextToken", Namespace=namespace, MetricName=name):
            for metric in page["Metrics"]:
                dimensions = sorted((dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", []))
                if any(reading.name == name and reading.namespace == namespace and _fits(reading, dimensions) for reading in readings):
                    yield (namespace, name, *(part for dimension in dimensions for part in dimension))


def _fits(reading: Reading, dimensions: list[tuple[str, str]]) -> bool:
    if [name for name, _ in dimensions] != sorted(reading.dimensions):
        return False
    return "Region" not in reading.dimensions or ("Region", "Global") in dimensions


def queries(metrics: Iterable[Metric]) -> Iterator[tuple[Reading, Metric, dict[str, Any]]]:
    """A MetricDataQuery (without Id) for every metric, and the reading that it belongs to."""
    for metric in sorted(metrics):
        namespace, name, *flat = metric
        dimensions = [{"Name": key, "Value": text} for key, text in zip(flat[::2], flat[1::2], strict=True)]
        names = sorted(flat[::2])
        for reading in READINGS:
            if (reading.namespace, reading.name, sorted(reading.dimensions)) == (namespace, name, names):
                asked = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
                stat = {"Metric": asked, "Period": reading.period, "Stat": reading.statistic}
                yield reading, metric, {"MetricStat": stat, "ReturnData": True}


def get_points(client: Any, metrics: Iterable[Metric], window: Window) -> Iterator[Point]:
    """Every point of the metrics in the window (gauges: from three days before it), 500 metrics a call, all pages."""
    asked = list(queries(metrics))
    for gauge in (False, True):
        of_kind = [query for query in asked if (query[0].period > 3600) == gauge]
        start = window.start - GAUGE_LOOK_BACK if gauge else window.start
        for chunk in chunks(of_kind, QUERIES_A_CALL):
            yield from _points_of(client, chunk, Window(start, window.end))


def _points_of(client: Any, chunk: Sequence[tuple[Reading, Metric, dict[str, Any]]], window: Window) -> Iterator[Point]:
    request = {
        "MetricDataQueries": [{"Id": f"q{number}", **query} for number, (_, _, query) in enumerate(chunk)],
        "StartTime": window.start,
        "EndTime": window.end,
        "ScanBy": "TimestampAscending",
    }
    for page in pages(CLOUDWATCH, client.get_metric_data, "NextToken", **request):
        for result in page["MetricDataResults"]:
            if result.get("StatusCode", "Complete") not in ("Complete", "PartialData"):
                raise SourceUnavailable(CLOUDWATCH, f"Metric{result['StatusCode']}")
            reading, metric, _ = chunk[int(result["Id"][1:])]
            for instant, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield reading, metric, instant, value


def to_samples(points: Iterable[Point], account: str, region: str, window: Window) -> Iterator[Sample]:
    """The points as hourly samples of one account and region: summed exactly over resources, then divided once."""
    sums: dict[tuple[Reading, datetime], Decimal] = {}
    gauges: dict[tuple[Reading, Metric], dict[datetime, Decimal]] = {}
    for reading, metric, instant, value in points:
        amount = Decimal(1) if reading.count_points else Decimal(repr(value))
        if reading.period > 3600:
            gauges.setdefault((reading, metric), {})[instant] = amount
        else:
            _add(sums, reading, hour_floor(instant), amount)
    for (reading, _), levels in gauges.items():
        for hour, level in _carried(levels, window):
            _add(sums, reading, hour, level)
    for (reading, hour), total in sums.items():
        if window.start <= hour < window.end:
            place = GLOBAL if reading.home_only else region
            yield Sample(hour, reading.metric, reading.service, place, account, quotient(total, reading.divisor))


def _add(sums: dict[tuple[Reading, datetime], Decimal], reading: Reading, hour: datetime, amount: Decimal) -> None:
    sums[reading, hour] = EXACT.add(sums.get((reading, hour), Decimal(0)), amount)


def _carried(levels: Mapping[datetime, Decimal], window: Window) -> Iterator[tuple[datetime, Decimal]]:
    """One metric's level in every hour: that of the last point at or before it, for at most three days."""
    for hour in window.hours():
        last = max((instant for instant in levels if instant <= hour < instant + GAUGE_LOOK_BACK), default=None)
        if last is not None:
            yield hour, levels[last]
