"""What comes late, what was lost and what was missed: found by the daily job, read again, caught up, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.consumption import value
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import DAY, HOUR, Window, iso, midnight
from chalicelib.domain.reading import Registry
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from local.aws import create_reader_role
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED, NOW, Line

ACCOUNT = "700000000001"
LATE = Customer("late", "Late", (Account(ACCOUNT),), "external", NOW)
FIRST, LAST = midnight(CLOSED.date()) - 50 * DAY, CLOSED + 4 * DAY
Items = dict[str, dict[str, Any]]


def put_in(hour: datetime) -> int:
    """How many requests there were: another number for every hour."""
    return int((hour - FIRST) / HOUR) + 1


def api(name: str) -> Any:
    return (ACCOUNT, "us-east-1", "AWS/ApiGateway", "Count", (("ApiName", name),))


def point(hour: datetime, count: float) -> tuple[int, float, float, float, float]:
    return int(hour.timestamp()) + 120, count, count, 1.0, 1.0


@pytest.fixture
def feeds(feeds: Feeds) -> Feeds:
    points = feeds.aws.aws.points
    for metric in [metric for metric in points._series if metric[0] == ACCOUNT]:
        del points._series[metric]
    points.add(api("one"), [point(hour, put_in(hour)) for hour in Window(FIRST, LAST).hours()])
    feeds.aws.without_role(ACCOUNT)
    create_reader_role(ACCOUNT, LATE.external_id)
    feeds.aws.services.customers.put(LATE)
    return feeds


def run(feeds: Feeds, kind: str, end: datetime = CLOSED, start: datetime | None = None) -> None:
    job = {"job": kind, "customer_id": LATE.id, "end": iso(end)}
    feeds.aws.work_off([{**job, "start": iso(start)} if start else job])


def items(feeds: Feeds) -> Items:
    return {item["timestamp"]["S"]: item for item in feeds.aws.scan(tables.METRICS)}


def touched(before: Items, after: Items) -> tuple[set[str], set[str], set[str]]:
    """(new, changed, gone) range keys."""
    same = before.keys() & after.keys()
    return after.keys() - before.keys(), {key for key in same if before[key] != after[key]}, before.keys() - after.keys()


def known(feeds: Feeds, window: Window) -> dict[datetime, Any]:
    return {bucket.start: value(bucket, "api_calls") for bucket in feeds.aws.services.metrics.hours.read(LATE.id, window)}


def read_a_fortnight(feeds: Feeds) -> None:
    run(feeds, "customer")
    run(feeds, "daily")


# Late points


@pytest.mark.parametrize("name", ["one", "never seen before"])
def test_a_point_that_comes_ten_days_late_changes_its_hour_and_its_day_and_nothing_else(feeds: Feeds, name: str) -> None:
    read_a_fortnight(feeds)
    feeds.aws.now += DAY
    run(feeds, "customer", CLOSED + DAY)
    run(feeds, "daily", CLOSED + DAY)
    before = items(feeds)
    hour = CLOSED - 10 * DAY
    day = hour.date()
    feeds.aws.aws.points.add(api(name), [point(hour, 5000)])
    feeds.aws.now += timedelta(minutes=10)
    if name != "one":
        feeds.aws.services.metrics.put_registry(LATE.id, Registry())  # as when metrics are listed next, within six hours
    run(feeds, "daily", CLOSED + DAY)
    new, changed, gone = touched(before, items(feeds))
    assert gone == set()
    assert new == {f"usage-was#{day}#{NOW:%Y-%m-%dT%H:%M:%S.%fZ}"}, "the day as it was said, under when it was said first"
    assert changed - {"registry"} == {
        f"usage-hour#{hour:%Y-%m-%dT%H}",
        f"usage-fine#{hour:%Y-%m-%dT%H}#Amazon API Gateway#us-east-1",
        f"usage#{day}",
        "status",
    }
    assert ("registry" in changed) == (name != "one"), "a new metric is remembered"
    assert known(feeds, Window(hour, hour + HOUR)) == {hour: put_in(hour) + 5000}
    (then,) = feeds.aws.services.metrics.usage.read(LATE.id, day, day, as_of=NOW + HOUR)
    (now,) = feeds.aws.services.metrics.usage.read(LATE.id, day, day)
    whole = sum(put_in(one) for one in Window(midnight(day), midnight(day) + DAY).hours())
    assert (value(then, "api_calls"), value(now, "api_calls")) == (whole, whole + 5000)
    assert (then.restated, now.restated) == (False, True)
    state = feeds.aws.services.metrics.status(LATE.id).sources[CLOUDWATCH]
    assert (state.state, state.data_through) == ("ok", CLOSED + DAY)


def test_a_daily_job_without_late_points_touches_no_number(feeds: Feeds) -> None:
    read_a_fortnight(feeds)
    before = items(feeds)
    feeds.aws.now += timedelta(minutes=30)
    run(feeds, "daily")
    assert touched(before, items(feeds)) in ((set(), set(), set()), (set(), {"status"}, set()))


def test_a_point_of_a_month_in_one_item_changes_that_item_and_keeps_the_days_last_version(feeds: Feeds) -> None:
    hour = midnight(FIRST.date()) + 3 * DAY + 5 * HOUR
    start = midnight(FIRST.date())
    end = start + 7 * DAY
    run(feeds, "customer")
    run(feeds, "usage", end, start)
    before = items(feeds)
    assert f"usage#{hour:%Y-%m}" in before, "the month is long over"
    feeds.aws.aws.points.add(api("one"), [point(hour, 5000)])
    feeds.aws.now += timedelta(minutes=10)
    run(feeds, "usage", end, start)
    new, changed, gone = touched(before, items(feeds))
    assert (new, gone) == ({f"usage-was#{hour.date()}#{NOW:%Y-%m-%dT%H:%M:%S.%fZ}"}, set())
    assert changed == {f"usage#{hour:%Y-%m}", "status"}, "hours that old aren't kept"
    days = feeds.aws.services.metrics.usage.read(LATE.id, hour.date() - 3 * DAY, hour.date() + 3 * DAY)
    assert [day.start.date() for day in days if day.restated] == [hour.date()]


# A state that was lost


@pytest.mark.parametrize("absent", [1, 40])
def test_a_lost_state_costs_work_and_no_numbers(feeds: Feeds, absent: int) -> None:
    end = CLOSED + absent * HOUR
    run(feeds, "customer")
    feeds.aws.services.dynamo.delete(tables.physical_name("local", tables.METRICS.name), {"customer_id": LATE.id, "timestamp": "status"})
    feeds.aws.now = end + timedelta(minutes=5)
    run(feeds, "customer", end)
    whole = Window(CLOSED - 3 * HOUR, end)
    assert known(feeds, whole) == {hour: put_in(hour) for hour in whole.hours()}
    state = feeds.aws.services.metrics.status(LATE.id).sources[CLOUDWATCH]
    assert (state.state, state.data_through) == ("ok", end)


# An outage


class Watching:
    """What a worker has left, asked after every step; it remembers how far the source was then."""

    def __init__(self, feeds: Feeds, seconds: float) -> None:
        self._feeds, self._seconds = feeds, seconds
        self.marks: list[datetime | None] = []

    def __call__(self) -> float:
        self.marks.append(self._feeds.aws.services.metrics.status(LATE.id).sources[CLOUDWATCH].data_through)
        return self._seconds


@pytest.mark.parametrize(("seconds", "runs"), [(50, 1), (9, 3)])
def test_an_outage_of_three_days_is_caught_up_a_day_at_a_time_and_what_a_worker_cannot_finish_is_sent_on(
    feeds: Feeds, seconds: float, runs: int
) -> None:
    end = CLOSED + 3 * DAY
    run(feeds, "customer")
    feeds.aws.now = end + timedelta(minutes=5)
    job = {"job": "customer", "customer_id": LATE.id, "end": iso(end)}
    line, left = Line(), Watching(feeds, seconds)
    with_ = replace(feeds.aws.services.collaborators, queue=line, findings_queue=Line())
    for number in range(runs):
        line.jobs = []
        aggregate.run(with_, job, left)
        assert line.jobs == ([job] if number < runs - 1 else []), "the very job, as long as there is something left"
    assert left.marks == [CLOSED + DAY, CLOSED + 2 * DAY], "each day's watermark stands before the next day is read"
    state = feeds.aws.services.metrics.status(LATE.id).sources[CLOUDWATCH]
    assert (state.state, state.data_through) == ("ok", end)
    whole = Window(CLOSED - 3 * HOUR, end)
    assert known(feeds, whole) == {hour: put_in(hour) for hour in whole.hours()}
    first, last = CLOSED.date() + DAY, end.date() - DAY
    days = feeds.aws.services.metrics.usage.read(LATE.id, first, last)
    assert [value(day, "api_calls") for day in days] == [
        sum(put_in(hour) for hour in Window(midnight(day), midnight(day) + DAY).hours()) for day in (first, last)
    ]


def test_the_next_hours_job_goes_on_where_an_unfinished_one_stopped(feeds: Feeds) -> None:
    run(feeds, "customer")
    end = CLOSED + 3 * DAY
    feeds.aws.now = end + timedelta(minutes=5)
    with_ = replace(feeds.aws.services.collaborators, queue=Line(), findings_queue=Line())
    aggregate.run(with_, {"job": "customer", "customer_id": LATE.id, "end": iso(end)}, lambda: 9)
    feeds.aws.now += HOUR
    run(feeds, "customer", end + HOUR)
    whole = Window(CLOSED - 3 * HOUR, end + HOUR)
    assert known(feeds, whole) == {hour: put_in(hour) for hour in whole.hours()}


def test_a_job_that_comes_days_late_moves_nothing_back(feeds: Feeds) -> None:
    run(feeds, "customer")
    end = CLOSED + DAY
    feeds.aws.now = end + timedelta(minutes=5)
    run(feeds, "customer", end)
    before = items(feeds)
    run(feeds, "customer", CLOSED)
    assert touched(before, items(feeds)) in ((set(), set(), set()), (set(), {"status"}, set()))
    state = feeds.aws.services.metrics.status(LATE.id).sources[CLOUDWATCH]
    assert (state.state, state.data_through) == ("ok", end)
