"""Hour after hour with accounts that fail for a while: the others are always read up to now, and nothing stays missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import HOUR, Window, hour_floor, midnight
from chalicelib.domain.reading import UsageReading
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.usecases.aggregation.aggregate import forever
from chalicelib.usecases.aggregation.usage import LATE, LONGEST, OVERLAP, read_hours, read_late, read_usage, recent_regions
from tests.fakes import FakeCloudWatch, FakeMetrics, collaborators

START = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
CUSTOMER = Customer("acme", "Acme", (Account("1"), Account("2")), "external", START)


class Hours:
    """A clock that goes on by hours, and what it drives."""

    def __init__(self, down: dict[str, Window]) -> None:
        self.now = START
        self.metrics = FakeMetrics(lambda: self.now, timedelta(days=90))
        self.source = FakeCloudWatch(lambda: self.now, down)
        self.with_ = collaborators(self.metrics, self.source)

    def run(self, count: int, skipped: range = range(0)) -> None:
        for number in range(count):
            self.now = START + number * HOUR
            end = hour_floor(self.now)
            if number not in skipped:
                read_hours(self.with_, CUSTOMER, end, forever)

    def covered(self, account: str) -> set[datetime]:
        return {start for start, bucket in self.metrics.hours.found.items() if f"{account}/us-east-1" in bucket.covered}


def expected(until: datetime) -> set[datetime]:
    return set(Window(hour_floor(START) - 3 * HOUR, hour_floor(until)).hours())


@pytest.mark.parametrize("failing", [1, 5, 60, 400])
def test_a_failing_account_holds_no_other_up_and_is_caught_up_when_it_answers(failing: int) -> None:
    hours = Hours({"2": Window(START + 10 * HOUR, START + (10 + failing) * HOUR)})
    hours.run(10 + failing)
    state = hours.metrics.sources[CLOUDWATCH]
    assert (state.state, state.data_through) == ("partial", hour_floor(hours.now))
    assert hours.covered("1") == expected(hours.now)
    hours.run(10 + failing + 2)
    assert hours.covered("2") == hours.covered("1") == expected(hours.now)
    state = hours.metrics.sources[CLOUDWATCH]
    assert (state.state, state.failing_since) == ("ok", None)
    assert hours.source.longest <= LONGEST + timedelta(days=1)


@pytest.mark.parametrize("outage", [3, 72, 400])
def test_an_outage_of_everything_is_caught_up_and_skips_no_hour(outage: int) -> None:
    hours = Hours({})
    hours.run(outage + 30, skipped=range(10, 10 + outage))
    assert hours.covered("1") == expected(hours.now)
    assert hours.metrics.sources[CLOUDWATCH].data_through == hour_floor(hours.now)


def test_a_customer_without_accounts_has_no_data_and_fails_nobody() -> None:
    hours = Hours({})
    state = read_usage(hours.with_, replace(CUSTOMER, accounts=()), Window(hour_floor(START) - 3 * HOUR, hour_floor(START)), START)
    assert (state.state, state.failures) == ("no_data", (("", "NoAccounts"),))


def test_where_nothing_can_be_read_the_source_fails_from_where_it_was_complete() -> None:
    everything = {account: Window(START + 10 * HOUR, START + 20 * HOUR) for account in ("1", "2")}
    hours = Hours(everything)
    hours.run(15)
    state = hours.metrics.sources[CLOUDWATCH]
    assert (state.state, state.data_through, len(state.failures)) == ("failing", hour_floor(START) + 9 * HOUR, 2)
    told = read_usage(hours.with_, CUSTOMER, Window(hour_floor(START) - 240 * HOUR, hour_floor(START) - 200 * HOUR), hours.now)
    assert (told.failures, hours.metrics.sources[CLOUDWATCH]) == (state.failures, state), "an old window moves nothing"
    hours.run(25)
    assert hours.covered("1") == hours.covered("2") == expected(hours.now)


def test_an_account_that_answers_again_is_caught_up_while_another_still_fails() -> None:
    hours = Hours({"1": Window(START + 5 * HOUR, START + 40 * HOUR), "2": Window(START + 10 * HOUR, START + 20 * HOUR)})
    three = replace(CUSTOMER, accounts=(*CUSTOMER.accounts, Account("3")))
    for number in range(30):
        hours.now = START + number * HOUR
        read_hours(hours.with_, three, hour_floor(hours.now), forever)
    assert hours.covered("2") == hours.covered("3") == expected(hours.now)
    state = hours.metrics.sources[CLOUDWATCH]
    assert (state.state, [scope for scope, _ in state.failures]) == ("partial", ["1/us-east-1"])


def test_what_was_missed_and_still_cannot_be_had_is_looked_for_again() -> None:
    hours = Hours({"2": Window(START + 10 * HOUR, START + 40 * HOUR)})
    hours.run(40)
    real, refusing = hours.source.read, True

    def of_old_windows_nothing(customer: Customer, window: Window, *more: Any) -> UsageReading:
        reading = real(customer, window, *more)
        old = refusing and window.end < hour_floor(hours.now)
        return UsageReading((), frozenset({"1/us-east-1"}), (("2/us-east-1", "Throttled"),)) if old else reading

    hours.source.read = of_old_windows_nothing  # type: ignore[method-assign]
    hours.run(43)
    state = hours.metrics.sources[CLOUDWATCH]
    assert (state.state, state.failures) == ("partial", (("2/us-east-1", "Throttled"),))
    assert hours.covered("2") != expected(hours.now)
    refusing = False
    hours.run(45)
    assert hours.covered("2") == expected(hours.now)


def test_a_worker_out_of_time_goes_on_where_it_stopped() -> None:
    hours = Hours({})
    hours.run(3)
    hours.now = START + 100 * HOUR
    end, done = hour_floor(hours.now), []
    while not (done and done[-1]):
        done.append(read_hours(hours.with_, CUSTOMER, end, lambda: 0.0))
    assert done == [False] * 4 + [True]
    assert hours.covered("1") == expected(hours.now)


def test_hours_come_late_and_are_looked_for_two_weeks_back() -> None:
    hours = Hours({})
    hours.run(20)
    before = hours.metrics.sources[CLOUDWATCH]
    read_late(hours.with_, CUSTOMER, hour_floor(hours.now))
    assert hours.source.longest == LATE - OVERLAP
    assert hours.metrics.sources[CLOUDWATCH].data_through == before.data_through


def test_hours_of_an_account_before_it_was_the_customers_are_not_kept() -> None:
    hours = Hours({})
    since = START.date() - timedelta(days=1)
    late = replace(CUSTOMER, accounts=(Account("1"), Account("2", since=since)))
    read_usage(hours.with_, late, Window(midnight(since) - 24 * HOUR, hour_floor(START)), START)
    assert min(hours.covered("1")) == midnight(since) - 24 * HOUR
    assert min(hours.covered("2")) == midnight(since)
    none = replace(CUSTOMER, accounts=(Account("1", since=since), Account("2", since=since)))
    other = Hours({})
    read_usage(other.with_, none, Window(midnight(since) - 24 * HOUR, hour_floor(START)), START)
    assert min(other.covered("1")) == midnight(since)


def test_regions_are_those_in_which_an_account_had_a_cost_lately() -> None:
    hours = Hours({})
    lines = [CostLine("1", "S3", region, "", "", "Usage", "USD", *([Decimal(1)] * 3)) for region in ("us-east-1", "eu-west-1")]
    day = START.date() - timedelta(days=10)
    hours.metrics.costs.found[day] = CostDay.of(day, lines, [], False, ("s",))
    asked = recent_regions(hours.with_, CUSTOMER, Window(hour_floor(START) - 3 * HOUR, hour_floor(START)))
    assert asked == {"1": {"us-east-1", "eu-west-1"}}


def test_reading_an_old_window_again_leaves_how_far_the_source_is() -> None:
    hours = Hours({"2": Window(START + 10 * HOUR, START + 1000 * HOUR)})
    hours.run(20)
    before = hours.metrics.sources[CLOUDWATCH]
    old = Window(hour_floor(START) - 240 * HOUR, hour_floor(START) - 200 * HOUR)
    told = read_usage(hours.with_, CUSTOMER, old, hours.now)
    assert told.failures == (("2/us-east-1", "AccessDenied"),)
    assert hours.covered("1") >= set(old.hours())
    after = hours.metrics.sources[CLOUDWATCH]
    assert (after.data_through, after.failing_since, after.state) == (before.data_through, before.failing_since, before.state)
