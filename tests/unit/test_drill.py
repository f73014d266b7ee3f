"""Hours by an index are the hours of the table, and where an index is behind, the table's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.period import DAY, HOUR, Window
from chalicelib.domain.usage import Sample, UsageBucket, by_place, hour_buckets, merge, select
from chalicelib.usecases.answers.drill import hours_of

START = datetime(2026, 11, 1, tzinfo=UTC)
WINDOW = Window(START, START + 4 * DAY)
THROUGH = START + 3 * DAY + 5 * HOUR
SCOPES = ("1/us-east-1", "1/eu-west-1")


@dataclass
class Hours:
    """A store that notes whether its table or an index was asked; `behind` are hours that its indexes don't have yet."""

    hours: list[UsageBucket]
    behind: set[datetime] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def read(self, customer_id: str, window: Window, consistent: bool = True) -> list[UsageBucket]:
        self.asked.append("table")
        return [hour for hour in self.hours if window.start <= hour.start < window.end]

    def of_service(self, customer_id: str, service: str, window: Window) -> list[UsageBucket]:
        return self._places("service", 0, service, window)

    def of_region(self, customer_id: str, region: str, window: Window) -> list[UsageBucket]:
        return self._places("region", 1, region, window)

    def _places(self, index: str, part: int, name: str, window: Window) -> list[UsageBucket]:
        self.asked.append(index)
        inside = [hour for hour in self.hours if window.start <= hour.start < window.end and hour.start not in self.behind]
        return [bucket for hour in inside for place, bucket in by_place(hour).items() if place[part] == name]


@pytest.fixture
def hours() -> list[UsageBucket]:
    numbers = Random(5)
    samples = [
        Sample(hour, metric, service, region, "1", Decimal(numbers.randrange(10**6)) / 100)
        for hour in Window(START, THROUGH).hours()
        for metric in ("api_calls", "storage_gb")
        for service in ("AWS Lambda", "Amazon S3")
        for region in ("us-east-1", "eu-west-1")
        if numbers.random() < 0.7
    ]
    return hour_buckets(samples, Window(START, THROUGH), SCOPES)


def asked(store: Hours, selection: Selection, **change: Any) -> list[UsageBucket]:
    days = [merge([h for h in store.hours if h.start.date() == day], datetime.combine(day, START.timetz())) for day in WINDOW.days()]
    return hours_of(store, "acme", WINDOW, selection, [select(day, selection) for day in days], True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection", "index"),
    [
        (Selection(service=("AWS Lambda",)), "service"),
        (Selection(region=("eu-west-1",)), "region"),
        (Selection(service=("Amazon S3",), region=("us-east-1",)), "service"),
        (Selection(service=("nobody's",)), "service"),
    ],
)
def test_whole_days_come_from_an_index_and_the_rest_from_the_table(hours: list[UsageBucket], selection: Selection, index: str) -> None:
    store = Hours(hours)
    assert asked(store, selection) == [select(hour, selection) for hour in hours]
    assert store.asked == [index, "table"]


@pytest.mark.parametrize("selection", [Selection(), Selection(account=("1",)), Selection(service=("AWS Lambda", "Amazon S3"))])
def test_what_no_index_answers_comes_from_the_table(hours: list[UsageBucket], selection: Selection) -> None:
    store = Hours(hours)
    assert asked(store, selection) == [select(hour, selection) for hour in hours]
    assert store.asked == ["table"]


def test_an_index_that_is_behind_is_not_believed(hours: list[UsageBucket]) -> None:
    store = Hours(hours, behind={START + 30 * HOUR})
    selection = Selection(service=("AWS Lambda",))
    assert asked(store, selection) == [select(hour, selection) for hour in hours]
    assert store.asked == ["service", "table"]


def test_days_that_were_not_wholly_read_come_from_the_table(hours: list[UsageBucket]) -> None:
    store = Hours([hour for hour in hours if hour.start != START + timedelta(hours=3)])
    selection = Selection(service=("AWS Lambda",))
    assert asked(store, selection) == [select(hour, selection) for hour in store.hours]
    assert store.asked == ["table"]
