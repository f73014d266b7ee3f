"""A budget is held against what is settled, and tells once a month what it has to tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.budget import ACTUAL, FORECAST, Budget, BudgetEvent, Budgets, BudgetState, Threshold
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.period import DAY
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.usecases.billing.budget_request import BudgetBody, ThresholdBody, budget_of
from chalicelib.usecases.billing.budgets import MOST_BUDGETS, budgets_answer, check_budgets, delete_budget, put_budget
from tests.fakes import FakeBooks

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONEY = st.decimals(min_value="0.01", max_value=10**6, places=4, allow_nan=False, allow_infinity=False)


def day_of(day: date, amount: str, service: str = "S3") -> CostDay:
    line = CostLine("1", service, "us-east-1", "", "AWS", "Usage", "USD", Decimal(amount), Decimal(amount), None)
    return CostDay.of(day, [line], [], True, ("s",))


def spending(amount: str, days: int = 60, until: datetime = NOW) -> FakeBooks:
    """The same amount a day, up to yesterday."""
    books = FakeBooks()
    books.put("acme", [day_of(until.date() - ago * DAY, amount) for ago in range(days, 0, -1)])
    return books


def add(books: FakeBooks, budget_id: str = "1", **members: Any) -> Budget:
    body = BudgetBody(**{"name": "all", "amount": Decimal(300), **members})
    return put_budget(books, "acme", budget_of(body, budget_id, "key:1", NOW), existing=False)  # type: ignore[arg-type]


def shown(books: FakeBooks, now: datetime = NOW) -> Any:
    return budgets_answer(books, "acme", None, books.status("acme"), now)["budgets"]  # type: ignore[arg-type]


def check(books: FakeBooks, now: datetime = NOW) -> list[tuple[Decimal, str]]:
    return [(event.threshold.percent, event.threshold.of) for event in check_budgets(books, "acme", now)]  # type: ignore[arg-type]


def test_a_months_actual_and_forecast_are_held_against_the_budget() -> None:
    books = spending("10")
    add(books)
    (told,) = shown(books)
    assert (told["actual"], told["forecast"], told["remaining"], told["used_percent"]) == (240, 300, 60, 80)
    assert told["state"] == "ok"
    assert [(one["percent"], one["of"], one["crossed"]) for one in told["thresholds"]] == [
        (80, ACTUAL, True),
        (100, ACTUAL, False),
        (100, FORECAST, True),
    ]


def test_a_threshold_tells_once_a_month_and_again_in_the_next() -> None:
    books = spending("10")
    add(books)
    assert check(books) == [(80, ACTUAL), (100, FORECAST)]
    assert check(books) == []
    books.put("acme", [day_of(date(2026, 11, 25) + number * DAY, "20") for number in range(5)])
    assert check(books, NOW + 5 * DAY) == [(100, ACTUAL)]
    books.put("acme", [day_of(date(2026, 11, 30) + number * DAY, "20") for number in range(20)])
    assert check(books, NOW + 25 * DAY) == [(80, ACTUAL), (100, ACTUAL), (100, FORECAST)]
    (told,) = shown(books, NOW + 25 * DAY)
    assert [(event["month"], event["percent"]) for event in told["events"]][:3] == [("2026-11", 80), ("2026-11", 100), ("2026-11", 100)]


def test_without_budgets_nothing_is_read() -> None:
    books = spending("10")
    assert check(books) == []
    assert books.costs.reads == 0


def test_a_scope_narrows_what_counts() -> None:
    books = FakeBooks()
    lines = [
        CostLine("1", service, "", "", "AWS", kind, "USD", Decimal(10), Decimal(10), None, {"team": team} if team else {})
        for service, kind, team in (("S3", "Usage", "web"), ("S3", "Tax", ""), ("EC2", "Usage", "web"), ("S3", "Usage", ""))
    ]
    books.put("acme", [CostDay.of(date(2026, 11, 2), lines, [], False, ("s",))])
    add(books, "1", scope={"service": ["S3"], "charges": ["usage"]})
    add(books, "2", scope={"tag:team": ["web"]}, name="web")
    assert [(one["scope"], one["actual"]) for one in shown(books)] == [
        ({"service": ["S3"], "charges": ["usage"]}, 20),
        ({"tag:team": ["web"]}, 20),
    ]


def test_a_month_of_which_nothing_is_known_is_unknown_and_tells_nothing() -> None:
    books = spending("10", until=NOW - timedelta(days=40))
    add(books)
    (told,) = shown(books)
    assert (told["actual"], told["state"], told["used_percent"]) == (None, "unknown", None)
    assert (80, ACTUAL) not in check(books)


def test_a_months_last_day_tells_though_it_comes_in_the_next_month() -> None:
    books = spending("10", until=datetime(2026, 12, 1, tzinfo=UTC))
    books.put("acme", [day_of(date(2026, 11, 30), "10")])
    add(books)
    first = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
    told = check_budgets(books, "acme", first)  # type: ignore[arg-type]
    assert (date(2026, 11, 1), 100, ACTUAL) in {(event.month, event.threshold.percent, event.threshold.of) for event in told}
    made_now = budget_of(BudgetBody("new", Decimal(1)), "2", "key:1", first)
    put_budget(books, "acme", made_now, existing=False)  # type: ignore[arg-type]
    later = check_budgets(books, "acme", first + DAY)  # type: ignore[arg-type]
    assert all(event.month == date(2026, 12, 1) for event in later), "a new budget tells nothing of the month before it"


def test_a_budget_that_was_changed_meanwhile_tells_nothing_of_what_it_was() -> None:
    books = spending("10")
    add(books)
    seen = books.get("acme", Budgets)
    change = books.change

    def changed_first(customer_id: str, kind: Any, to: Any) -> Any:
        wanted = budget_of(BudgetBody("all", Decimal(5000)), "1", "key:2", NOW)
        change(customer_id, kind, lambda held: held.with_budget(wanted))
        return change(customer_id, kind, to)

    books.change = changed_first  # type: ignore[method-assign]
    assert check(books) == []
    assert seen != books.get("acme", Budgets)
    assert books.get("acme", Budgets).events == ()


def test_what_cant_be_told_is_unknown_and_never_within_its_budget() -> None:
    books = FakeBooks()
    line = CostLine("1", "S3", "", "", "AWS", "Usage", "USD", Decimal(10), Decimal(10), None)
    books.put("acme", [CostDay.of(date(2026, 11, 2), [line], [], False, (COST_EXPLORER,))])
    add(books, "1", scope={"tag:team": ["web"]})
    add(books, "2", currency="EUR", name="euros")
    assert [(one["actual"], one["forecast"], one["state"]) for one in shown(books)] == [(None, None, "unknown")] * 2
    assert check(books) == []


def test_a_replaced_budget_keeps_who_made_it_and_what_it_told() -> None:
    books = spending("10")
    add(books)
    check(books)
    wanted = budget_of(BudgetBody("half", Decimal(150)), "1", "key:2", NOW + DAY)
    kept = put_budget(books, "acme", wanted, existing=True)  # type: ignore[arg-type]
    assert (kept.name, kept.created_by, kept.created_at) == ("half", "key:1", NOW)
    assert len(shown(books)[0]["events"]) == 2
    with pytest.raises(NotFound):
        put_budget(books, "acme", budget_of(BudgetBody("x", Decimal(1)), "2", "key:2", NOW), existing=True)  # type: ignore[arg-type]


def test_a_deleted_budget_is_gone_with_what_it_told() -> None:
    books = spending("10")
    add(books)
    check(books)
    delete_budget(books, "acme", "1")  # type: ignore[arg-type]
    assert books.get("acme", Budgets) == Budgets()
    with pytest.raises(NotFound):
        delete_budget(books, "acme", "1")  # type: ignore[arg-type]


def test_there_is_an_end_to_budgets() -> None:
    books = FakeBooks()
    for number in range(MOST_BUDGETS):
        add(books, str(number))
    with pytest.raises(Conflict):
        add(books, "one more")


def test_one_budget_is_told_by_itself_and_one_that_is_not_there_is_none() -> None:
    books = spending("10")
    add(books)
    add(books, "2", name="other", amount=Decimal(1000))
    told: Any = budgets_answer(books, "acme", "2", books.status("acme"), NOW)  # type: ignore[arg-type]
    assert (told["customer_id"], told["name"], told["remaining"]) == ("acme", "other", 760)
    with pytest.raises(NotFound):
        budgets_answer(books, "acme", "3", books.status("acme"), NOW)  # type: ignore[arg-type]


@given(MONEY, MONEY, MONEY, st.decimals(min_value="0.1", max_value=500, places=2, allow_nan=False, allow_infinity=False))
def test_a_threshold_is_crossed_exactly_where_its_percent_is_reached(
    amount: Decimal, actual: Decimal, ahead: Decimal, percent: Decimal
) -> None:
    thresholds = (Threshold(percent), Threshold(percent, FORECAST))
    budget = Budget("1", "x", amount, "USD", "billed", Selection(), thresholds, NOW, "")
    crossed = BudgetState(budget, date(2026, 11, 1), actual, ahead).crossed()
    assert (thresholds[0] in crossed) == (actual * 100 >= amount * percent)
    assert (thresholds[1] in crossed) == (ahead * 100 >= amount * percent)


BAD: dict[str, dict[str, Any]] = {
    "name": {"name": "  "},
    "amount": {"amount": Decimal(0)},
    "amount ": {"amount": Decimal("NaN")},
    "amount  ": {"amount": Decimal("1E+400")},
    "amount   ": {"amount": Decimal("1E-400")},
    "currency": {"currency": "dollars"},
    "cost": {"cost": "list"},
    "thresholds": {"thresholds": []},
    "thresholds ": {"thresholds": [ThresholdBody(Decimal(-1))]},
    "thresholds  ": {"thresholds": [ThresholdBody(Decimal(1), "tomorrow")]},
    "scope.planet": {"scope": {"planet": ["earth"]}},
    "scope.service": {"scope": {"service": []}},
    "scope.tag:": {"scope": {"tag:": ["x"]}},
    "scope.charges": {"scope": {"charges": ["tax"]}},
    "scope": {"scope": {f"tag:{number}": ["x" * 300] for number in range(40)}},
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_budget_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        budget_of(BudgetBody(**{"name": "x", "amount": Decimal(1), **BAD[name]}), "1", "key:1", NOW)
    assert [field for field, _ in refused.value.problems] == [name.strip()]


MONTH = date(2026, 11, 1)


def budget(budget_id: str = "1", *thresholds: Threshold) -> Budget:
    return Budget(budget_id, budget_id, Decimal("1000.00"), "EUR", "billed", Selection(), thresholds, NOW, "key:1")


def event(budget_id: str = "1", month: date = MONTH) -> BudgetEvent:
    return BudgetEvent(budget_id, month, Threshold(Decimal(80)), Decimal(800), NOW)


def test_a_budget_goes_with_what_it_told_and_leaves_the_others_theirs() -> None:
    held = Budgets((budget("1"), budget("2")), (event("1"), event("2")))
    assert held.without("1") == Budgets((budget("2"),), (event("2"),))
    assert held.with_budget(budget("1", Threshold(Decimal(50)))).events == held.events


def test_what_was_told_is_kept_for_thirteen_months() -> None:
    last, gone, now = event(month=date(2025, 11, 1)), event(month=date(2025, 10, 1)), event(month=MONTH)
    assert Budgets(events=(gone, last)).told([now]).events == (last, now)


def test_percents_used_are_of_what_was_and_of_what_is_expected() -> None:
    state = BudgetState(budget(), MONTH, Decimal(200), Decimal(1500))
    assert (state.used(ACTUAL), state.used(FORECAST)) == (20, 150)
    assert BudgetState(budget(), MONTH, None, Decimal(1500)).used(ACTUAL) is None


def test_a_threshold_is_reached_at_its_percent_to_the_last_digit_and_never_by_what_is_unknown() -> None:
    at, above = Threshold(Decimal("80.0")), Threshold(Decimal("80.001"))
    assert BudgetState(budget("1", at, above), MONTH, Decimal("800.00"), None).crossed() == [at]
    assert BudgetState(budget("1", at), MONTH, Decimal("799.99"), Decimal(9999)).crossed() == []
    ahead = Threshold(Decimal(80), FORECAST)
    assert BudgetState(budget("1", at, ahead), MONTH, None, None).crossed() == []
    assert BudgetState(budget("1", at, ahead), MONTH, Decimal(0), Decimal(800)).crossed() == [ahead]


def test_an_event_tells_the_amount_that_crossed_and_the_budget_as_it_is() -> None:
    actual, ahead = Threshold(Decimal(80)), Threshold(Decimal(100), FORECAST)
    told = BudgetState(budget("1", actual, ahead), MONTH, Decimal(900), Decimal(1100)).events(NOW)
    assert told == [
        BudgetEvent("1", MONTH, actual, Decimal(900), NOW, Decimal(1000), "EUR"),
        BudgetEvent("1", MONTH, ahead, Decimal(1100), NOW, Decimal(1000), "EUR"),
    ]
