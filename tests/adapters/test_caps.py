"""At the day's cap a source is named and its numbers stay; Cost Explorer is asked every six hours, at most four times a day."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.period import DAY, HOUR, Window, iso, midnight
from chalicelib.usecases.aggregation import aggregate
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED, NOW, Failing, Line

TOMORROW = midnight(NOW.date()) + DAY
SERIES = "cost_explorer_series"


@pytest.fixture
def cobalt(feeds: Feeds) -> Customer:
    customer = feeds.aws.customers[2]
    feeds.aws.services.customers.put(customer)
    return customer


def spent(feeds: Feeds, source: str) -> int:
    return feeds.aws.services.ledger.spent(feeds.aws.now.date()).get(source, 0)


def cap(feeds: Feeds, source: str, units: int) -> None:
    feeds.use(daily_caps={**feeds.aws.services.settings.daily_caps, source: units})


def hours(feeds: Feeds, customer: Customer, until: datetime) -> list[Any]:
    return feeds.aws.services.metrics.hours.read(customer.id, Window(CLOSED - 3 * HOUR, until))


def costs(feeds: Feeds, customer: Customer) -> list[Any]:
    return feeds.aws.services.metrics.costs.read(customer.id, NOW.date() - timedelta(days=70), NOW.date())


def test_cloudwatch_at_its_cap_is_named_its_numbers_stay_and_the_next_day_misses_no_hour(feeds: Feeds, cobalt: Customer) -> None:
    feeds.hour(NOW)
    before, paid = hours(feeds, cobalt, CLOSED), spent(feeds, "cloudwatch")
    cap(feeds, "cloudwatch", paid)
    for number in (1, 5):
        feeds.hour(NOW + number * HOUR)
        assert feeds.aws.state(cobalt, "cloudwatch") == ("failing", {"DailyCapReached"})
    assert hours(feeds, cobalt, CLOSED + 5 * HOUR) == before
    assert spent(feeds, "cloudwatch") == paid, "what is refused isn't counted"
    assert feeds.aws.state(cobalt, "security_hub")[0] == "ok"
    cap(feeds, "cloudwatch", 5_000_000)
    feeds.hour(TOMORROW + timedelta(minutes=65))
    assert feeds.aws.state(cobalt, "cloudwatch") == ("ok", set())
    found = [bucket.start for bucket in hours(feeds, cobalt, TOMORROW + HOUR)]
    assert found == list(Window(CLOSED - 3 * HOUR, TOMORROW + HOUR).hours())


def test_the_same_cap_lets_the_next_day_go_on(feeds: Feeds, cobalt: Customer) -> None:
    feeds.hour(NOW)
    cap(feeds, "cloudwatch", spent(feeds, "cloudwatch"))
    feeds.hour(NOW + HOUR)
    assert feeds.aws.state(cobalt, "cloudwatch") == ("failing", {"DailyCapReached"})
    feeds.aws.now = TOMORROW + timedelta(minutes=65)
    aggregate.run(feeds.aws.services.collaborators, {"job": "customer", "customer_id": cobalt.id, "end": iso(TOMORROW + HOUR)})
    assert feeds.aws.state(cobalt, "cloudwatch") == ("ok", set())


def test_cost_explorer_at_its_cap_is_named_and_nothing_of_a_series_that_was_cut_off_counts(feeds: Feeds, cobalt: Customer) -> None:
    left = 3
    feeds.hour(NOW)
    before, paid = costs(feeds, cobalt), spent(feeds, "cost_explorer")
    assert before
    cap(feeds, "cost_explorer", paid + left)
    feeds.aws.aws.costs.calls.clear()
    feeds.hour(NOW + 6 * HOUR)
    assert feeds.aws.state(cobalt, "cost_explorer") == ("failing", {"DailyCapReached"})
    assert len(feeds.aws.aws.costs.calls) == left
    assert costs(feeds, cobalt) == before
    assert feeds.aws.state(cobalt, "cloudwatch")[0] == "ok"
    feeds.hour(TOMORROW + timedelta(minutes=5))
    assert feeds.aws.state(cobalt, "cost_explorer") == ("ok", set())
    assert costs(feeds, cobalt)[-1].day == NOW.date()


def ask(feeds: Feeds, end: datetime, times: int = 1) -> Line:
    """The shared job of that hour, so often."""
    line = Line()
    feeds.aws.now = end + timedelta(minutes=5)
    for _ in range(times):
        aggregate.run(replace(feeds.aws.services.collaborators, queue=line), {"job": "costs", "end": iso(end)})
    return line


def series_by_day(feeds: Feeds) -> dict[int, int]:
    """Per day of the month how often a series was begun."""
    days = (NOW.date() + number * DAY for number in range(4))
    found = {day.day: feeds.aws.services.ledger.spent(day).get(SERIES, 0) for day in days}
    return {day: count for day, count in found.items() if count}


def test_cost_explorer_is_asked_every_six_hours_whatever_comes_between_or_twice(feeds: Feeds, cobalt: Customer) -> None:
    asked = []
    for end in Window(TOMORROW, TOMORROW + 26 * HOUR).hours():
        feeds.aws.aws.costs.calls.clear()
        ask(feeds, end, times=2)
        asked += [end.hour] if feeds.aws.aws.costs.calls else []
    assert asked == [0, 6, 12, 18, 0]
    assert series_by_day(feeds) == {5: 4, 6: 1}


def test_cost_explorer_that_fails_is_asked_again_at_most_four_times_a_day(feeds: Feeds, cobalt: Customer) -> None:
    feeds.aws.aws.costs.fail_next("InternalServerException", 1000)
    failures = [ask(feeds, end, times=3).jobs for end in Window(TOMORROW, TOMORROW + 2 * DAY).hours()]
    assert Counter(feeds.aws.aws.costs.calls) == {"GetDimensionValues": 8}
    assert series_by_day(feeds) == {5: 4, 6: 4}
    told = [job for jobs in failures for job in jobs]
    assert {(job["customers"], job["reason"]) for job in told} == {(cobalt.id, "InternalServerException")}


def test_a_store_that_fails_after_each_series_does_not_make_it_asked_for_more_often(feeds: Feeds, cobalt: Customer) -> None:
    def down(**_: Any) -> None:
        raise StoreUnavailable("asked for")

    feeds.aws.on("s3", "before-call.s3.PutObject", down)
    raised = 0
    for end in Window(TOMORROW, TOMORROW + DAY).hours():
        for _ in range(3):
            try:
                ask(feeds, end)
            except StoreUnavailable:
                raised += 1
    assert raised == 4
    assert series_by_day(feeds) == {5: 4}


def test_four_workers_at_once_ask_cost_explorer_no_more_than_the_day_allows(feeds: Feeds, cobalt: Customer) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(feeds, CLOSED), range(8)))
    assert series_by_day(feeds)[NOW.day] <= 4
    assert feeds.aws.services.ledger.done_at("cost_explorer") == CLOSED


def test_a_throttled_ledger_lets_nothing_be_asked(feeds: Feeds, cobalt: Customer) -> None:
    feeds.aws.on("dynamodb", "before-send.dynamodb", Failing(400, "ProvisionedThroughputExceededException", operation="UpdateItem"))
    with pytest.raises(StoreUnavailable):
        ask(feeds, CLOSED)
    assert feeds.aws.aws.costs.calls == []
