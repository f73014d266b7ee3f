"""A change is explained whole: what its lines say sums to it, and every line says whether it came, went or moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.change import CHANGED, NEW, UNCHANGED, VANISHED, drivers, explain
from chalicelib.domain.cost import CostDay, CostLine, SourceTotal, totals_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exact import add, subtract
from chalicelib.domain.names import OTHERS
from chalicelib.domain.period import DAY, Window, midnight
from chalicelib.domain.spend import Chosen, Difference, Reconciliation, by_day, differences, reconcile
from chalicelib.usecases.answers.comparison import ranges, window_before
from chalicelib.usecases.answers.reconciled import FLAGGED, invoice_note, reconciliation
from chalicelib.usecases.questions.costs import cost_question

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=11)
PARTS = st.dictionaries(st.sampled_from("abcdefgh"), MONEY, max_size=8)


@given(PARTS, PARTS, st.none() | st.integers(1, 5))
def test_the_lines_of_a_change_sum_to_it(before: dict[str, Decimal], now: dict[str, Decimal], top: int | None) -> None:
    lines = drivers(explain(dict(before), dict(now)), top)
    assert add(line.amount or Decimal(0) for line in lines) == subtract(add(now.values()), add(before.values()))
    assert add(line.previous or Decimal(0) for line in lines) == add(before.values())
    if top is not None:
        assert len(lines) <= top + 1


@given(PARTS, PARTS)
def test_what_changed_most_comes_first(before: dict[str, Decimal], now: dict[str, Decimal]) -> None:
    sizes = [abs(line.amount or Decimal(0)) for line in explain(dict(before), dict(now))]
    assert sizes == sorted(sizes, reverse=True)


def test_lines_say_whether_they_came_went_or_moved() -> None:
    lines = explain(
        {"gone": Decimal(3), "same": Decimal(1), "more": Decimal(2)}, {"same": Decimal(1), "more": Decimal(5), "new": Decimal(2)}
    )
    assert {line.name: (line.state, line.amount) for line in lines} == {
        "gone": (VANISHED, Decimal(-3)),
        "same": (UNCHANGED, Decimal(0)),
        "more": (CHANGED, Decimal(3)),
        "new": (NEW, Decimal(2)),
    }
    assert {line.name: line.percent for line in lines}["new"] is None


def test_the_others_are_those_beyond_the_first_and_say_whether_they_moved_together() -> None:
    lines = explain({"a": Decimal(9), "b": Decimal(5), "c": Decimal(1)}, {"a": Decimal(1), "b": Decimal(3), "c": Decimal(3)})
    assert drivers(lines, 3) == drivers(lines, None) == lines
    _, others = drivers(lines, 1)
    assert (others.name, others.previous, others.current, others.amount, others.state) == (OTHERS, 6, 6, 0, UNCHANGED)
    _, _, moved = drivers(lines, 2)
    assert (moved.previous, moved.state) == (1, CHANGED)
    unknown = drivers(explain({"a": Decimal(9), "b": None}, {"a": Decimal(1), "b": None}), 1)[-1]
    assert (unknown.previous, unknown.current, unknown.state) == (None, None, CHANGED)


def test_a_line_with_something_unknown_is_unknown_and_last() -> None:
    lines = explain({"a": None, "b": Decimal(1)}, {"a": Decimal(1), "b": Decimal(2)})
    assert [(line.name, line.amount) for line in lines] == [("b", Decimal(1)), ("a", None)]
    assert drivers(explain({"a": None, "b": Decimal(9)}, {"b": Decimal(1)}), 1)[-1].name == OTHERS


def window(first: str, end: str) -> Window:
    return Window(midnight(date.fromisoformat(first)), midnight(date.fromisoformat(end)))


COMPARED = {
    "previous": (None, "2026-11-20", "2026-11-25", "2026-11-25", "2026-11-15/2026-11-20"),
    "previous, partly in": (None, "2026-11-01", "2026-11-30", "2026-11-25", "2026-10-08/2026-11-01"),
    "a year before": ("yoy", "2026-11-01", "2026-11-30", "2026-11-25", "2025-11-01/2025-11-25"),
    "a year before a leap day": ("yoy", "2024-02-29", "2024-03-01", "2024-03-01", "2023-02-28/2023-03-01"),
    "a year before up to a leap day": ("yoy", "2024-02-01", "2024-02-29", "2024-03-01", "2023-02-01/2023-03-01"),
    "a year before the day before a leap day": ("yoy", "2024-02-28", "2024-02-29", "2024-03-01", "2023-02-28/2023-03-01"),
    "a named month, all in": ("2026-09-01/2026-10-01", "2026-10-01", "2026-11-01", "2026-11-25", "2026-09-01/2026-10-01"),
    "a named month, partly in": ("2026-10-01/2026-11-01", "2026-11-01", "2026-12-01", "2026-11-25", "2026-10-01/2026-10-25"),
    "nothing": ("none", "2026-11-01", "2026-11-30", "2026-11-25", None),
}


@pytest.mark.parametrize("name", COMPARED)
def test_what_a_window_is_compared_with(name: str) -> None:
    compare, first, end, through, expected = COMPARED[name]
    asked = cost_question({"start": [first], "end": [end], **({"compare": [compare]} if compare else {})}, NOW)
    before = window_before(asked.compare, asked.window, asked.window.clipped(midnight(date.fromisoformat(through))))
    assert (f"{before.start.date()}/{before.end.date()}" if before else None) == expected
    assert asked.compare.explained is (compare is not None)


def test_windows_that_touch_are_read_in_one_range_and_others_in_two() -> None:
    now = window("2026-11-01", "2026-11-25")
    assert ranges(now, window("2026-10-08", "2026-11-01")) == [window("2026-10-08", "2026-11-25")]
    assert ranges(now, window("2025-11-01", "2025-11-25")) == [window("2025-11-01", "2025-11-25"), now]
    assert ranges(now, window("2026-11-01", "2026-11-01")) == [now]
    assert ranges(now, None) == [now]


@pytest.mark.parametrize(
    "compare", ["", "last", "2026-01-01", "2026-02-01/2026-01-01", "2026-01-01T05:00:00Z/2026-02-01", "2020-01-01/2026-01-01"]
)
def test_a_bad_comparison_is_named(compare: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cost_question({"compare": [compare]}, NOW)
    assert [field for field, _ in refused.value.problems] == ["compare"]


def test_filters_by_tag_and_by_charge_category() -> None:
    selection = cost_question({"tag:team": ["web", "(none)"], "charges": ["usage"]}, NOW).selection
    tagged = [line("1", tags={"team": "web"}), line("1"), line("1", tags={"team": "data"}), line("1", kind="Tax", tags={"team": "web"})]
    assert [selection.admits(each.key) for each in tagged] == [True, True, False, False]
    for wrong in ({"charges": ["tax"]}, {"tag:": ["x"]}, {"tag:team": [""]}):
        with pytest.raises(InvalidInput):
            cost_question(wrong, NOW)


def line(account: str, amount: str = "1", kind: str = "Usage", tags: dict[str, str] | None = None) -> CostLine:
    return CostLine(account, "S3", "us-east-1", "Storage", "AWS", kind, "USD", Decimal(amount), Decimal(amount), None, tags or {})


def test_a_day_that_isnt_what_its_source_says_is_flagged_with_its_account() -> None:
    wrong = SourceTotal("2", "USD", Decimal("2.5"), Decimal("2"), None)
    day = CostDay.of(
        date(2026, 11, 1), [line("1"), line("2", "2")], [SourceTotal("1", "USD", Decimal(1), Decimal(1), None), wrong], True, ("s",)
    )
    found = reconcile([day], "billed", "USD", by_day([day], "billed", Chosen(Selection(), "USD")))
    apart = differences([day], "billed", "USD")
    assert apart == [Difference(day.day, "2", Decimal(2), Decimal("2.5"), Decimal("-0.5"))]
    assert (found.lines, found.own) == (3, Decimal("3.5"))
    answer = reconciliation([day], found, apart, "")
    assert (answer["difference"], answer["reason"]) == (Decimal("-0.5"), FLAGGED)
    assert differences([day], "effective", "USD") == []


def test_the_paragraph_on_the_invoice_holds_the_windows_own_figures() -> None:
    days = [CostDay.of(date(2026, 11, 1) + number * DAY, [line("1")], [], number > 0, ("s",)) for number in range(3)]
    told = invoice_note(days, "billed", "USD", {"Usage": Decimal(3), "Tax": Decimal("0.250"), "Credit": Decimal(-1)}, "")
    assert "2 of 3 days are still estimated" in told
    assert "0.25 USD of Tax, -1 USD of Credit" in told
    assert "rates" not in told
    assert "markup" in invoice_note(days, "billed", "USD", {}, "markup")


def test_a_difference_is_told_of_the_charges_and_is_unknown_where_either_is() -> None:
    found = Reconciliation(Decimal(10), Decimal(12))
    assert found.of_charges(Decimal(20)) == Reconciliation(Decimal(20), Decimal(22))
    assert found.of_charges(None) == Reconciliation(None, None)
    assert Reconciliation(Decimal(10), None).of_charges(Decimal(20)) == Reconciliation(Decimal(20), None)


def test_what_lines_come_to_is_held_against_the_sources_of_the_same_currency() -> None:
    euros = replace(line("1", "7"), currency="EUR")
    totals = [SourceTotal("1", "USD", Decimal(2), None, None), SourceTotal("1", "EUR", Decimal(8), None, None)]
    days = [
        CostDay.of(date(2026, 11, 1), [line("1"), euros], totals, True, ("s",)),
        CostDay.of(date(2026, 11, 2), [line("1", "5")], totals_of([line("1", "5")]), True, ("s",)),
    ]
    for currency, lines, own in (("USD", 6, 7), ("EUR", 7, 8)):
        found = reconcile(days, "billed", currency, by_day(days, "billed", Chosen(Selection(), currency)))
        assert (found.lines, found.own, found.difference) == (lines, own, -1)
        assert [one.account for one in differences(days, "billed", currency)] == ["1"]
    assert reconcile(days, "effective", "USD", by_day(days, "effective", Chosen(Selection(), "USD"))).own is None
