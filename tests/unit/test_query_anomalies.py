"""The answer to a question about anomalies: one read of the store, thresholds as asked, nothing said of what isn't known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.rates import MARKUP, Plan, Rates
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.anomalies import anomaly_answer
from chalicelib.usecases.questions.anomalies import anomaly_question
from tests.fakes import FakeDays
from tests.unit.test_budgets import NOW as BUDGETS_NOW
from tests.unit.test_budgets import spending

NOW = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
LAMBDA, EC2 = "AWS Lambda", "Amazon Elastic Compute Cloud"
USAGE = {EC2: 100, LAMBDA: 20}


def ago(days: int) -> date:
    return NOW.date() - timedelta(days=days)


def day_of(day: date, currency: str = "USD", **amounts: object) -> CostDay:
    lines = [
        CostLine("1", service, "us-east-1", "Compute", "AWS", "Usage", currency, Decimal(str(amount)), Decimal(str(amount)), None)
        for service, amount in {**USAGE, **amounts}.items()
    ]
    return CostDay.of(day, lines, [], day.month == NOW.month, ("cost_explorer",))


@dataclass
class Store:
    """Costs alone; notes what was read."""

    days: FakeDays = field(default_factory=FakeDays)
    reads: list[tuple[str, date, date]] = field(default_factory=list)

    @property
    def costs(self) -> Store:
        return self

    def read(self, customer_id: str, first: date, last: date, consistent: bool = True, as_of: datetime | None = None) -> list[CostDay]:
        self.reads.append((customer_id, first, last))
        return self.days.read(customer_id, first, last)


@pytest.fixture
def store() -> Store:
    known = {ago(back): day_of(ago(back)) for back in range(100, 0, -1)}
    known[ago(9)], known[ago(12)] = day_of(ago(9), **{EC2: 260}), day_of(ago(12), **{LAMBDA: 35})
    return Store(FakeDays(known))


def answer(store: Any, **parameters: str) -> Any:
    question = anomaly_question({name: [value] for name, value in parameters.items()}, NOW)
    return anomaly_answer(store, "acme", question, CustomerStatus("generation", {}), NOW)


def test_the_window_and_eight_weeks_before_it_are_read_at_once(store: Store) -> None:
    answer(store, period="30d")
    assert store.reads == [("acme", ago(29 + 56), ago(0))]


def test_an_entry_says_what_was_expected_and_where_it_comes_from(store: Store) -> None:
    found = answer(store)
    assert [(entry["day"], entry["service"]) for entry in found["anomalies"]] == [(str(ago(9)), EC2), (str(ago(12)), LAMBDA)]
    assert found["anomalies"][0] == {
        "day": str(ago(9)),
        "service": EC2,
        "expected": 100,
        "actual": 260,
        "impact": 160,
        "percent": 160,
        "estimated": True,
        "causes": [{"account": "1", "region": "us-east-1", "impact": 160}],
    }
    assert (found["found"], found["total_impact"], found["days_checked"], found["currency"]) == (2, 175, 29, "USD")
    assert (found["coverage"]["days_present"], found["coverage"]["days_expected"]) == (29, 29)


def test_top_shows_the_largest_and_counts_all(store: Store) -> None:
    found = answer(store, top="1")
    assert (len(found["anomalies"]), found["found"], found["total_impact"]) == (1, 2, 175)


def test_thresholds_are_as_asked_and_told(store: Store) -> None:
    assert answer(store, floor="15")["found"] == 1
    assert answer(store, percent="75.5")["found"] == 1
    found = answer(store, floor="14.99", percent="74")
    assert (found["found"], found["definition"]["floor"], found["definition"]["percent"]) == (2, Decimal("14.99"), 74)


def test_filters_look_only_at_what_they_let_through(store: Store) -> None:
    assert [entry["service"] for entry in answer(store, service=LAMBDA)["anomalies"]] == [LAMBDA]
    assert answer(store, account="2")["anomalies"] == []


def test_where_nothing_could_be_looked_at_the_impact_is_unknown() -> None:
    found = answer(Store())
    assert (found["total_impact"], found["days_checked"], found["currency"], found["anomalies"]) == (None, 0, None, [])
    unknown = answer(Store(FakeDays({ago(back): day_of(ago(back)) for back in range(100, 0, -1)})), cost="list")
    assert (unknown["total_impact"], unknown["days_checked"]) == (None, 0)


def test_a_drop_of_yesterday_is_still_coming_in_and_one_long_ago_is_not(store: Store) -> None:
    store.days.found[ago(1)], store.days.found[ago(3)] = day_of(ago(1), **{EC2: 5}), day_of(ago(3), **{EC2: 5})
    assert [entry["day"] for entry in answer(store, service=EC2)["anomalies"] if entry["impact"] < 0] == [str(ago(3))]


def test_two_currencies_must_be_chosen_from(store: Store) -> None:
    store.days.found[ago(40)] = day_of(ago(40), currency="EUR")
    with pytest.raises(InvalidInput) as refused:
        answer(store)
    assert [name for name, _ in refused.value.problems] == ["currency"]
    assert answer(store, currency="USD")["found"] == 2


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"floor": ["-1"]}, "floor"),
        ({"floor": ["1e3"]}, "floor"),
        ({"floor": ["NaN"]}, "floor"),
        ({"floor": [""]}, "floor"),
        ({"floor": ["1", "2"]}, "floor"),
        ({"floor": ["1" * 16]}, "floor"),
        ({"percent": ["25%"]}, "percent"),
        ({"percent": ["٣"]}, "percent"),
        ({"percent": ["1.00000000001"]}, "percent"),
        ({"period": ["24h"]}, "period"),
        ({"start": ["2026-01-01T06:00:00Z"], "end": ["2026-01-02"]}, "start"),
        ({"cost": ["net"]}, "cost"),
        ({"top": ["0"]}, "top"),
        ({"granularity": ["day"]}, "granularity"),
        ({"breakdown": ["service"]}, "breakdown"),
        ({"as_of": ["2026-11-01"]}, "as_of"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(parameters: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        anomaly_question(parameters, NOW)
    assert [name for name, _ in refused.value.problems] == [field]


def test_a_new_price_is_no_anomaly() -> None:
    books = spending("100", days=90)
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 11, 1), MARKUP, Decimal(80)),)))
    question = anomaly_question({"start": ["2026-11-01"], "end": ["2026-11-20"]}, BUDGETS_NOW)
    answer: Any = anomaly_answer(books, "acme", question, books.status("acme"), BUDGETS_NOW)  # type: ignore[arg-type]
    assert (answer["found"], answer["days_checked"]) == (0, 19)
