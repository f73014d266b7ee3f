"""One source per account and month; nothing twice, nothing unknown shown as zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostDay, CostLine, CostPart, SourceTotal, export_is_final, settle, totals_of
from chalicelib.domain.spend import Chosen, by_day
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT

DAY = date(2026, 9, 3)


def line(account: str, amount: str, currency: str = "USD") -> CostLine:
    return CostLine(
        account, "Amazon Elastic Compute Cloud", "us-east-1", "Compute", "AWS", "Usage", currency, Decimal(amount), Decimal(amount), None
    )


def part(source: str, origin: str, *lines: CostLine, estimated: bool = False) -> CostPart:
    return CostPart(DAY, source, origin, lines, totals_of(lines), estimated)


def sum_of(day: CostDay, basis: str = "billed") -> Decimal | None:
    return by_day([day], basis, Chosen(Selection(), "USD"))[day.day]


def test_an_exports_account_is_not_counted_again_from_cost_explorer() -> None:
    parts = [
        part(FOCUS_EXPORT, "digest", line("1", "2")),
        part(COST_EXPLORER, "1", line("1", "50")),
        part(COST_EXPLORER, "2", line("2", "7")),
    ]
    settled = settle(DAY, parts, frozenset({"1"}), exported_day=True)
    assert settled is not None
    assert sum_of(settled) == 9
    assert settled.sources == (COST_EXPLORER, FOCUS_EXPORT)
    assert [(own.account, own.billed) for own in settled.totals] == [("1", 2), ("2", 7)]


def test_an_exported_month_hides_cost_explorer_also_on_days_without_a_row() -> None:
    settled = settle(DAY, [part(COST_EXPLORER, "1", line("1", "50"))], frozenset({"1"}), exported_day=True)
    assert settled is not None
    assert settled.lines == ()


def test_a_day_that_no_source_covers_is_unknown() -> None:
    assert settle(DAY, [], frozenset(), exported_day=False) is None


def test_a_covered_day_without_cost_is_there_and_empty() -> None:
    settled = settle(DAY, [part(COST_EXPLORER, "1")], frozenset(), exported_day=False)
    assert settled is not None
    assert sum_of(settled) == 0


def test_two_drops_of_a_day_add_up() -> None:
    parts = [part(FOCUS_EXPORT, "a", line("1", "2")), part(FOCUS_EXPORT, "b", line("1", "0.00000000001"))]
    settled = settle(DAY, parts, frozenset({"1"}), exported_day=True)
    assert settled is not None
    assert sum_of(settled) == Decimal("2.00000000001")


def test_a_day_is_estimated_while_one_of_its_sources_says_so() -> None:
    parts = [part(COST_EXPLORER, "1", line("1", "1")), part(COST_EXPLORER, "2", line("2", "1"), estimated=True)]
    settled = settle(DAY, parts, frozenset(), exported_day=False)
    assert settled is not None
    assert settled.estimated


def test_an_unknown_amount_makes_its_total_unknown_but_no_other() -> None:
    day = CostDay.of(DAY, [line("1", "2")], [], False, ())
    assert sum_of(day, "list") is None
    assert sum_of(day, "effective") == 2


def test_currencies_are_kept_apart() -> None:
    assert [(own.currency, own.billed) for own in totals_of([line("1", "2"), line("1", "3", "EUR")])] == [("EUR", 3), ("USD", 2)]


def test_an_export_is_final_two_weeks_after_its_month_closed() -> None:
    assert not export_is_final(date(2026, 10, 14), DAY)
    assert export_is_final(date(2026, 10, 15), DAY)


def test_a_source_total_has_the_amounts_of_a_line() -> None:
    own = SourceTotal("1", "USD", Decimal(1), Decimal(2), None)
    assert [own.amount(basis) for basis in ("billed", "effective", "list")] == [1, 2, None]


def test_days_after_an_exports_last_row_are_unknown_not_zero() -> None:
    assert settle(DAY, [part(COST_EXPLORER, "1", line("1", "50"))], frozenset({"1"}), exported_day=False) is None


def test_a_settled_day_says_whose_word_it_is() -> None:
    one, other = part(COST_EXPLORER, "1", line("1", "1")), part(COST_EXPLORER, "2", line("2", "1"))
    settled = settle(DAY, [one, replace(other, basis="unblended")], frozenset(), exported_day=False)
    assert settled is not None
    assert (settled.day, settled.basis, settled.sources) == (DAY, "unblended", (COST_EXPLORER,))
    plain = settle(DAY, [one], frozenset(), exported_day=True)
    assert plain is not None
    assert (plain.basis, plain.sources, plain.estimated) == ("", (COST_EXPLORER, FOCUS_EXPORT), False)


def test_a_part_of_which_nothing_counts_says_nothing_of_the_day() -> None:
    hidden = replace(part(COST_EXPLORER, "1", line("1", "1"), estimated=True), basis="unblended")
    settled = settle(DAY, [hidden, part(FOCUS_EXPORT, "bill")], frozenset({"1"}), exported_day=False)
    assert settled is not None
    assert (settled.lines, settled.estimated, settled.basis, settled.sources) == ((), False, "", (FOCUS_EXPORT,))


def test_a_part_counts_by_its_lines_or_by_its_totals_alone() -> None:
    own = SourceTotal("2", "USD", Decimal(1), None, None)
    totals = CostPart(DAY, COST_EXPLORER, "1", (), (own,), True)
    lines = CostPart(DAY, COST_EXPLORER, "1", (line("2", "1"),), (), True)
    for one in (totals, lines):
        settled = settle(DAY, [one], frozenset({"1"}), exported_day=False)
        assert settled is not None
        assert settled.estimated
