"""Usage: hourly samples become buckets of series (an hour, a day, a month), and buckets become the totals that a customer asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Parts, Selection, group
from chalicelib.domain.exact import EXACT, add, quotient
from chalicelib.domain.names import AWS, service_category
from chalicelib.domain.period import HOUR, Window

GAUGES = frozenset({"storage_gb"})
HEADLINE = ("api_calls", "storage_gb", "compute_hours", "data_transfer_gb")
UNITS = {"api_calls": "calls", "storage_gb": "GB", "compute_hours": "hours", "data_transfer_gb": "GB", "nat_gb": "GB"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric of one service, region and account in one hour; `value` is in the metric's unit, at most six places."""

    hour: datetime
    metric: str
    service: str
    region: str
    account: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """One series within a bucket: `total` sums its hourly values (for a gauge, value x hours), `latest` is the last hour's."""

    metric: str
    service: str
    region: str
    account: str
    total: Decimal
    latest: Decimal

    @property
    def category(self) -> str:
        return service_category(self.service)

    @property
    def provider(self) -> str:
        return AWS

    @property
    def scope(self) -> str:
        return f"{self.account}/{self.region}"

    def tag(self, key: str) -> str:
        return ""


@dataclass(frozen=True)
class UsageBucket:
    """What is known of a stretch of time: `covered` counts the hours read per "account/region", whatever they held.

    `unknown` counts, per metric, the hours in which the source could no longer tell it though it was read.
    """

    start: datetime
    covered: dict[str, int] = field(default_factory=dict)
    series: tuple[UsageSeries, ...] = ()
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def hours(self) -> int:
        """Hours in which at least one account and region was read (they are read together)."""
        return max(self.covered.values(), default=0)

    def hours_of(self, metric: str) -> int:
        """Hours in which this metric is known."""
        return self.hours - self.unknown.get(metric, 0)


def hour_buckets(
    samples: Iterable[Sample], window: Window, scopes: Iterable[str], unknown: Mapping[str, datetime] | None = None
) -> list[UsageBucket]:
    """One bucket per hour of the window, all covered by `scopes`; two samples of one series and hour are added.

    `unknown` names metrics that the source can't tell before an instant.
    """
    sums: dict[datetime, dict[tuple[str, str, str, str], Decimal]] = {hour: {} for hour in window.hours()}
    for sample in samples:
        key = (sample.metric, sample.service, sample.region, sample.account)
        sums[sample.hour][key] = EXACT.add(sums[sample.hour].get(key, Decimal(0)), sample.value)
    covered = dict.fromkeys(sorted(scopes), 1)
    return [
        UsageBucket(
            hour,
            dict(covered),
            tuple(UsageSeries(*key, total=value, latest=value) for key, value in sorted(series.items())),
            {metric: 1 for metric, since in sorted((unknown or {}).items()) if hour < since},
        )
        for hour, series in sums.items()
    ]


def merge(buckets: Iterable[UsageBucket], start: datetime) -> UsageBucket:
    """The buckets, in time order, as one: totals and covered hours added, latest from the last."""
    covered: dict[str, int] = {}
    totals: dict[tuple[str, str, str, str], Decimal] = {}
    latest: dict[tuple[str, str, str, str], Decimal] = {}
    unknown: dict[str, int] = {}
    for bucket in buckets:
        for scope, hours in bucket.covered.items():
            covered[scope] = covered.get(scope, 0) + hours
        for metric, hours in bucket.unknown.items():
            unknown[metric] = unknown.get(metric, 0) + hours
        if bucket.covered:
            latest = {}
        for series in bucket.series:
            key = (series.metric, series.service, series.region, series.account)
            totals[key] = EXACT.add(totals.get(key, Decimal(0)), series.total)
            latest[key] = series.latest
    return UsageBucket(
        start,
        dict(sorted(covered.items())),
        tuple(UsageSeries(*key, total=total, latest=latest.get(key, Decimal(0))) for key, total in sorted(totals.items())),
        dict(sorted(unknown.items())),
    )


def overlay(old: UsageBucket | None, new: UsageBucket) -> UsageBucket:
    """An hour read anew: what was read now replaces its scopes, scopes that were not read now keep what they had."""
    if old is None:
        return new
    kept = tuple(series for series in old.series if series.scope not in new.covered)
    return UsageBucket(new.start, dict(sorted({**old.covered, **new.covered}.items())), kept + new.series, new.unknown)


def select(bucket: UsageBucket, selection: Selection) -> UsageBucket:
    """The bucket with only what the filters admit; a filter on account or region narrows what counts as covered, too."""
    covered = {scope: hours for scope, hours in bucket.covered.items() if _covers(scope, selection)}
    return UsageBucket(bucket.start, covered, tuple(series for series in bucket.series if selection.admits(series)), bucket.unknown)


def _covers(scope: str, selection: Selection) -> bool:
    account, _, region = scope.partition("/")
    return (
        (not selection.account or account in selection.account)
        and (not selection.region or region in selection.region)
        and (not selection.provider or AWS in selection.provider)
    )


def value(bucket: UsageBucket, metric: str) -> Decimal | None:
    """The metric over the bucket: a counter's sum, a gauge's time-weighted mean; None where nothing was read."""
    if bucket.hours_of(metric) <= 0:
        return None
    return add(_values(bucket, metric).values())


def latest(bucket: UsageBucket, metric: str) -> Decimal | None:
    """A gauge's value in the bucket's last hour that was read; None where nothing was read."""
    if bucket.hours_of(metric) <= 0:
        return None
    return add(series.latest for series in bucket.series if series.metric == metric)


def parts(bucket: UsageBucket, metric: str, by: tuple[str, ...]) -> Parts:
    """The metric's value by name, summing exactly to `value`."""
    return group(_values(bucket, metric).items(), by)


def _values(bucket: UsageBucket, metric: str) -> Mapping[UsageSeries, Decimal]:
    of_metric = (series for series in bucket.series if series.metric == metric)
    if metric not in GAUGES:
        return {series: series.total for series in of_metric}
    return {series: quotient(series.total, Decimal(bucket.covered.get(series.scope) or bucket.hours)) for series in of_metric}


def comparable(now: UsageBucket, then: UsageBucket, metric: str, window: Window) -> bool:
    """Whether two windows of that length tell of the same accounts, each read in every hour, and nothing read then is missing now.

    A region that is read only since it has costs had nothing to tell before.
    """
    hours = window.length / HOUR
    best = [_hours_by_account(bucket) for bucket in (now, then)]
    return (
        bool(best[0])
        and best[0].keys() == best[1].keys()
        and all(read >= hours for accounts in best for read in accounts.values())
        and all(now.covered.get(scope, 0) >= hours for scope in then.covered)
        and not (now.unknown.get(metric) or then.unknown.get(metric))
    )


def _hours_by_account(bucket: UsageBucket) -> dict[str, int]:
    accounts: dict[str, int] = {}
    for scope, hours in bucket.covered.items():
        account = scope.partition("/")[0]
        accounts[account] = max(hours, accounts.get(account, 0))
    return accounts
