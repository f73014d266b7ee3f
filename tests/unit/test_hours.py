"""Hour after hour with accounts that fail for a while: the others are always read up to now, and nothing stays missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import HOUR, Window, hour_floor
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.usecases.aggregation.aggregate import forever
from chalicelib.usecases.aggregation.usage import LONGEST, read_hours, read_usage
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
