"""A month that is over lies in one item, which no reader misses and no writer loses a day of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.period import midnight
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.domain.usage import UsageBucket
from chalicelib.stores.metrics import Metrics
from tests.fakes import Clock

TABLE = "securebase-dev-metrics"
OCTOBER = [date(2026, 10, number) for number in (1, 2, 30, 31)]
FIRST, LAST = date(2026, 10, 1), date(2026, 11, 30)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 10, 31, 23, 59, tzinfo=UTC))


def cost(day: date, amount: int = 1) -> CostDay:
    return CostDay.of(day, [CostLine("1", "a", "", "", "AWS", "Usage", "USD", Decimal(amount), None, None)], (), False, (COST_EXPLORER,))


def keys(client: Any) -> list[str]:
    items = client.scan(TableName=TABLE, ConsistentRead=True)["Items"]
    return sorted(item["timestamp"]["S"] for item in items if "-was#" not in item["timestamp"]["S"])


def test_a_month_of_costs_is_folded_a_day_after_its_end_and_of_usage_a_month_later(metrics: Metrics, client: Any, clock: Clock) -> None:
    costs, usage = [cost(day) for day in OCTOBER], [UsageBucket(midnight(day), {"1/a": 24}) for day in OCTOBER]
    metrics.costs.put("acme", costs)
    metrics.usage.put("acme", usage)
    for now, cost_keys, usage_keys in (
        (datetime(2026, 11, 1, 23, 59, tzinfo=UTC), [f"cost#{day}" for day in OCTOBER], [f"usage#{day}" for day in OCTOBER]),
        (datetime(2026, 11, 2, tzinfo=UTC), ["cost#2026-10"], [f"usage#{day}" for day in OCTOBER]),
        (datetime(2026, 12, 2, tzinfo=UTC), ["cost#2026-10"], ["usage#2026-10"]),
    ):
        clock.now = now
        metrics.costs.fold("acme")
        metrics.usage.fold("acme")
        assert keys(client) == cost_keys + usage_keys
        assert metrics.costs.read("acme", FIRST, LAST) == costs
        assert metrics.costs.read("acme", OCTOBER[1], OCTOBER[2]) == costs[1:3]
        assert metrics.usage.read("acme", FIRST, LAST) == usage


def test_a_reader_whose_clock_is_behind_finds_the_month_that_a_writer_folded(metrics: Metrics, clock: Clock) -> None:
    metrics.costs.put("acme", [cost(day) for day in OCTOBER])
    clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    metrics.costs.fold("acme")
    clock.now -= timedelta(hours=23)
    assert metrics.costs.read("acme", OCTOBER[3], LAST) == [cost(OCTOBER[3])]


@pytest.mark.parametrize("late", [timedelta(minutes=1), timedelta(days=1, minutes=1), timedelta(days=9)])
def test_days_that_come_in_after_their_months_end_are_all_there(metrics: Metrics, clock: Clock, late: timedelta) -> None:
    metrics.costs.put("acme", [cost(day) for day in OCTOBER])
    clock.now += late
    metrics.costs.put("acme", [cost(OCTOBER[3], 2), cost(date(2026, 10, 5)), cost(date(2026, 11, 1))], gone=[OCTOBER[0]])
    clock.now += timedelta(days=2)
    metrics.costs.fold("acme")
    found = metrics.costs.read("acme", FIRST, LAST)
    assert found == [cost(OCTOBER[1]), cost(date(2026, 10, 5)), cost(OCTOBER[2]), cost(OCTOBER[3], 2), cost(date(2026, 11, 1))]
    assert [day.restated for day in found] == [False, False, False, True, False]


def test_a_writer_whose_clock_is_behind_keeps_to_the_months_item(metrics: Metrics, client: Any, clock: Clock) -> None:
    metrics.costs.put("acme", [cost(day) for day in OCTOBER])
    clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    metrics.costs.fold("acme")
    clock.now -= timedelta(hours=23)
    metrics.costs.put("acme", [cost(OCTOBER[2], 2)])
    assert keys(client) == ["cost#2026-10"]
    assert metrics.costs.read("acme", OCTOBER[2], OCTOBER[2]) == [cost(OCTOBER[2], 2)]


def test_a_month_that_says_the_same_is_not_touched_and_wins_over_days_left_over(metrics: Metrics, client: Any, clock: Clock) -> None:
    metrics.costs.put("acme", [cost(day) for day in OCTOBER])
    left = client.scan(TableName=TABLE)["Items"]
    clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    metrics.costs.put("acme", [cost(OCTOBER[3], 2)])
    folded = client.scan(TableName=TABLE)["Items"]
    client.put_item(TableName=TABLE, Item=next(item for item in left if item["timestamp"]["S"] == "cost#2026-10-31"))
    assert metrics.costs.read("acme", OCTOBER[3], LAST) == [cost(OCTOBER[3], 2)]
    clock.now = datetime(2026, 11, 9, tzinfo=UTC)
    metrics.costs.put("acme", [cost(OCTOBER[3], 2)])
    metrics.costs.fold("acme")
    assert client.scan(TableName=TABLE)["Items"] == folded


def test_what_was_said_before_is_told_as_of_then_out_of_a_folded_month(metrics: Metrics, clock: Clock) -> None:
    metrics.costs.put("acme", [cost(day) for day in OCTOBER])
    then = clock.now
    clock.now = datetime(2026, 11, 2, tzinfo=UTC)
    metrics.costs.put("acme", [cost(OCTOBER[2], 2)])
    assert metrics.costs.read("acme", FIRST, LAST, as_of=then) == [cost(day) for day in OCTOBER]
    assert metrics.costs.read("acme", OCTOBER[2], OCTOBER[2]) == [cost(OCTOBER[2], 2)]
