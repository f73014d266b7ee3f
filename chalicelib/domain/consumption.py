"""What buckets of usage say: a counter's sum, a gauge's mean, by name, and whether two windows can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from chalicelib.domain.breakdown import Parts, group
from chalicelib.domain.exact import add, quotient
from chalicelib.domain.period import HOUR, Window
from chalicelib.domain.usage import GAUGES, UsageBucket, UsageKey, gauges, known, span

HEADLINE = ("api_calls", "storage_gb", "compute_hours", "data_transfer_gb")
UNITS = {"api_calls": "calls", "storage_gb": "GB", "compute_hours": "hours", "data_transfer_gb": "GB", "nat_gb": "GB"}
METRICS = tuple(UNITS)
"""All that are collected: the four that make the headline, and those that are told apart from them."""


def value(bucket: UsageBucket, metric: str) -> Decimal | None:
    """The metric over the bucket: a counter's sum, a gauge's time-weighted mean; None where nothing was read."""
    if bucket.hours_of(metric) <= 0:
        return None
    if metric not in GAUGES:
        return bucket.totals.total(span(bucket.keys, metric))
    return add(amount for _, amount in _values(bucket, metric))


def latest(bucket: UsageBucket, metric: str) -> Decimal | None:
    """A gauge's value in the bucket's last hour that was read; None where nothing was read."""
    if bucket.hours_of(metric) <= 0:
        return None
    return bucket.levels.total(span(gauges(bucket.keys), metric))


def parts(bucket: UsageBucket, metric: str, by: tuple[str, ...]) -> Parts:
    """The metric's value by name, summing exactly to `value`."""
    return group(_values(bucket, metric), by)


def _values(bucket: UsageBucket, metric: str) -> Iterator[tuple[UsageKey, Decimal]]:
    for place in span(bucket.keys, metric):
        key, total = bucket.keys[place], known(bucket.totals[place])
        if metric in GAUGES:
            total = quotient(total, Decimal(bucket.covered.get(key.scope) or bucket.hours))
        yield key, total


def comparable(now: UsageBucket, then: UsageBucket, metric: str, window: Window, before: Window | None = None) -> bool:
    """Whether two windows (of one length, unless `before` is the other) tell of the same accounts, each read in every hour, and nothing
    read then is missing now.

    A region that is read only since it has costs had nothing to tell before.
    """
    hours, hours_then = window.length / HOUR, (before or window).length / HOUR
    best = [_hours_by_account(bucket) for bucket in (now, then)]
    return (
        bool(best[0])
        and best[0].keys() == best[1].keys()
        and all(read >= wanted for accounts, wanted in zip(best, (hours, hours_then), strict=True) for read in accounts.values())
        and all(now.covered.get(scope, 0) >= hours for scope in then.covered)
        and not (now.unknown.get(metric) or then.unknown.get(metric))
    )


def _hours_by_account(bucket: UsageBucket) -> dict[str, int]:
    accounts: dict[str, int] = {}
    for scope, hours in bucket.covered.items():
        account = scope.partition("/")[0]
        accounts[account] = max(hours, accounts.get(account, 0))
    return accounts
