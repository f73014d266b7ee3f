"""CloudWatch's points of the organisation; also those that overlap and must not be counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import pi, sin
from random import Random

from chalicelib.domain.period import midnight
from local.fakes.metric_points import Metric, Point
from local.seed.organisation import (
    ACME_DATA,
    ACME_SHOP,
    BOREALIS_CLINIC,
    BOREALIS_RECORDS,
    COBALT,
    DAYS,
    NEW_REGION,
    SERVICE_GONE,
    Organisation,
)

FINE, HOURLY, DAILY = 300, 3600, 86400
_DAY_SHAPE = tuple(1 + 0.45 * sin(pi * (hour - 9) / 12) for hour in range(24))
_GIB = 2.0**30
_OVERLAP_SINCE = 21


@dataclass(frozen=True)
class Series:
    """One metric with its usual value a period. `counted` says that each unit is a sample; `hours` are those of the day it runs."""

    account: str
    region: str
    name: str
    dimensions: str
    value: float
    step: int = HOURLY
    growth: float = 0.0
    counted: bool = False
    since: int = DAYS
    until: int = 0
    hours: tuple[int, int] = (0, 24)

    @property
    def metric(self) -> Metric:
        namespace, _, name = self.name.partition(":")
        pairs = (pair.partition("=") for pair in self.dimensions.split(",") if pair)
        return self.account, self.region, namespace, name, tuple(sorted((key, value) for key, _, value in pairs))

    def points(self, organisation: Organisation, now: datetime) -> Iterator[Point]:
        """A point for every whole period that has ended by `now`."""
        start, stop = (int(midnight(organisation.ago(ago)).timestamp()) for ago in (self.since, self.until))
        last = int(now.timestamp()) if self.until == 0 else min(stop, int(now.timestamp()))
        chance, steady = Random(f"usage {self.metric}"), self.step == DAILY
        for instant in range(start, last - self.step + 1, self.step):
            hour = instant // HOURLY % 24
            if not self.hours[0] <= hour < self.hours[1]:
                continue
            growth = 1 + self.growth * (instant - start) / (DAYS * DAILY)
            noise = 1.0 if steady else _DAY_SHAPE[hour] * (0.85 + 0.3 * chance.random())
            yield self._point(instant, self.value * growth * noise)

    def _point(self, instant: int, value: float) -> Point:
        if self.step == FINE:
            percent = round(value, 2)
            return instant, percent, 1.0, percent, percent
        if self.counted:
            return instant, float(int(value)), float(int(value)), 1.0, 1.0
        whole = float(int(value)) if self.name != "AWS/Lambda:Duration" else round(value, 2)
        samples = 1.0 if self.step == DAILY else 12.0
        return instant, whole, samples, whole / samples, whole / samples


SERIES = (
    Series(ACME_SHOP, "us-east-1", "AWS/ApiGateway:Count", "ApiName=storefront", 5200, growth=0.7, counted=True),
    Series(
        ACME_SHOP, "us-east-1", "AWS/ApplicationELB:RequestCount", "LoadBalancer=app/shop/50dc6c495c0c9188", 9100, growth=0.4, counted=True
    ),
    Series(ACME_SHOP, "us-east-1", "AWS/EC2:CPUUtilization", "InstanceId=i-0a1f2c3d4e5f60001", 38, FINE, hours=(6, 22)),
    Series(ACME_SHOP, "us-west-2", "AWS/EC2:CPUUtilization", "InstanceId=i-0a1f2c3d4e5f60002", 22, FINE, hours=(9, 17)),
    Series(ACME_SHOP, "us-east-1", "AWS/EC2:NetworkOut", "InstanceId=i-0a1f2c3d4e5f60001", 3.1 * _GIB, growth=0.5),
    Series(ACME_SHOP, "us-east-1", "AWS/CloudFront:BytesDownloaded", "DistributionId=E1ACMESHOP,Region=Global", 7.4 * _GIB, growth=0.5),
    Series(
        ACME_SHOP, "us-east-1", "AWS/S3:BucketSizeBytes", "BucketName=acme-catalogue,StorageType=StandardStorage", 610 * _GIB, DAILY, 0.3
    ),
    Series(
        ACME_SHOP, "us-east-1", "AWS/S3:BucketSizeBytes", "BucketName=acme-catalogue,StorageType=StandardIAStorage", 240 * _GIB, DAILY, 0.1
    ),
    Series(ACME_DATA, "us-east-1", "AWS/Lambda:Duration", "", 5_400_000.5, growth=0.8),
    Series(BOREALIS_CLINIC, "eu-central-1", "AWS/ApiGateway:Count", "ApiId=b0r3al15ap", 1900, counted=True),
    Series(BOREALIS_CLINIC, "eu-central-1", "AWS/EC2:CPUUtilization", "InstanceId=i-0b2f2c3d4e5f60001", 31, FINE, hours=(6, 18)),
    Series(BOREALIS_CLINIC, "eu-central-1", "AWS/EC2:NetworkOut", "InstanceId=i-0b2f2c3d4e5f60001", 0.8 * _GIB, hours=(6, 18)),
    Series(BOREALIS_CLINIC, "eu-central-1", "AWS/NATGateway:BytesOutToDestination", "NatGatewayId=nat-0b0b0b0b0b0b0b001", 0.5 * _GIB),
    Series(BOREALIS_RECORDS, "eu-central-1", "AWS/Lambda:Duration", "", 2_100_000.25),
    Series(
        BOREALIS_RECORDS,
        "eu-central-1",
        "AWS/S3:BucketSizeBytes",
        "BucketName=borealis-scans,StorageType=StandardStorage",
        2900 * _GIB,
        DAILY,
        0.15,
    ),
    Series(
        BOREALIS_RECORDS,
        "eu-west-1",
        "AWS/S3:BucketSizeBytes",
        "BucketName=borealis-copy,StorageType=GlacierStorage",
        1400 * _GIB,
        DAILY,
        0.15,
    ),
    Series(COBALT, "us-east-1", "AWS/ApplicationELB:RequestCount", "LoadBalancer=app/lobby/73e2d6bc24d8a067", 14_800, counted=True),
    Series(COBALT, "us-east-1", "AWS/EC2:CPUUtilization", "InstanceId=i-0c3f2c3d4e5f60001", 57, FINE, until=SERVICE_GONE, hours=(12, 24)),
    Series(COBALT, "us-east-1", "AWS/EC2:CPUUtilization", "InstanceId=i-0c3f2c3d4e5f60002", 44, FINE, hours=(16, 24)),
    Series(COBALT, "ap-northeast-1", "AWS/EC2:CPUUtilization", "InstanceId=i-0c3f2c3d4e5f60003", 49, FINE, since=NEW_REGION, hours=(0, 12)),
    Series(COBALT, "ap-northeast-1", "AWS/EC2:NetworkOut", "InstanceId=i-0c3f2c3d4e5f60003", 2.2 * _GIB, since=NEW_REGION),
    Series(COBALT, "us-east-1", "AWS/NATGateway:BytesOutToDestination", "NatGatewayId=nat-0c0c0c0c0c0c0c001", 1.7 * _GIB),
    Series(COBALT, "us-east-1", "AWS/CloudFront:BytesDownloaded", "DistributionId=E3COBALT,Region=Global", 12.6 * _GIB),
    Series(COBALT, "us-east-1", "AWS/S3:BucketSizeBytes", "BucketName=cobalt-replays,StorageType=StandardStorage", 870 * _GIB, DAILY, 0.2),
)
"""What counts."""
OVERLAPPING = (
    Series(ACME_SHOP, "us-east-1", "AWS/ApiGateway:Count", "ApiName=storefront,Stage=live", 5100, counted=True, since=_OVERLAP_SINCE),
    Series(
        ACME_SHOP,
        "us-east-1",
        "AWS/ApplicationELB:RequestCount",
        "LoadBalancer=app/shop/50dc6c495c0c9188,TargetGroup=targetgroup/web/943f0",
        4700,
        since=_OVERLAP_SINCE,
        counted=True,
    ),
    Series(ACME_DATA, "us-east-1", "AWS/Lambda:Duration", "FunctionName=price-sync", 3_900_000, since=_OVERLAP_SINCE),
    Series(BOREALIS_RECORDS, "eu-central-1", "AWS/Lambda:Duration", "FunctionName=intake", 1_000_000, since=_OVERLAP_SINCE),
    Series(
        COBALT,
        "us-east-1",
        "AWS/ApplicationELB:RequestCount",
        "AvailabilityZone=us-east-1a,LoadBalancer=app/lobby/73e2d6bc24d8a067",
        7100,
        since=_OVERLAP_SINCE,
        counted=True,
    ),
    Series(COBALT, "us-east-1", "AWS/EC2:CPUUtilization", "AutoScalingGroupName=lobby", 51, HOURLY, since=_OVERLAP_SINCE),
)
"""The same requests, durations and instances told of again by finer or coarser dimension sets."""


def metric_series(organisation: Organisation, now: datetime) -> Iterator[tuple[Metric, list[Point]]]:
    """Every metric with its points from ninety days ago to `now`."""
    for series in (*SERIES, *OVERLAPPING):
        yield series.metric, list(series.points(organisation, now))
