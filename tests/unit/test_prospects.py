"""What lies ahead is kept for everything, made for filters, and never that of other rates or another month."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostDay, CostLine, CostPart, SourceTotal, totals_of
from chalicelib.domain.customer import UNALLOCATED, Account, Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.forecast import backtest, forecast
from chalicelib.domain.period import DAY
from chalicelib.domain.prospect import Forecast, Prospect, Prospects
from chalicelib.domain.prospecting import history_window, prospect, prospects
from chalicelib.domain.rates import MARKUP, Plan, Rates
from chalicelib.domain.spend import Difference, largest_difference
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.usecases.aggregation.costs import nobodys
from chalicelib.usecases.answers.prospects import ask_source, forecast_answer, make_prospects, prospect_of
from chalicelib.usecases.questions.costs import cost_question
from tests.fakes import FakeBooks
from tests.unit.test_budgets import NOW, day_of, spending


def ahead(books: FakeBooks, selection: Selection = Selection(), now: datetime = NOW, **status: Any) -> Decimal | None:  # noqa: B008
    found = prospect_of(books, "acme", "billed", selection, "USD", replace(books.status("acme"), **status), now)  # type: ignore[arg-type]
    return found.next_month.amount


def test_the_kept_forecast_answers_without_a_read_and_filters_read_for_theirs() -> None:
    books = spending("10")
    kept, difference = make_prospects(books, "acme", NOW)  # type: ignore[arg-type]
    assert difference == 0
    reads = books.costs.reads
    assert ahead(books, prospects=kept) == 310
    assert books.costs.reads == reads
    assert ahead(books, Selection(service=("S3",)), prospects=kept) == 310
    assert ahead(books, Selection(service=("EC2",)), prospects=kept) == 0
    assert books.costs.reads == reads + 2


def test_a_forecast_of_another_month_or_of_other_rates_isnt_used() -> None:
    books = spending("10")
    kept, _ = make_prospects(books, "acme", NOW)  # type: ignore[arg-type]
    reads = books.costs.reads
    ahead(books, prospects=kept, now=NOW + 10 * DAY)
    assert books.costs.reads == reads + 1
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 1, 1), MARKUP, Decimal(10)),)))
    assert ahead(books, prospects=kept) == 341


def test_a_forecast_is_at_the_rates_of_its_month_whatever_they_were_before() -> None:
    books = spending("10")
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 12, 1), MARKUP, Decimal(50)),)))
    found = prospect_of(books, "acme", "billed", Selection(), "USD", books.status("acme"), NOW)  # type: ignore[arg-type]
    assert (found.this_month.amount, found.next_month.amount) == (300, 465)
    books.change("acme", Rates, lambda held: Rates((Plan(date(2026, 1, 1), MARKUP, Decimal(50)), Plan(date(2026, 11, 1)))))
    found = prospect_of(books, "acme", "billed", Selection(), "USD", books.status("acme"), NOW)  # type: ignore[arg-type]
    assert (found.this_month.amount, found.next_month.amount) == (300, 310)


def test_too_few_days_are_said_and_so_is_an_earlier_instant() -> None:
    books = spending("10", days=13)
    for parameters, reason in (
        ({}, "needs 14 days of costs, has 13"),
        ({"as_of": ["2026-11-20"]}, "forecasts are of now, not of an earlier instant"),
    ):
        question = cost_question(parameters, NOW)  # type: ignore[arg-type]
        told = forecast_answer(books, "acme", question, "USD", books.status("acme"), NOW)  # type: ignore[arg-type]
        assert (told["amount"], told["low"], told["high"], told["reason"]) == (None, None, None, reason)


@dataclass
class Source:
    """Cost Explorer's forecast, or why there is none."""

    answer: tuple[str, Forecast] | SourceUnavailable
    asked: list[tuple[str, ...]] = field(default_factory=list)
    method: str = "cost_explorer"

    def read(self, account_ids: tuple[str, ...], today: date, billing_view: str = "") -> tuple[str, Forecast]:
        self.asked.append(account_ids)
        if isinstance(self.answer, SourceUnavailable):
            raise self.answer
        return self.answer


ACME = Customer("acme", "Acme", (Account("1"),), "x", datetime(2026, 1, 1, tzinfo=UTC))
THEIRS = Forecast(date(2026, 12, 1), Decimal(444), Decimal(400), Decimal(500), "cost_explorer", "", 0)


def next_month(ahead: Prospects) -> tuple[Decimal | None, str | None]:
    found = ahead.of["USD"]["billed"].next_month
    return found.amount, found.reason


def made(books: FakeBooks, now: datetime = NOW) -> Prospects:
    return make_prospects(books, "acme", now)[0]  # type: ignore[arg-type]


def test_the_sources_own_forecast_is_asked_once_a_day_and_goes_before_ours() -> None:
    books, source = spending("10"), Source(("USD", THEIRS))
    first = ask_source(source, ACME, made(books), None, False)  # type: ignore[arg-type]
    assert next_month(first)[0] == 444
    assert next_month(ask_source(source, ACME, made(books), first, False))[0] == 444  # type: ignore[arg-type]
    assert source.asked == [("1",)]
    ask_source(source, ACME, made(books, NOW + DAY), first, False)  # type: ignore[arg-type]
    assert len(source.asked) == 2


def test_where_the_source_gives_none_ours_stays_with_the_reason_and_it_is_asked_again() -> None:
    books, source = spending("10"), Source(SourceUnavailable("cost_explorer", "DataUnavailable", ""))
    ours = ask_source(source, ACME, made(books), None, False)  # type: ignore[arg-type]
    assert next_month(ours) == (310, "ours, as Cost Explorer gave none: DataUnavailable")
    ask_source(source, ACME, made(books), ours, False)  # type: ignore[arg-type]
    assert len(source.asked) == 2


def test_a_forecast_in_a_currency_that_nothing_was_spent_in_is_no_ones() -> None:
    books = spending("10")
    assert ask_source(Source(("EUR", THEIRS)), ACME, made(books), None, False) == made(books)  # type: ignore[arg-type]


def test_nobody_asks_for_a_customer_at_rates_of_its_own_or_without_accounts() -> None:
    books, source = spending("10"), Source(("USD", THEIRS))
    for customer, charged in ((ACME, True), (replace(ACME, accounts=()), False)):
        assert next_month(ask_source(source, customer, made(books), None, charged))[0] == 310  # type: ignore[arg-type]
    assert source.asked == []


def test_a_window_without_a_line_is_told_the_forecast_of_the_one_currency_that_there_is() -> None:
    books = spending("10")
    status = replace(books.status("acme"), prospects=made(books))
    question = cost_question({"start": ["2026-01-01"], "end": ["2026-01-02"]}, NOW)
    assert forecast_answer(books, "acme", question, None, status, NOW)["amount"] == 310  # type: ignore[arg-type]
    unknown = forecast_answer(books, "acme", question, None, books.status("acme"), NOW)  # type: ignore[arg-type]
    assert (unknown["amount"], unknown["reason"]) == (None, "no costs are known")


def test_what_nobody_has_is_told_apart_by_day() -> None:
    series = {
        account: tuple(CostPart(date(2026, 11, day), COST_EXPLORER, account, (), (), True) for day in (1, 2, 3))
        for account in ("1", "2", "3")
    }
    acme = Customer("acme", "Acme", (Account("1"), Account("2", since=date(2026, 11, 3))), "x", datetime(2026, 1, 1, tzinfo=UTC))
    found = [(part.origin, part.day.day) for part in nobodys(series, [acme])]
    assert found == [("2", 1), ("2", 2), ("3", 1), ("3", 2), ("3", 3)]
    assert UNALLOCATED not in (acme.id,)


def test_the_largest_difference_is_over_days_and_bases() -> None:
    line = CostLine("1", "S3", "", "", "AWS", "Usage", "USD", Decimal(5), Decimal(4), None)
    wrong = CostDay.of(date(2026, 11, 1), [line], [SourceTotal("1", "USD", Decimal(5), Decimal("6.5"), None)], True, ("s",))
    assert largest_difference([day_of(date(2026, 11, 2), "1"), wrong]) == Decimal("2.5")
    assert largest_difference([]) == 0


def test_a_difference_alone_tells_neither_side() -> None:
    whole = Difference(date(2026, 11, 1), "1", Decimal(5), Decimal(7), Decimal(-2))
    assert whole.alone() == Difference(date(2026, 11, 1), "1", None, None, Decimal(-2))


def expected(amount: int) -> Forecast:
    return Forecast(date(2026, 12, 1), Decimal(amount), Decimal(0), Decimal(99), "m", "", 30)


def test_anothers_forecast_takes_the_next_months_place_and_has_no_record() -> None:
    told = Prospect(expected(1), expected(2), 4, Decimal(80), Decimal(5)).told_by(expected(3))
    assert told == Prospect(expected(1), expected(3), 0, None, None)


def test_what_others_tell_takes_its_own_place_alone() -> None:
    ours, theirs = (Prospect(expected(number), expected(number), 1, None, None) for number in (1, 2))
    made = Prospects(date(2026, 11, 9), "digest", {"USD": {"billed": ours, "effective": ours}, "EUR": {"billed": ours}})
    told = made.told({"USD": {"billed": theirs}, "GBP": {"billed": theirs}})
    assert told.of == {"USD": {"billed": theirs, "effective": ours}, "EUR": {"billed": ours}, "GBP": {"billed": theirs}}
    assert (told.made_on, told.rates) == (date(2026, 11, 9), "digest")


TODAY = date(2026, 11, 12)
AHEAD = date(2026, 12, 1)


def spiky(day: date) -> Decimal:
    return Decimal(100 + 9 * day.weekday() + day.toordinal() * 7919 % 7 + 400 * (day.toordinal() % 47 == 3))


def paid(day: date, source: str = "s") -> CostDay:
    """Usage with spikes, a tax on the first, a credit on the 20th, and the same in another currency."""
    tax = {1: Decimal(700 + 31 * (day.month % 3)), 20: Decimal(-90)}.get(day.day)
    lines = [CostLine("1", "S3", "", "", "AWS", "Usage", currency, spiky(day), spiky(day) / 2, None) for currency in ("USD", "EUR")]
    lines += [CostLine("1", "Tax", "", "", "AWS", "Tax", "USD", tax, tax, None)] if tax else []
    return CostDay.of(day, lines, totals_of(lines), False, (source,))


DAYS = [TODAY - number * DAY for number in range(407, 0, -1)]


def laid_out(days: list[date], taxed: bool) -> tuple[dict[date, Decimal | None], dict[date, Decimal | None]]:
    other = {day: {1: Decimal(700 + 31 * (day.month % 3)), 20: Decimal(-90)}.get(day.day, Decimal(0)) for day in days}
    return {day: spiky(day) for day in days}, {day: amount if taxed else Decimal(0) for day, amount in other.items()}  # type: ignore[return-value]


def test_a_prospect_is_the_forecast_of_usage_and_of_what_comes_once_apart() -> None:
    days = [paid(day) for day in DAYS]
    for selection, currency, taxed in (
        (Selection(), "USD", True),
        (Selection(), "EUR", False),
        (Selection(charge_category=("Usage",)), "USD", False),
    ):
        usage, other = laid_out(DAYS, taxed)
        found = prospect(days, Rates(), "billed", selection, currency, TODAY)
        past = backtest(usage, other)
        assert (found.this_month, found.next_month) == (forecast(usage, other, TODAY), forecast(usage, other, AHEAD))
        assert (found.months, found.coverage, found.mape) == (len(past.months), past.coverage, past.mape)
        assert found.months == 12


def test_a_day_with_an_unknown_amount_is_no_day_of_a_prospect() -> None:
    unknown = CostLine("1", "S3", "", "", "AWS", "Usage", "USD", None, None, None)
    tax = CostLine("1", "Tax", "", "", "AWS", "Tax", "USD", Decimal(1), None, None)
    days = [CostDay.of(day, [unknown, tax], [], False, ("s",)) if number < 100 else paid(day) for number, day in enumerate(DAYS)]
    found = prospect(days, Rates(), "billed", Selection(), "USD", TODAY)
    assert found.next_month == forecast(*laid_out(DAYS[100:], taxed=True), AHEAD)


def test_of_a_tag_the_days_that_cost_explorer_tells_are_unknown() -> None:
    days = [paid(day, COST_EXPLORER if number < 387 else "s") for number, day in enumerate(DAYS)]
    found = prospect(days, Rates(), "billed", Selection(tags=(("team", ("(none)",)),)), "USD", TODAY)
    assert found.next_month == forecast(*laid_out(DAYS[387:], taxed=True), AHEAD)
    assert (found.next_month.days, found.months) == (20, 0)


def test_prospects_are_of_everything_by_currency_and_basis_at_the_rates_of_their_day() -> None:
    days = [paid(day) for day in DAYS]
    rates = Rates((Plan(date(2026, 1, 1), MARKUP, Decimal(10)),))
    made = prospects(days, rates, "digest", TODAY)
    assert (made.made_on, made.rates, list(made.of), list(made.of["EUR"])) == (TODAY, "digest", ["EUR", "USD"], ["billed", "effective"])
    assert made.of["EUR"]["effective"] == prospect(days, rates, "effective", Selection(), "EUR", TODAY)
    assert made.of["USD"]["billed"].next_month != prospect(days, Rates(), "billed", Selection(), "USD", TODAY).next_month


def test_a_history_is_thirteen_whole_months_and_the_days_of_this_one() -> None:
    window = history_window(TODAY)
    assert (window.start.date(), window.end.date()) == (date(2025, 10, 1), TODAY)
