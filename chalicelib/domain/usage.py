"""Usage: hourly samples become buckets of series (an hour, a day, a month), and buckets become the totals that a customer asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from chalicelib.domain.amounts import NOTHING, Amounts, summed
from chalicelib.domain.breakdown import Selection
from chalicelib.domain.exact import EXACT
from chalicelib.domain.names import AWS, service_category
from chalicelib.domain.period import Window

GAUGES = frozenset({"storage_gb"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric of one service, region and account in one hour; `value` is in the metric's unit, at most six places."""

    hour: datetime
    metric: str
    service: str
    region: str
    account: str
    value: Decimal


class UsageKey(NamedTuple):
    """What a series is of. Keys are kept in order, so that a metric's lie beside each other."""

    metric: str
    service: str
    region: str
    account: str

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

    `totals` sum each key's hourly values (for a gauge, value x hours); `levels` are the last hour's values of the gauges among the keys.
    `unknown` counts, per metric, the hours in which the source could no longer tell it though it was read.
    """

    start: datetime
    covered: dict[str, int] = field(default_factory=dict)
    keys: tuple[UsageKey, ...] = ()
    totals: Amounts = NOTHING
    levels: Amounts = NOTHING
    unknown: dict[str, int] = field(default_factory=dict)
    since: datetime | None = field(default=None, compare=False)
    restated: bool = field(default=False, compare=False)

    @property
    def hours(self) -> int:
        """Hours in which at least one account and region was read (they are read together)."""
        return max(self.covered.values(), default=0)

    def hours_of(self, metric: str) -> int:
        """Hours in which this metric is known."""
        return self.hours - self.unknown.get(metric, 0)

    def by_key(self) -> dict[UsageKey, Decimal]:
        return dict(zip(self.keys, map(known, self.totals.values()), strict=True))


def known(value: Decimal | None) -> Decimal:
    """What was sampled is a number: an amount of usage is never unknown by itself, only whole hours are."""
    assert value is not None
    return value


def span(keys: Sequence[UsageKey], metric: str) -> range:
    """The places of the metric's keys."""
    return range(bisect_left(keys, (metric,)), bisect_left(keys, (metric + "\0",)))


def gauges(keys: Sequence[UsageKey]) -> tuple[UsageKey, ...]:
    """The keys that have levels."""
    return tuple(keys[place] for metric in sorted(GAUGES) for place in span(keys, metric))


def hour_buckets(
    samples: Iterable[Sample], window: Window, scopes: Iterable[str], unknown: Mapping[str, datetime] | None = None
) -> list[UsageBucket]:
    """One bucket per hour of the window, all covered by `scopes`; two samples of one series and hour are added.

    `unknown` names metrics that the source can't tell before an instant.
    """
    sums: dict[datetime, dict[UsageKey, Decimal]] = {hour: {} for hour in window.hours()}
    for sample in samples:
        key = UsageKey(sample.metric, sample.service, sample.region, sample.account)
        sums[sample.hour][key] = EXACT.add(sums[sample.hour].get(key, Decimal(0)), sample.value)
    covered = dict.fromkeys(sorted(scopes), 1)
    return [
        _bucket(hour, dict(covered), found, found, {metric: 1 for metric, since in sorted((unknown or {}).items()) if hour < since})
        for hour, found in sums.items()
    ]


def _bucket(
    start: datetime,
    covered: dict[str, int],
    totals: Mapping[UsageKey, Decimal],
    levels: Mapping[UsageKey, Decimal],
    unknown: dict[str, int],
) -> UsageBucket:
    keys = tuple(sorted(totals))
    last = Amounts.of([levels[key] for key in gauges(keys)])
    return UsageBucket(start, covered, keys, Amounts.of([totals[key] for key in keys]), last, unknown)


def merge(buckets: Iterable[UsageBucket], start: datetime) -> UsageBucket:
    """The buckets, in time order, as one: totals and covered hours added, levels from the last that was read."""
    held = list(buckets)
    covered: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for bucket in held:
        for scope, hours in bucket.covered.items():
            covered[scope] = covered.get(scope, 0) + hours
        for metric, hours in bucket.unknown.items():
            unknown[metric] = unknown.get(metric, 0) + hours
    keys, totals = summed((bucket.keys, bucket.totals) for bucket in held)
    last = next((bucket for bucket in reversed(held) if bucket.covered), None)
    levels = dict(zip(gauges(last.keys), last.levels.values(), strict=True)) if last else {}
    now = Amounts.of([levels.get(key, Decimal(0)) for key in gauges(keys)])
    return UsageBucket(start, dict(sorted(covered.items())), keys, totals, now, dict(sorted(unknown.items())))


def overlay(old: UsageBucket | None, new: UsageBucket) -> UsageBucket:
    """An hour read anew: what was read now replaces its scopes, scopes that were not read now keep what they had."""
    if old is None:
        return new
    kept = _only(old, lambda key: key.scope not in new.covered)
    return together([kept, new], new.start, dict(sorted({**old.covered, **new.covered}.items())), new.unknown)


def together(places: Iterable[UsageBucket], start: datetime, covered: dict[str, int], unknown: dict[str, int]) -> UsageBucket:
    """Buckets of one and the same stretch of time, without a key in common, as one."""
    totals: dict[UsageKey, Decimal] = {}
    levels: dict[UsageKey, Decimal] = {}
    for bucket in places:
        totals |= bucket.by_key()
        levels |= zip(gauges(bucket.keys), map(known, bucket.levels.values()), strict=True)
    return _bucket(start, covered, totals, levels, unknown)


def select(bucket: UsageBucket, selection: Selection) -> UsageBucket:
    """The bucket with only what the filters admit; a filter on account or region narrows what counts as covered, too."""
    if not any(wanted for _, wanted in selection.filters()):
        return bucket
    covered = {scope: hours for scope, hours in bucket.covered.items() if _covers(scope, selection)}
    return replace(_only(bucket, selection.admits), covered=covered)


def by_place(bucket: UsageBucket) -> dict[tuple[str, str], UsageBucket]:
    """Per (service, region) the bucket's series of it, without what was covered."""
    places: dict[tuple[str, str], set[UsageKey]] = {}
    for key in bucket.keys:
        places.setdefault((key.service, key.region), set()).add(key)
    return {place: replace(_only(bucket, keys.__contains__), covered={}, unknown={}) for place, keys in places.items()}


def _only(bucket: UsageBucket, admits: Callable[[UsageKey], bool]) -> UsageBucket:
    places = [place for place, key in enumerate(bucket.keys) if admits(key)]
    levels = [place for place, key in enumerate(gauges(bucket.keys)) if admits(key)]
    keys = tuple(bucket.keys[place] for place in places)
    return replace(bucket, keys=keys, totals=bucket.totals.at(places), levels=bucket.levels.at(levels))


def _covers(scope: str, selection: Selection) -> bool:
    account, _, region = scope.partition("/")
    return (
        (not selection.account or account in selection.account)
        and (not selection.region or region in selection.region)
        and (not selection.provider or AWS in selection.provider)
    )
