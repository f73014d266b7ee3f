"""Statements close: their lines sum to the total, what is shared is shared whole, and what changes later stands in the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.customer import UNALLOCATED, Customer
from chalicelib.domain.errors import NotFound
from chalicelib.domain.exact import add
from chalicelib.domain.period import DAY, next_month
from chalicelib.domain.rates import EXCLUDED, MARKUP, SHARED, Plan, Rates
from chalicelib.domain.statement import Statements, charges, rounded, shared_out, smallest_unit
from chalicelib.usecases.billing.closing import Closings, close_month, forget_shares
from chalicelib.usecases.billing.payer_wide import payer_wide
from chalicelib.usecases.billing.statements import draft, statement_answer, statements_answer
from tests.fakes import FakeBooks, FakeDirectory

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=9)
Books = Callable[[], FakeBooks]


def cost(service: str, amount: str, kind: str = "Usage", account: str = "1") -> CostLine:
    return CostLine(account, service, "us-east-1", "", "AWS", kind, "USD", Decimal(amount), Decimal(amount), None)


def month_of(first: date, *lines: CostLine, estimated: bool = False) -> list[CostDay]:
    """The lines on the first day, and nothing on the others."""
    days = (next_month(first) - first).days
    held = [lines if number == 0 else () for number in range(days)]
    return [CostDay.of(first + number * DAY, some, totals_of(some), estimated, ("s",)) for number, some in enumerate(held)]


def customer(name: str, disabled: bool = False) -> Customer:
    return Customer(name, name.title(), (), "x", NOW - timedelta(days=90), disabled)


def said(books: FakeBooks, name: str, plan: Plan) -> None:
    books.change(name, Rates, lambda held: (held or Rates()).with_plan(plan))


def shown(books: FakeBooks, name: str, month: date) -> Any:
    return statement_answer(books, name, month, books.status(name), NOW)  # type: ignore[arg-type]


def close(books: FakeBooks, month: date, *names: str, at: datetime = NOW) -> dict[str, Any]:
    return dict(close_month(FakeDirectory([customer(name) for name in names]), books, month, at))  # type: ignore[arg-type]


@given(
    st.dictionaries(st.sampled_from(("usage", "tax", "credits")), st.dictionaries(st.sampled_from("abcd"), MONEY, max_size=4), max_size=3),
    st.dictionaries(st.sampled_from(("support", "tax")), MONEY, max_size=2),
    st.none() | st.decimals(min_value=0, max_value=10**6, places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from(("USD", "JPY", "KWD")),
)
def test_a_statements_lines_sum_to_its_rounded_total_or_its_minimum(
    parts: dict[str, dict[str, Decimal]], shares: dict[str, Decimal], minimum: Decimal | None, currency: str
) -> None:
    lines = charges(Plan(OCTOBER, minimum=minimum, currency=currency), currency, dict(parts), shares)  # type: ignore[arg-type]
    exact = rounded(add([*(amount for named in parts.values() for amount in named.values()), *shares.values()]), currency)
    assert add(line.amount for line in lines) == max(exact, exact if minimum is None else rounded(minimum, currency))
    assert all(line.amount % smallest_unit(currency) == 0 for line in lines)
    assert all(abs(line.amount) <= 10 * smallest_unit(currency) for line in lines if line.kind == "rounding")


@given(MONEY, st.dictionaries(st.sampled_from("abcdefg"), MONEY, min_size=1, max_size=7), st.sampled_from(("USD", "JPY")))
def test_what_is_shared_out_is_all_of_it_and_as_near_to_the_weights_as_can_be(
    pool: Decimal, weights: Mapping[str, Decimal], currency: str
) -> None:
    shares, unit = shared_out(pool, weights, currency), smallest_unit(currency)
    positive = {name: weight for name, weight in weights.items() if weight > 0}
    assert add(shares.values()) == (rounded(pool, currency) if positive else 0)
    for name, weight in positive.items():
        exact = rounded(pool, currency) * weight / sum(positive.values())
        assert abs(shares.get(name, Decimal(0)) - exact) <= unit + Decimal("1e-12")
    assert shares.keys() <= positive.keys()


def test_a_currency_is_rounded_to_its_own_smallest_unit_half_to_even_and_exactly() -> None:
    assert [str(rounded(Decimal("1234.5"), currency)) for currency in ("JPY", "KWD", "USD")] == ["1234", "1234.500", "1234.50"]
    assert [rounded(Decimal(text), "USD") for text in ("0.005", "0.015", "-0.025")] == [0, Decimal("0.02"), Decimal("-0.02")]
    assert rounded(Decimal("1" * 40 + ".005"), "USD") == Decimal("1" * 40)


def lines_of(plan: Plan, parts: dict[str, str], currency: str = "USD") -> list[tuple[str, str, str]]:
    found = charges(plan, currency, {"usage": {name: Decimal(amount) for name, amount in parts.items()}}, {})
    return [(line.kind, line.name, str(line.amount)) for line in found]


def test_what_rounding_each_line_leaves_has_a_line_without_a_name() -> None:
    lines = lines_of(Plan(OCTOBER), {"a": "0.004", "b": "0.004"})
    assert lines == [("usage", "a", "0.00"), ("usage", "b", "0.00"), ("rounding", "", "0.01")]


def test_a_minimum_is_made_up_to_in_its_own_currency_and_only_where_the_charges_are_below_it() -> None:
    plan = Plan(OCTOBER, minimum=Decimal("10.004"))
    assert lines_of(plan, {"a": "9.99"}) == [("usage", "a", "9.99"), ("minimum", "", "0.01")]
    assert lines_of(plan, {"a": "10.00"}) == [("usage", "a", "10.00")]
    assert lines_of(plan, {"a": "1"}, "EUR") == [("usage", "a", "1.00")]


def test_shares_go_to_the_largest_remainders_in_whole_units_of_the_currency() -> None:
    weights = {"a": Decimal(1), "b": Decimal(2), "c": Decimal(3), "d": Decimal(-9)}
    assert shared_out(Decimal("0.10"), weights, "USD") == {"a": Decimal("0.02"), "b": Decimal("0.03"), "c": Decimal("0.05")}
    assert shared_out(Decimal(10), weights, "JPY") == {"a": 2, "b": 3, "c": 5}
    assert shared_out(Decimal("10.6"), weights, "JPY") == {"a": 2, "b": 4, "c": 5}
    assert shared_out(Decimal(1), {"a": Decimal(1), "b": Decimal(1)}, "JPY") == {"a": 1}
    assert shared_out(Decimal("0.03"), {"a": Decimal(1), "b": Decimal(6)}, "USD") == {"b": Decimal("0.03")}


def test_a_credit_is_shared_out_as_what_it_takes_away() -> None:
    weights = {"a": Decimal(1), "b": Decimal(2)}
    assert shared_out(Decimal("-1.00"), weights, "USD") == {"a": Decimal("-0.33"), "b": Decimal("-0.67")}
    assert shared_out(Decimal("0.004"), weights, "USD") == {}


def test_a_months_statement_is_open_then_closed_and_what_comes_later_is_in_the_next_one() -> None:
    books = FakeBooks()
    books.put("acme", month_of(SEPTEMBER, cost("S3", "100.004"), cost("Tax", "7.1", "Tax"), estimated=True))
    assert shown(books, "acme", SEPTEMBER)["status"] == "open"
    close(books, SEPTEMBER, "acme")
    closed = shown(books, "acme", SEPTEMBER)
    assert (closed["status"], closed["statements"][0]["total"], closed["statements"][0]["estimated"]) == ("closed", Decimal("107.1"), True)
    books.put("acme", month_of(SEPTEMBER, cost("S3", "90.5"), cost("Tax", "7.1", "Tax")))
    books.put("acme", month_of(OCTOBER, cost("S3", "50")))
    assert shown(books, "acme", SEPTEMBER) == closed
    october = shown(books, "acme", OCTOBER)["statements"][0]
    assert {(line["kind"], line["name"]): line["amount"] for line in october["lines"]} == {
        ("usage", "S3"): Decimal(50),
        ("restatement", "2026-09"): Decimal("-9.5"),
    }
    assert (october["charges"], october["restatements"], october["total"]) == (Decimal(50), Decimal("-9.5"), Decimal("40.5"))
    close(books, OCTOBER, "acme")
    books.put("acme", month_of(date(2026, 11, 1), cost("S3", "1")))
    november = shown(books, "acme", date(2026, 11, 1))["statements"][0]
    assert november["restatements"] == 0, "a change is stated once"
    listed = statements_answer(books, "acme", None, books.status("acme"), NOW)  # type: ignore[arg-type]
    assert [(one["month"], one["total"]) for one in listed["statements"]] == [("2026-10", Decimal("40.5")), ("2026-09", Decimal("107.1"))]  # type: ignore[attr-defined]


def test_closing_again_changes_nothing() -> None:
    books = FakeBooks()
    books.put("acme", month_of(OCTOBER, cost("S3", "10")))
    first = close(books, OCTOBER, "acme")
    books.put("acme", month_of(OCTOBER, cost("S3", "20")))
    assert close(books, OCTOBER, "acme", at=NOW + DAY) == first


def test_a_month_with_unknown_days_isnt_closed() -> None:
    books = FakeBooks()
    books.put("acme", month_of(OCTOBER, cost("S3", "10"))[:-2])
    assert close(books, OCTOBER, "acme") == {"acme": "2 days are unknown"}
    assert shown(books, "acme", OCTOBER)["status"] == "open"


def test_a_customer_that_came_after_the_month_isnt_waited_for() -> None:
    books = FakeBooks()
    books.put("acme", month_of(OCTOBER, cost("S3", "10")))
    new = replace(customer("new"), since=NOW)
    done = dict(close_month(FakeDirectory([customer("acme"), new]), books, OCTOBER, NOW))  # type: ignore[arg-type]
    assert done.keys() == {"acme"}
    books.put("new", month_of(OCTOBER, cost("S3", "10")))
    done = dict(close_month(FakeDirectory([new]), books, OCTOBER, NOW))  # type: ignore[arg-type]
    assert done.keys() == {"new"}, "what it brought of before counts"


def test_a_month_that_hasnt_begun_has_no_statement() -> None:
    with pytest.raises(NotFound):
        shown(FakeBooks(), "acme", date(2026, 12, 1))


def test_markup_minimum_and_excluded_kinds_make_the_charges_and_the_margin_is_for_the_operator() -> None:
    books = FakeBooks()
    said(books, "acme", Plan(SEPTEMBER, MARKUP, Decimal(10), minimum=Decimal(500), rules=(("tax", EXCLUDED),)))
    books.put("acme", month_of(OCTOBER, cost("S3", "200"), cost("Tax", "14", "Tax")))
    (statement,) = close(books, OCTOBER, "acme")["acme"]
    assert {line.kind: line.amount for line in statement.lines} == {"usage": 220, "minimum": 280}
    assert (statement.total, statement.paid, statement.margin) == (500, 214, 286)
    answer = shown(books, "acme", OCTOBER)
    assert "214" not in str(answer)
    assert "286" not in str(answer)


def test_support_is_shared_by_usage_to_the_cent_and_nobody_elses_cost_is_told() -> None:
    books = FakeBooks()
    for name, usage in (("acme", "300"), ("bora", "100"), ("own", "1000")):
        books.put(name, month_of(OCTOBER, cost("S3", usage)))
        if name != "own":
            said(books, name, Plan(OCTOBER, rules=(("support", SHARED),)))
    books.put("bora", month_of(OCTOBER, cost("S3", "100"), cost("AWS Support (Business)", "20.01", "Purchase")))
    books.put(UNALLOCATED, month_of(OCTOBER, cost("AWS Support (Business)", "80", "Purchase", "payer")))
    done = close(books, OCTOBER, "acme", "bora", "own")
    shares = {name: [line.amount for line in found[0].lines if line.kind == "shared"] for name, found in done.items()}
    assert shares == {"acme": [Decimal("75.01")], "bora": [Decimal("25.00")], "own": []}
    assert shown(books, "acme", date(2026, 11, 1))["to_be_shared"] == ["support"]


def sharing(*names: str) -> FakeBooks:
    """Customers that share what support the payer has."""
    books = FakeBooks()
    for name in names:
        said(books, name, Plan(OCTOBER, rules=(("support", SHARED),)))
    books.put(UNALLOCATED, month_of(OCTOBER, cost("AWS Support (Business)", "80", "Purchase")))
    return books


def test_what_is_shared_waits_until_everybodys_usage_is_known() -> None:
    books = sharing("acme", "late")
    books.put("acme", month_of(OCTOBER, cost("S3", "300")))
    books.put("late", month_of(OCTOBER, cost("S3", "100"))[:-1])
    books.put("alone", month_of(OCTOBER, cost("S3", "1")))
    done = close(books, OCTOBER, "acme", "late", "alone")
    assert (done["acme"], done["late"]) == ("somebody that it shares with has days or amounts that are unknown", "1 days are unknown")
    assert done["alone"][0].total == 1
    books.put("late", month_of(OCTOBER, cost("S3", "100")))
    done = close(books, OCTOBER, "acme", "late", "alone")
    assert {name: found[0].total for name, found in done.items()} == {"acme": 360, "late": 120, "alone": 1}


def test_shares_stay_as_they_were_first_worked_out_however_often_closing_is_cut_off() -> None:
    books = sharing("acme", "late")
    books.put("acme", month_of(OCTOBER, cost("S3", "300")))
    books.put("late", month_of(OCTOBER, cost("S3", "100")))
    change = books.change

    def cut_off(customer_id: str, kind: Any, to: Any) -> Any:
        if customer_id == "late":
            raise RuntimeError("out of time")
        return change(customer_id, kind, to)

    books.change = cut_off  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        close(books, OCTOBER, "acme", "late")
    books.change = change  # type: ignore[method-assign]
    books.put("late", month_of(OCTOBER, cost("S3", "900")))
    (statement,) = close(books, OCTOBER, "acme", "late")["late"]
    assert [line.amount for line in statement.lines if line.kind == "shared"] == [Decimal("20.00")]


def test_what_comes_late_in_a_currency_of_its_own_is_stated_in_it() -> None:
    books = FakeBooks()
    books.put("acme", month_of(SEPTEMBER))
    (nothing,) = close(books, SEPTEMBER, "acme")["acme"]
    assert (nothing.currency, nothing.total, nothing.lines) == ("USD", 0, ())
    euros = CostLine("1", "S3", "", "", "AWS", "Usage", "EUR", Decimal(77), Decimal(77), None)
    books.put("acme", month_of(SEPTEMBER, cost("S3", "90"), euros))
    books.put("acme", month_of(OCTOBER))
    done = {one.currency: one for one in close(books, OCTOBER, "acme")["acme"]}
    assert {currency: [(line.kind, line.amount) for line in one.lines] for currency, one in done.items()} == {
        "EUR": [("restatement", 77)],
        "USD": [("restatement", 90)],
    }


def test_a_month_without_a_line_has_its_minimum() -> None:
    books = FakeBooks()
    said(books, "acme", Plan(SEPTEMBER, minimum=Decimal(250)))
    books.put("acme", month_of(OCTOBER))
    assert [one.total for one in close(books, OCTOBER, "acme")["acme"]] == [250]


def test_an_unknown_amount_leaves_the_month_open_and_is_named() -> None:
    books = FakeBooks()
    books.put("acme", month_of(OCTOBER, replace(cost("S3", "1"), billed=None), cost("EC2", "3")))
    assert close(books, OCTOBER, "acme") == {"acme": "amounts in USD are unknown"}


def test_what_is_shared_waits_where_an_amount_of_it_is_unknown() -> None:
    books = sharing("acme")
    books.put(UNALLOCATED, month_of(OCTOBER, replace(cost("AWS Support (Business)", "80", "Purchase"), billed=None)))
    books.put("acme", month_of(OCTOBER, cost("S3", "300")))
    assert close(books, OCTOBER, "acme") == {"acme": "somebody that it shares with has days or amounts that are unknown"}
    assert books.get(UNALLOCATED, Closings) is None


def test_what_is_shared_at_cost_leaves_no_margin() -> None:
    books = sharing("acme", "bora")
    for name in ("acme", "bora"):
        books.put(name, month_of(OCTOBER, cost("S3", "100"), cost("AWS Support (Business)", "10", "Purchase")))
    done = close(books, OCTOBER, "acme", "bora")
    assert [(found[0].total, found[0].paid, found[0].margin) for found in done.values()] == [(150, 150, 0), (150, 150, 0)]


def test_of_two_months_closed_from_old_drafts_one_states_the_change() -> None:
    books = FakeBooks()
    august = date(2026, 8, 1)
    for month in (august, SEPTEMBER, OCTOBER):
        books.put("acme", month_of(month, cost("S3", "100")))
    close(books, august, "acme")
    books.put("acme", month_of(august, cost("S3", "130")))
    old = draft(books, "acme", OCTOBER, books.status("acme"), NOW)  # type: ignore[arg-type]
    close(books, SEPTEMBER, "acme")
    restated = [line for one in old.stated(books.get("acme", Statements)) for line in one.lines if line.kind == "restatement"]
    assert restated == []


def test_a_disabled_customers_whole_last_month_is_closed() -> None:
    books = FakeBooks()
    books.put("gone", month_of(OCTOBER, cost("S3", "5")))
    gone = FakeDirectory([customer("gone", disabled=True)])
    assert [one.total for one in dict(close_month(gone, books, OCTOBER, NOW))["gone"]] == [5]  # type: ignore[arg-type,union-attr]
    assert dict(close_month(gone, books, date(2026, 11, 1), NOW)) == {}  # type: ignore[arg-type]


def test_a_month_whose_days_are_gone_restates_nothing() -> None:
    books = FakeBooks()
    books.put("acme", month_of(SEPTEMBER, cost("S3", "100")))
    close(books, SEPTEMBER, "acme")
    del books.costs.found["acme"][SEPTEMBER]
    books.put("acme", month_of(OCTOBER, cost("S3", "50")))
    assert shown(books, "acme", OCTOBER)["statements"][0]["restatements"] == 0


def test_customers_and_nobody_are_the_payer() -> None:
    books = FakeBooks()
    books.put("acme", month_of(OCTOBER, cost("S3", "10.5")))
    books.put("gone", month_of(OCTOBER, cost("S3", "2")))
    books.put(UNALLOCATED, month_of(OCTOBER, cost("S3", "0.25")))
    directory = FakeDirectory([customer("acme"), customer("gone", disabled=True)])
    (row,) = payer_wide(directory, books, OCTOBER)  # type: ignore[arg-type]
    assert (row.customers, row.unallocated, row.payer, row.difference) == (Decimal("12.5"), Decimal("0.25"), Decimal("12.75"), 0)
    short = replace(row, payer=Decimal(13))
    assert short.difference == Decimal("-0.25")


def test_a_customer_that_is_erased_is_forgotten_in_what_was_shared_out_and_the_others_shares_stay() -> None:
    books = sharing("acme", "borealis")
    for name in ("acme", "borealis"):
        books.put(name, month_of(OCTOBER, cost("S3", "100")))
    close(books, OCTOBER, "acme", "borealis")
    held = books.get(UNALLOCATED, Closings)
    assert held is not None
    assert held.shares["2026-10"].keys() == {"acme", "borealis"}
    assert forget_shares(books, "borealis") == 1  # type: ignore[arg-type]
    left = books.get(UNALLOCATED, Closings)
    assert left is not None
    assert left.shares == {"2026-10": {"acme": held.shares["2026-10"]["acme"]}}
    assert forget_shares(books, "borealis") == 0  # type: ignore[arg-type]
