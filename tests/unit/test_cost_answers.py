"""Whatever the lines: parts are wholes, breakdowns of one window agree, halves make the window, and no number is a float."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.cost import CostDay, CostLine, add_lines, totals_of
from chalicelib.domain.errors import BreakdownUnavailable, InvalidInput
from chalicelib.domain.exact import ZERO, add
from chalicelib.domain.period import DAY, midnight
from chalicelib.domain.rates import MARKUP, PRO_FORMA, Plan, Rates
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, OK, CustomerStatus, SourceState
from chalicelib.usecases.answers.costs import cost_answer
from chalicelib.usecases.answers.reconciled import NO_TOTAL
from chalicelib.usecases.questions.costs import cost_question
from tests.fakes import FakeBooks

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIRST, COUNT = date(2026, 11, 1), 12
NAMES = st.sampled_from(["", "a", "b", "=1+1", "a / b"])
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=11)
KINDS = st.sampled_from(["Usage", "Tax", "Credit", "Purchase", "Adjustment"])
TAGS = st.sampled_from([{}, {"team": "web"}, {"team": "data", "env": "x"}])
LINES = st.lists(st.builds(CostLine, NAMES, NAMES, NAMES, NAMES, NAMES, KINDS, st.just("USD"), MONEY, MONEY, MONEY, TAGS), max_size=4)
DAYS = st.lists(LINES, min_size=COUNT, max_size=COUNT)
DIMENSIONS = ("service", "region", "account", "category", "provider", "tag:team", "service,region", "tag:env,account")


def books_of(days: list[list[CostLine]]) -> FakeBooks:
    books = FakeBooks()
    lines = [add_lines(some) for some in days]
    books.put("acme", [CostDay.of(FIRST + n * DAY, some, totals_of(some), n > 5, (FOCUS_EXPORT,)) for n, some in enumerate(lines)])
    return books


def ask(books: FakeBooks, start: int = 0, end: int = COUNT, **parameters: str) -> Any:
    state = SourceState(FOCUS_EXPORT, OK, NOW, midnight(FIRST + COUNT * DAY), NOW)
    status = CustomerStatus("g", {FOCUS_EXPORT: state}, None, books.status("acme").choices)
    window = {"start": [str(FIRST + start * DAY)], "end": [str(FIRST + end * DAY)]}
    question = cost_question({**window, **{name: [value] for name, value in parameters.items()}}, NOW)
    return cost_answer(books, "acme", question, status, NOW)  # type: ignore[arg-type]


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, int | float | Decimal) else []


@settings(max_examples=12, deadline=None)
@given(DAYS, st.sampled_from(("billed", "effective", "list")), st.integers(1, COUNT - 1), st.integers(1, 3))
def test_parts_are_wholes_and_halves_make_the_window(days: list[list[CostLine]], basis: str, middle: int, top: int) -> None:
    books = books_of(days)
    expected = add(line.amount(basis) or ZERO for some in days for line in some)
    halves = [ask(books, 0, middle, cost=basis)["total"], ask(books, middle, COUNT, cost=basis)["total"]]
    assert add(halves) == expected
    for by in DIMENSIONS:
        answer = ask(books, cost=basis, breakdown=by, top=str(top))
        assert answer["total"] == expected
        assert add(answer["breakdown"].values()) == expected
        assert add(answer["charges"].values()) == expected
        assert add(entry["amount"] for entry in answer["series"]) == expected
        assert answer["reconciliation"]["difference"] == 0
        assert not [number for number in numbers(answer) if isinstance(number, float)]


@settings(max_examples=12, deadline=None)
@given(DAYS)
def test_a_filter_gives_just_its_line_of_the_breakdown(days: list[list[CostLine]]) -> None:
    books = books_of(days)
    for by in ("service", "region", "account", "category", "provider", "tag:team"):
        parts = ask(books, breakdown=by)["breakdown"]
        assert {name: ask(books, **{by: name})["total"] for name in parts} == parts
    usage, everything = ask(books, charges="usage"), ask(books)
    assert usage["total"] == everything["charges"].get("Usage", 0)


@settings(max_examples=12, deadline=None)
@given(DAYS, st.integers(1, COUNT // 2), st.sampled_from(DIMENSIONS), st.none() | st.integers(1, 3))
def test_a_change_is_the_difference_of_its_windows_and_of_its_lines(
    days: list[list[CostLine]], length: int, by: str, top: int | None
) -> None:
    books = books_of(days)
    more = {"top": str(top)} if top else {}
    start = COUNT - length
    change = ask(books, start, COUNT, breakdown=by, compare="previous", **more)["change"]
    now, then = ask(books, start, COUNT)["total"], ask(books, start - length, start)["total"]
    assert (change["previous_total"], change["amount"]) == (then, now - then)
    assert add(line["amount"] for line in change["lines"]) == change["amount"]
    assert add(line["current"] for line in change["lines"]) == now
    named = ask(books, start, COUNT, compare=f"{FIRST + (start - length) * DAY}/{FIRST + start * DAY}")["change"]
    assert (named["amount"], named["previous_total"]) == (change["amount"], then)


@settings(max_examples=12, deadline=None)
@given(DAYS, st.decimals(-50, 100, places=2, allow_nan=False, allow_infinity=False), st.sampled_from(("billed", "effective")))
def test_at_other_rates_parts_are_wholes_and_the_difference_stays_the_payers(
    days: list[list[CostLine]], percent: Decimal, basis: str
) -> None:
    books = books_of(days)
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 1, 1), MARKUP, percent),)))
    answer = ask(books, cost=basis, breakdown="region")
    usage = add(line.amount(basis) or ZERO for some in days for line in some if line.charge_category in ("Usage", "Adjustment"))
    others = add(line.amount(basis) or ZERO for some in days for line in some if line.charge_category not in ("Usage", "Adjustment"))
    assert answer["total"] == add([usage * (100 + percent) / 100, others])
    assert add(answer["breakdown"].values()) == answer["total"] == answer["reconciliation"]["lines_total"]
    assert answer["reconciliation"]["difference"] == 0
    assert answer["rate_basis"] == MARKUP


def test_of_a_change_at_a_new_price_the_prices_part_is_told() -> None:
    books = FakeBooks()
    line = CostLine("1", "S3", "", "", "", "Usage", "USD", Decimal(10), Decimal(10), None)
    days = [date(2026, 10, 27) + number * DAY for number in range(10)]
    books.put("acme", [CostDay.of(day, [line], totals_of([line]), False, (FOCUS_EXPORT,)) for day in days])
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 11, 1), MARKUP, Decimal(20)),)))
    window = {"start": ["2026-11-01"], "end": ["2026-11-06"]}
    state = SourceState(FOCUS_EXPORT, OK, NOW, midnight(date(2026, 11, 6)), NOW)
    status = CustomerStatus("g", {FOCUS_EXPORT: state}, None, books.status("acme").choices)
    answer: Any = cost_answer(books, "acme", cost_question(window, NOW), status, NOW)  # type: ignore[arg-type]
    assert (answer["change"]["amount"], answer["change"]["price_effect"]) == (10, 10)
    assert "markup" in answer["reconciliation"]["invoice_note"]
    wide: Any = cost_answer(books, "acme", cost_question({"start": ["2026-10-27"], "end": ["2026-11-06"]}, NOW), status, NOW)  # type: ignore[arg-type]
    assert "changed within this window" in wide["reconciliation"]["invoice_note"]
    assert ask(books_of([[line]] * COUNT), 6, COUNT)["change"]["price_effect"] == 0


def test_without_a_known_day_everything_is_null_and_says_so() -> None:
    answer = ask(FakeBooks())
    assert (answer["total"], answer["currency"], answer["estimated"], answer["breakdown"], answer["charges"]) == (None, None, None, {}, {})
    assert answer["change"]["amount"] is None
    assert answer["forecast"]["amount"] is None
    assert answer["reconciliation"]["reason"]


def test_days_that_cost_nothing_are_0_and_not_unknown() -> None:
    answer = ask(books_of([[]] * COUNT), 6, COUNT)
    assert (answer["total"], answer["change"]["amount"], answer["reconciliation"]["difference"]) == (0, 0, 0)
    assert answer["reconciliation"]["reason"] is None
    books = books_of([[]] * COUNT)
    euro = CostLine("1", "S3", "", "", "", "Usage", "EUR", Decimal(1), Decimal(1), None)
    both = [euro, CostLine("1", "S3", "", "", "", "Usage", "USD", Decimal(1), Decimal(1), None)]
    books.put("acme", [CostDay.of(FIRST, both, totals_of(both), False, (FOCUS_EXPORT,))])
    assert ask(books, 6, COUNT)["change"]["amount"] is None, "two currencies before are no number"


def test_costs_of_an_earlier_instant_are_refused_at_rates_that_may_have_been_others() -> None:
    books = books_of([[]] * COUNT)
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 1, 1), PRO_FORMA),)))
    with pytest.raises(InvalidInput, match="as_of"):
        ask(books, as_of="2026-11-20")
    assert ask(books)["total"] == 0


def chosen_tags(*keys: str) -> FakeBooks:
    books = books_of([[CostLine("1", "S3", "", "", "", "Usage", "USD", Decimal(1), Decimal(1), None, {"team": "web", "env": "x"})]] * COUNT)
    books.change("acme", CustomerSettings, lambda held: CustomerSettings(keys))
    return books


def test_a_tag_that_was_not_chosen_is_refused_where_tags_were_chosen() -> None:
    books = chosen_tags("team")
    assert ask(books, breakdown="tag:team")["breakdown"] == {"web": COUNT}
    for parameters, field in (({"breakdown": "tag:env"}, "breakdown"), ({"tag:env": "x"}, "tag:env")):
        with pytest.raises(BreakdownUnavailable, match=field):
            ask(books, **parameters)
    assert ask(chosen_tags(), breakdown="tag:env")["breakdown"] == {"x": COUNT}, "none chosen is any"


def test_tags_that_a_source_of_the_window_gives_none_of_are_refused_by_what_asks_for_them() -> None:
    books = chosen_tags()
    books.put("acme", [CostDay.of(FIRST, [], [], False, (COST_EXPLORER,))])
    with pytest.raises(BreakdownUnavailable) as refused:
        ask(books, breakdown="tag:team", **{"tag:env": "x"})
    assert [name for name, _ in refused.value.problems] == ["tag:env", "breakdown"]


def test_a_source_that_gives_no_total_of_a_part_is_no_difference_and_says_so() -> None:
    line = CostLine("1", "S3", "", "", "", "Usage", "USD", Decimal(1), Decimal(1), None)
    books = books_of([[line]] * COUNT)
    books.put(
        "acme",
        [CostDay.of(FIRST, [line], totals_of([CostLine("1", "S3", "", "", "", "Usage", "USD", None, None, None)]), False, (FOCUS_EXPORT,))],
    )
    told = ask(books)["reconciliation"]
    assert (told["lines_total"], told["source_total"], told["difference"]) == (COUNT, None, None)
    assert told["reason"] == NO_TOTAL


def test_tags_of_a_window_that_cost_explorer_told_are_refused_and_of_the_time_before_unknown() -> None:
    books = books_of([[CostLine("1", "S3", "", "", "", "Usage", "USD", Decimal(1), Decimal(1), None, {"team": "web"})]] * COUNT)
    books.put("acme", [CostDay.of(FIRST, [], [], False, (COST_EXPLORER,))])
    answer = ask(books, 6, COUNT, breakdown="tag:team", compare="previous")
    assert (answer["total"], answer["change"]["amount"], answer["change"]["lines"]) == (6, None, None)
