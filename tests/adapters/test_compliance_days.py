"""Days of compliance on every DynamoDB there is: a range of them in one query, and those of before there were states of each control."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, ComplianceDay, Finding, assess
from chalicelib.domain.period import DAY
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import pack, unpack
from chalicelib.stores.metrics import Metrics
from tests.adapters.conftest import NOW

TODAY = NOW.date()


def day(ago: int, status: str = "FAILED", before: ComplianceDay | None = None) -> ComplianceDay:
    at = NOW - ago * DAY
    found = Finding(
        "1", SECURITY_HUB, "S3.1", "title", "HIGH", status, False, at, "1", "us-east-1", ("r",), ("cis",), ("AwsS3Bucket",), "fix", "u"
    )
    return assess("security_hub", SECURITY_HUB, [found], at, STALE_AFTER, before=before)


class Counting:
    """How many queries were made."""

    def __init__(self, client: Any) -> None:
        self._client, self.queries = client, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        self.queries += 1
        return self._client.query(**request)


def test_a_range_of_days_is_one_query_and_holds_only_its_days(metrics: Metrics, client: Any) -> None:
    days = [day(5), day(4, before=day(5)), day(2), day(0)]
    metrics.put_compliance_days("acme", days)
    metrics.put_compliance_days("other", [day(3)])
    counting = Counting(client)
    store = Metrics(Dynamo(counting), "securebase-dev-metrics", lambda: NOW, timedelta(days=14))
    assert [one.day for one in store.compliance_scores("acme", TODAY - 4 * DAY, TODAY)] == [one.day for one in days[1:]]
    assert counting.queries == 1
    (first, _) = store.compliance_scores("acme", TODAY - 4 * DAY, TODAY - DAY)
    assert (first.overall, first.frameworks) == (days[1].overall, days[1].frameworks)
    assert store.compliance_scores("acm", TODAY - 40 * DAY, TODAY) == []


def test_since_when_goes_through_the_table_from_day_to_day(metrics: Metrics) -> None:
    last = None
    for ago in (3, 2, 1):
        last = metrics.latest_compliance_day("acme", TODAY - (ago + 1) * DAY)
        metrics.put_compliance_days("acme", [day(ago, "PASSED" if ago == 3 else "FAILED", last)])
    found = metrics.latest_compliance_day("acme", TODAY)
    assert found is not None
    (control,) = found.states
    assert (control.first_seen, control.failing_since) == (NOW - 3 * DAY, NOW - 2 * DAY)


def test_what_was_kept_before_there_was_such_a_thing_is_read_with_what_it_has(metrics: Metrics) -> None:
    old = msgspec.to_builtins(day(0))
    old.pop("states")
    read = unpack(pack(old), ComplianceDay)
    assert read.overall == day(0).overall
    assert read.states == ()
    finding = msgspec.to_builtins(Finding("1", SECURITY_HUB, "S3.1", "t", "HIGH", "FAILED", False, NOW, "1", "us-east-1", ("r",), ()))
    for name in ("types", "fix", "fix_url"):
        finding.pop(name)
    assert unpack(pack(finding), Finding).types == ()


def many(count: int) -> ComplianceDay:
    """Of so many controls that a day takes several items."""
    numbers = Random(count)
    text = [f"{numbers.getrandbits(4000):x}" for _ in range(count)]
    findings = [
        Finding(name[:40], SECURITY_HUB, name[:40], name[40:], "HIGH", "FAILED", False, NOW, "1", "us-east-1", ("r",), ()) for name in text
    ]
    return assess("security_hub", SECURITY_HUB, findings, NOW, STALE_AFTER)


@pytest.mark.parametrize("count", [1, 400, 1700])
def test_the_last_day_is_found_however_many_items_it_takes_or_took(metrics: Metrics, client: Any, count: int) -> None:
    metrics.put_compliance_days("acme", [day(1), many(1700)])
    assert len(list(Dynamo(client).scan("securebase-dev-metrics"))) > 5
    metrics.put_compliance_days("acme", [many(count)])
    assert metrics.latest_compliance_day("acme", TODAY) == many(count)
    assert metrics.latest_compliance_day("acme", TODAY - DAY) == day(1)
