"""Days, months, hours and what is drilled into, on every DynamoDB that there is: what was said stays askable, equal puts touch nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.period import HOUR, Window, midnight
from chalicelib.domain.usage import Sample, UsageBucket, hour_buckets, merge
from chalicelib.stores.metrics import Metrics
from tests.adapters.conftest import NOW
from tests.fakes import Clock

TODAY = NOW.date()
TABLE = "securebase-dev-metrics"
Item = dict[str, Any]


def cost(day: date, amount: str = "1", lines: int = 1) -> CostDay:
    made = [CostLine("1", f"service {n}", "eu-west-1", "", "AWS", "Usage", "USD", Decimal(amount), None, None) for n in range(lines)]
    return CostDay.of(day, made, totals_of(made), False, ("cost_explorer",))


def bucket(start: datetime, amounts: dict[tuple[str, str], str]) -> UsageBucket:
    samples = [Sample(start, "api_calls", service, region, "1", Decimal(amount)) for (service, region), amount in amounts.items()]
    return hour_buckets(samples, Window(start, start + HOUR), ["1/us-east-1", "1/eu-west-1"])[0]


def items(client: Any) -> list[Item]:
    found = client.scan(TableName=TABLE, ConsistentRead=True)["Items"]
    return sorted(found, key=lambda item: item["timestamp"]["S"])


def keys(client: Any) -> list[str]:
    return [item["timestamp"]["S"] for item in items(client)]


# Months


def test_a_month_that_is_long_over_is_one_item_and_younger_days_have_their_own(metrics: Metrics, client: Any) -> None:
    days = [date(2026, 8, 30) + timedelta(days=n) for n in range(86)]
    metrics.usage.put("acme", [merge([bucket(midnight(day), {("a", "eu-west-1"): f"{day.day}"})], midnight(day)) for day in days])
    assert keys(client) == ["usage#2026-08", "usage#2026-09", *(f"usage#{day}" for day in days if day >= date(2026, 10, 1))]
    found = metrics.usage.read("acme", days[0], days[-1])
    assert [each.start.date() for each in found] == days
    assert [each.totals.total() for each in found] == [day.day for day in days]
    assert [each.start.date() for each in metrics.usage.read("acme", date(2026, 9, 3), date(2026, 9, 4))] == [
        date(2026, 9, 3),
        date(2026, 9, 4),
    ]


def test_days_that_came_to_be_long_over_are_put_into_their_month(metrics: Metrics, client: Any, clock: Clock) -> None:
    days = [merge([bucket(midnight(date(2026, 10, n)), {("a", "eu-west-1"): str(n)})], midnight(date(2026, 10, n))) for n in (1, 5, 31)]
    metrics.usage.put("acme", days)
    metrics.usage.fold("acme")
    assert len(keys(client)) == 3
    clock.now = NOW + timedelta(days=9)
    metrics.usage.fold("acme")
    assert keys(client) == ["usage#2026-10"]
    assert metrics.usage.read("acme", date(2026, 10, 1), date(2026, 10, 31)) == days


def test_a_late_day_of_a_month_in_one_item_is_put_into_it(metrics: Metrics, client: Any) -> None:
    first, late = (merge([bucket(midnight(date(2026, 8, n)), {("a", "eu-west-1"): str(n)})], midnight(date(2026, 8, n))) for n in (3, 1))
    metrics.usage.put("acme", [first])
    metrics.usage.put("acme", [late])
    assert keys(client) == ["usage#2026-08"]
    assert metrics.usage.read("acme", date(2026, 8, 1), date(2026, 8, 31)) == [late, first]


def test_a_month_whose_last_day_vanishes_is_gone(metrics: Metrics, client: Any) -> None:
    metrics.costs.put("acme", [cost(date(2026, 8, 1))])
    metrics.costs.put("acme", [], [date(2026, 8, 1)])
    assert [key for key in keys(client) if "-was" not in key] == []


def test_no_item_is_too_large_whatever_the_customer(metrics: Metrics, client: Any) -> None:
    numbers = Random(1)
    names = [f"{numbers.getrandbits(160):x}" for _ in range(5000)]

    def day(number: int) -> CostDay:
        amounts = (Decimal(numbers.getrandbits(50)).scaleb(-10) for _ in names)
        made = [CostLine("1", name, "", "", "AWS", "Usage", "USD", amount, None, None) for name, amount in zip(names, amounts, strict=True)]
        return CostDay.of(date(2026, 8, number), made, totals_of(made), False, ())

    days = [day(number) for number in range(1, 32)]
    metrics.costs.put("acme", days)
    size = max(sum(len(name) + len(next(iter(value.values()))) for name, value in item.items()) for item in items(client))
    assert size < 400_000
    assert len(items(client)) > 1
    assert metrics.costs.read("acme", date(2026, 8, 1), date(2026, 8, 31)) == days


# Equal puts and versions


def test_an_equal_put_touches_nothing_however_much_later(metrics: Metrics, client: Any, clock: Clock) -> None:
    for day in (date(2026, 8, 1), TODAY - timedelta(days=1)):
        metrics.costs.put("acme", [cost(day)])
    metrics.hours.put("acme", [bucket(NOW - HOUR, {("a", "eu-west-1"): "5"})])
    before = items(client)
    clock.now += timedelta(days=3)
    digests = {metrics.costs.put("acme", [cost(day)]) for day in (date(2026, 8, 1), date(2026, 8, 1))}
    metrics.costs.put("acme", [cost(TODAY - timedelta(days=1))])
    metrics.hours.put("acme", [bucket(NOW - HOUR, {("a", "eu-west-1"): "5"})])
    assert items(client) == before
    assert len(digests) == 1


@pytest.mark.parametrize("day", [date(2026, 8, 1), TODAY - timedelta(days=1)], ids=["in a month's item", "in its own"])
def test_what_was_said_at_an_instant_is_said_again_as_of_it(metrics: Metrics, clock: Clock, day: date) -> None:
    said: list[tuple[datetime, list[CostDay]]] = [(NOW - HOUR, [])]
    for step, amount in enumerate(("1", "2.5", "2.5", None, "7")):
        clock.now = NOW + step * HOUR
        metrics.costs.put("acme", [cost(day, amount)] if amount else [], [] if amount else [day])
        said.append((clock.now, [cost(day, amount)] if amount else []))
        said.append((clock.now + HOUR / 2, said[-1][1]))
    for instant, expected in said:
        assert metrics.costs.read("acme", day, day, as_of=instant) == expected, instant
    (now,) = metrics.costs.read("acme", day, day)
    assert (now.restated, now.since) == (False, clock.now), "it was unknown before, so it says nothing else than it did"


def test_a_day_that_says_something_else_is_restated_and_since_when(metrics: Metrics, clock: Clock) -> None:
    day = TODAY - timedelta(days=2)
    metrics.costs.put("acme", [cost(day, "1"), cost(TODAY - timedelta(days=1))])
    clock.now = NOW + HOUR
    metrics.costs.put("acme", [cost(day, "2"), cost(TODAY - timedelta(days=1))])
    restated, other = metrics.costs.read("acme", day, TODAY)
    assert (restated.restated, restated.since) == (True, NOW + HOUR)
    assert (other.restated, other.since) == (False, NOW)


def test_an_hour_that_grows_is_no_restatement_but_a_whole_day_that_changes_is(metrics: Metrics, client: Any) -> None:
    start = midnight(TODAY - timedelta(days=1))
    part = merge([bucket(start, {("a", "eu-west-1"): "1"})], start)
    whole = replace(part, covered=dict.fromkeys(part.covered, 24))
    later = replace(whole, totals=bucket(start, {("a", "eu-west-1"): "3"}).totals)
    for version in (part, whole, later):
        metrics.usage.put("acme", [version])
    assert [key.partition("#")[0] for key in keys(client)] == ["usage", "usage-was"]
    assert metrics.usage.read("acme", TODAY - timedelta(days=1), TODAY)[0].restated


# Hours and places


def test_a_service_and_a_region_are_reached_by_the_indexes_with_time_in_their_range(metrics: Metrics, client: Any) -> None:
    hours = [
        bucket(NOW - n * HOUR, {("AWS Lambda", "eu-west-1"): f"{n}", ("AWS Lambda", "us-east-1"): "7", ("Amazon S3", "eu-west-1"): "9"})
        for n in (1, 2, 3)
    ]
    metrics.hours.put("acme", hours)
    metrics.hours.put("other", hours)
    found = metrics.hours.of_service("acme", "AWS Lambda", Window(NOW - 2 * HOUR, NOW))
    assert [(each.start, [(key.region, total) for key, total in each.by_key().items()]) for each in found] == [
        (NOW - 2 * HOUR, [("eu-west-1", 2)]),
        (NOW - 2 * HOUR, [("us-east-1", 7)]),
        (NOW - HOUR, [("eu-west-1", 1)]),
        (NOW - HOUR, [("us-east-1", 7)]),
    ]
    regions = metrics.hours.of_region("acme", "eu-west-1", Window(NOW - HOUR, NOW))
    assert {key.service for each in regions for key in each.keys} == {"AWS Lambda", "Amazon S3"}
    fine = [item for item in items(client) if item["timestamp"]["S"].startswith("usage-fine#")]
    assert len(fine) == 2 * 3 * 3
    assert {item["customer_service"]["S"] for item in fine} >= {"acme#AWS Lambda", "other#AWS Lambda"}


def test_a_place_that_an_hour_read_again_no_longer_has_is_gone_from_the_indexes(metrics: Metrics) -> None:
    metrics.hours.put("acme", [bucket(NOW - HOUR, {("a", "eu-west-1"): "1", ("b", "eu-west-1"): "2"})])
    metrics.hours.put("acme", [bucket(NOW - HOUR, {("b", "eu-west-1"): "3"})])
    assert metrics.hours.of_service("acme", "a", Window(NOW - HOUR, NOW)) == []
    (left,) = metrics.hours.of_region("acme", "eu-west-1", Window(NOW - HOUR, NOW))
    assert list(left.by_key().values()) == [3]


def test_the_last_hour_tells_how_far_one_was_where_the_state_is_lost(metrics: Metrics) -> None:
    assert metrics.hours.last("acme") is None
    metrics.hours.put("acme", [bucket(NOW - n * HOUR, {("a", "eu-west-1"): "1"}) for n in (5, 2, 9)])
    assert metrics.hours.last("acme") == NOW - HOUR
