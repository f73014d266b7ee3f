"""Usage as it is answered, and what a unit of it costs: nothing is told of hours that nobody read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.errors import BreakdownUnavailable
from chalicelib.domain.period import DAY, HOUR, Window, midnight
from chalicelib.domain.state import CLOUDWATCH, FOCUS_EXPORT, OK, PARTIAL, CustomerStatus, SourceState
from chalicelib.domain.usage import Sample, hour_buckets, merge
from chalicelib.usecases.answers.unit import unit_answer
from chalicelib.usecases.answers.usage import usage_answer
from chalicelib.usecases.questions.costs import unit_question
from chalicelib.usecases.questions.usage import usage_question
from tests.fakes import Clock, FakeBooks, FakeMetrics

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
TODAY = midnight(NOW.date())
KEPT = timedelta(days=14)
SCOPES = ("1/global", "1/us-east-1")


def read(store: Any, since: datetime, until: datetime, calls: int = 10, scopes: tuple[str, ...] = SCOPES) -> None:
    """Puts hours and days in which Lambda ran an hour each hour and API Gateway was called so often."""
    samples = [
        sample
        for hour in Window(since, until).hours()
        for sample in (
            Sample(hour, "api_calls", "Amazon API Gateway", "us-east-1", "1", Decimal(calls)),
            Sample(hour, "compute_hours", "AWS Lambda", "us-east-1", "1", Decimal(1)),
        )
    ]
    hours = hour_buckets(samples, Window(since, until), scopes)
    store.hours.found |= {hour.start: hour for hour in hours}
    days = {hour.start.date() for hour in hours}
    kept = store.hours.found.values()
    store.usage.found |= {day: merge([hour for hour in kept if hour.start.date() == day], midnight(day)) for day in days}


def known(until: datetime = TODAY, days: int = 8, failures: tuple[tuple[str, str], ...] = ()) -> FakeMetrics:
    store = FakeMetrics(Clock(NOW), KEPT)
    read(store, until - days * DAY, until)
    store.sources[CLOUDWATCH] = SourceState(CLOUDWATCH, PARTIAL if failures else OK, NOW, until, NOW, failures)
    return store


def usage(store: FakeMetrics, **parameters: str) -> Any:
    question = usage_question({name: [value] for name, value in parameters.items()}, NOW)
    return usage_answer(store, "acme", question, store.status("acme"), NOW)  # type: ignore[arg-type]


WEEK = {"start": "2026-11-18", "end": "2026-11-25"}
DAYS_3 = {"start": "2026-11-22", "end": "2026-11-25"}


def test_usage_has_no_tags() -> None:
    with pytest.raises(BreakdownUnavailable, match="breakdown"):
        usage(known(), breakdown="tag:team")


def test_a_week_is_the_sum_of_its_days_and_what_was_not_read_is_null() -> None:
    told = usage(known(), **WEEK)
    assert (told["metrics"]["api_calls"], told["metrics"]["storage_gb"]) == (7 * 24 * 10, 0)
    assert [entry["api_calls"] for entry in told["series"]] == [240] * 7
    assert told["breakdown"]["api_calls"] == {"Amazon API Gateway": 1680}
    nothing = usage(FakeMetrics(Clock(NOW), KEPT), **WEEK)
    assert (nothing["metrics"]["api_calls"], nothing["breakdown"]["api_calls"], nothing["data_through"]) == (None, {}, None)
    assert (nothing["coverage"]["hours_expected"], nothing["coverage"]["sources"]) == (None, [])


def test_a_trend_is_against_the_same_length_before_and_none_where_that_was_not_read() -> None:
    store = known()
    read(store, TODAY - 6 * DAY, TODAY - 3 * DAY, calls=5)
    assert usage(store, **DAYS_3)["trends"]["api_calls_change"] == 100
    assert usage(store, **WEEK)["trends"]["api_calls_change"] is None


def test_a_day_that_is_under_way_is_compared_by_hours_as_long_as_they_are_kept() -> None:
    store = known(NOW)
    read(store, TODAY, NOW, calls=20)
    told = usage(store, start="2026-11-24", end="2026-11-26")
    assert told["trends"]["api_calls_change"] == round(Decimal(6 * 10) / (30 * 10) * 100, 10)
    store.hours.found.clear()
    assert usage(store, start="2026-11-24", end="2026-11-26")["trends"]["api_calls_change"] == 0, "by the whole day alone"


def test_hours_of_a_part_of_a_day_are_read_as_hours() -> None:
    told = usage(known(NOW), start="2026-11-25T00:00:00Z", end="2026-11-25T06:00:00Z")
    assert (told["metrics"]["api_calls"], [entry["api_calls"] for entry in told["series"]]) == (60, [10] * 6)


def test_whole_days_by_hours_are_told_from_the_hours() -> None:
    told = usage(known(), **DAYS_3, granularity="hour")
    assert [entry["api_calls"] for entry in told["series"]] == [10] * 72


def test_failing_scopes_count_among_the_hours_that_were_expected() -> None:
    coverage = usage(known(failures=(("2/us-east-1", "AccessDenied"),)), **DAYS_3)["coverage"]
    assert (coverage["hours_present"], coverage["hours_expected"]) == (72, 144)
    assert coverage["sources"][0]["failures"] == [{"scope": "2/us-east-1", "reason": "AccessDenied"}]


@pytest.mark.parametrize(
    ("compare", "before"), [("previous", ("2026-11-19", "2026-11-22")), ("2026-11-18/2026-11-20", ("2026-11-18", "2026-11-20"))]
)
def test_a_change_is_explained_line_by_line_against_what_was_asked_for(compare: str, before: tuple[str, str]) -> None:
    change = usage(known(), **DAYS_3, compare=compare)["change"]
    assert change["previous_window"] == {"start": f"{before[0]}T00:00:00Z", "end": f"{before[1]}T00:00:00Z"}
    calls, days = change["metrics"]["api_calls"], (date.fromisoformat(before[1]) - date.fromisoformat(before[0])).days
    assert (calls["previous_total"], calls["amount"]) == (240 * days, 240 * (3 - days))
    assert sum(line["amount"] for line in calls["lines"]) == calls["amount"]


def test_without_anything_to_compare_with_a_change_is_null_and_not_asked_for_there_is_none() -> None:
    change = usage(known(), **DAYS_3, compare="none")["change"]
    assert (change["previous_window"], change["metrics"]["api_calls"]["amount"], change["metrics"]["api_calls"]["lines"]) == (
        None,
        None,
        None,
    )
    assert usage(known(), **DAYS_3)["change"] is None
    unread = usage(known(days=4), **DAYS_3, compare="previous")["change"]["metrics"]["api_calls"]
    assert (unread["previous_total"], unread["amount"], unread["percent"]) == (None, None, None)


def test_hours_are_compared_with_hours() -> None:
    change = usage(known(NOW), start="2026-11-25T02:00:00Z", end="2026-11-25T05:00:00Z", compare="previous")["change"]
    assert change["previous_window"] == {"start": "2026-11-24T23:00:00Z", "end": "2026-11-25T02:00:00Z"}
    assert (change["metrics"]["api_calls"]["previous_total"], change["metrics"]["api_calls"]["amount"]) == (30, 0)


def test_a_window_of_which_no_whole_day_is_over_explains_nothing() -> None:
    change = usage(known(NOW), start="2026-11-25", end="2026-11-26", compare="previous")["change"]
    assert (change["window"]["start"], change["window"]["end"]) == ("2026-11-25T00:00:00Z", "2026-11-25T00:00:00Z")
    assert change["metrics"]["api_calls"]["amount"] is None


# What a unit costs


class Ledgers(FakeBooks):
    """Costs, and days of usage."""

    def __init__(self) -> None:
        super().__init__()
        self.hours = FakeMetrics(Clock(NOW), KEPT).hours


def costing(amount: str | None, service: str = "Amazon API Gateway", kind: str = "Usage", days: int = 3) -> Ledgers:
    books = Ledgers()
    line = CostLine("1", service, "us-east-1", "", "AWS", kind, "USD", *([None if amount is None else Decimal(amount)] * 3))
    first = NOW.date() - days * DAY
    books.put("acme", [CostDay.of(first + number * DAY, [line], totals_of([line]), False, (FOCUS_EXPORT,)) for number in range(days)])
    return books


def unit(books: Ledgers, metric: str, service: str, **parameters: str) -> Any:
    question = unit_question({name: [value] for name, value in {**DAYS_3, **parameters}.items()}, NOW)
    states = {name: SourceState(name, OK, NOW, TODAY - ago * DAY, NOW) for name, ago in ((CLOUDWATCH, 0), (FOCUS_EXPORT, 1))}
    told: Any = unit_answer(books, "acme", question, CustomerStatus("g", states), NOW)  # type: ignore[arg-type]
    (line,) = [one for one in told["units"] if (one["metric"], one["service"]) == (metric, service)]
    return told, line


def test_a_million_calls_cost_what_the_days_cost_over_what_was_called() -> None:
    books = costing("2.40")
    read(books, TODAY - 3 * DAY, TODAY)
    told, line = unit(books, "api_calls", "Amazon API Gateway")
    assert (line["days"], line["amount"], line["used"], line["unit_cost"]) == (3, Decimal("7.2"), 720, 10_000)
    assert (told["currency"], told["coverage"]["days_expected"], told["data_through"]) == ("USD", 3, "2026-11-24T00:00:00Z")


def test_a_day_that_was_not_read_in_every_hour_and_scope_counts_on_neither_side() -> None:
    books = costing("2.40")
    read(books, TODAY - 3 * DAY, TODAY - DAY - HOUR)
    _, line = unit(books, "api_calls", "Amazon API Gateway")
    assert (line["days"], line["amount"], line["used"]) == (1, Decimal("2.4"), 240)
    read(books, TODAY - 3 * DAY, TODAY)
    read(books, TODAY - HOUR, TODAY, scopes=("1/global",))
    assert unit(books, "api_calls", "Amazon API Gateway")[1]["days"] == 2


def test_what_was_not_used_has_no_price_and_what_is_unknown_neither() -> None:
    books = costing("2.40")
    assert unit(books, "api_calls", "Amazon API Gateway")[1]["unit_cost"] is None
    read(books, TODAY - 3 * DAY, TODAY, calls=0)
    _, unused = unit(books, "api_calls", "Amazon API Gateway")
    assert (unused["amount"], unused["used"], unused["unit_cost"]) == (Decimal("7.2"), 0, None)
    unknown = costing(None)
    read(unknown, TODAY - 3 * DAY, TODAY)
    assert unit(unknown, "api_calls", "Amazon API Gateway")[1]["unit_cost"] is None


def test_only_usage_of_the_service_itself_and_of_the_region_that_is_asked_for_counts() -> None:
    books = costing("2.40", kind="Tax")
    read(books, TODAY - 3 * DAY, TODAY)
    assert unit(books, "api_calls", "Amazon API Gateway")[1]["amount"] == 0
    _, elsewhere = unit(books, "compute_hours", "AWS Lambda", region="eu-west-1")
    assert (elsewhere["amount"], elsewhere["used"], elsewhere["unit_cost"]) == (0, 0, None)
