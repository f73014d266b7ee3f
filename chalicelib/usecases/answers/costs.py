"""GET /analytics/costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from chalicelib.domain.breakdown import Parts, Selection, group, top
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exact import ZERO, add_known, subtract
from chalicelib.domain.period import DAY, Window, buckets, midnight
from chalicelib.domain.rates import PRO_FORMA, Rates, charged
from chalicelib.domain.spend import Chosen, Reconciliation, by_day, by_key, currencies, differences, reconcile, total_of
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, CustomerStatus
from chalicelib.usecases.answers.allocation import allocation_tags, check_tags, untold_tags
from chalicelib.usecases.answers.charging import charging
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.comparison import Side, change, ranges, window_before
from chalicelib.usecases.answers.prospects import forecast_answer
from chalicelib.usecases.answers.reconciled import invoice_note, reconciliation
from chalicelib.usecases.answers.values import Answer, data_through, shown, source_states, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.costs import CostQuestion

CHARGE = ("charge_category",)
SOURCES = (FOCUS_EXPORT, COST_EXPLORER)
ByDay = Mapping[date, Decimal | None]


class Reading(NamedTuple):
    """The days as the payer pays them and as the customer is charged (`read`), up to where they are `known`; what of the window has
    `elapsed` and what that is compared with."""

    paid: list[CostDay]
    read: list[CostDay]
    known: datetime | None
    elapsed: Window
    before: Window | None


def cost_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Exact sums of the settled lines; null where no source covers a day. With `as_of`, what would have been answered then."""
    rates, window = choice_of(store, customer_id, Rates, status), question.window
    if question.as_of and rates.pro_forma:
        raise InvalidInput(("as_of", "isn't there for costs at rates of your own: earlier versions may be at others"))
    reading = _reading(store, customer_id, question, rates, status, now)
    days = within(reading.read, window)
    then = within(reading.read, reading.before) if reading.before else []
    currency = currency_of(days, question.currency) or _only(currencies(then))
    check_tags(days, question, allocation_tags(store, customer_id, question, status))
    chosen = Chosen(question.selection, currency)
    amounts = by_day(days, question.basis, chosen)
    sums = cache(lambda first, last: by_key((day for day in reading.read if first <= day.day <= last), question.basis, chosen))

    def parts(some: Sequence[CostDay], by: tuple[str, ...] = question.by) -> Parts:
        return group(sums(some[0].day, some[-1].day), by) if some else {}

    total, charges = add_known(amounts.values()) if days else None, parts(days, CHARGE)
    sides = _sides(reading, days, then, total, question, chosen)
    price = _of_price(reading, sides, rates, question, chosen)
    at_hand = amounts if question.selection == Selection() and reading.read is reading.paid else None
    ahead = forecast_answer(store, customer_id, question, currency, status, now)
    return {
        "customer_id": customer_id,
        "period": question.period,
        "as_of": text_of(question.as_of),
        "window": {"start": text_of(window.start), "end": text_of(window.end), "granularity": question.granularity},
        "currency": currency,
        "cost": question.basis,
        "rate_basis": rates.on((window.end - DAY).date()).basis,
        "total": shown(total),
        "breakdown": {name: shown(amount) for name, amount in top(parts(days), question.top).items()},
        "charges": {name: shown(amount) for name, amount in charges.items()},
        "change": change(question.compare, *sides, parts, price, question.top),
        "series": _series(days, amounts, question),
        "forecast_next_month": ahead["amount"],
        "forecast": ahead,
        "estimated": any(day.estimated for day in days) if days else None,
        "restated": _restated(days),
        "reconciliation": _reconciliation(within(reading.paid, window), days, at_hand, charges, question, currency, rates),
        "data_through": text_of(reading.known),
        "coverage": _coverage(days, window, status, now),
        "generated_at": text_of(now),
    }


def _reading(store: MetricStore, customer_id: str, question: CostQuestion, rates: Rates, status: CustomerStatus, now: datetime) -> Reading:
    window, known = question.window, data_through(status, SOURCES)
    elapsed = window.clipped(known or window.start)
    before = window_before(question.compare, window, elapsed)
    wanted, consistent = ranges(window, before), not status.settled(now)
    found = [
        store.costs.read(customer_id, one.start.date(), (one.end - DAY).date(), consistent=consistent, as_of=question.as_of)
        for one in wanted
    ]
    paid = sorted((day for days in found for day in days), key=attrgetter("day")) if len(found) > 1 else found[0]
    if question.as_of:  # later days weren't in then
        days = within(paid, window)
        known = midnight(days[-1].day + DAY) if days else None
        elapsed = window.clipped(known or window.start)
        before = window_before(question.compare, window, elapsed)
    return Reading(paid, charging(rates)(paid), known, elapsed, before)


def _sides(
    reading: Reading, days: list[CostDay], then: list[CostDay], total: Decimal | None, question: CostQuestion, chosen: Chosen
) -> tuple[Side, Side | None]:
    """What has elapsed, and what it is compared with; None where that is nothing, of other tags or of several currencies."""
    in_ = within(days, reading.elapsed)
    now = Side(reading.elapsed, in_, total if len(in_) == len(days) else total_of(in_, question.basis, chosen))
    comparable = not untold_tags(then, question) and (chosen.currency is not None or not currencies(then))
    if reading.before is None or not comparable:
        return now, None
    return now, Side(reading.before, then, total_of(then, question.basis, chosen))


def _of_price(reading: Reading, sides: tuple[Side, Side | None], rates: Rates, question: CostQuestion, chosen: Chosen) -> Decimal | None:
    """How much of the change comes of other rates than before: what has elapsed, at its own and at the rates of then."""
    now, then = sides
    if then is None or now.total is None or then.total is None:
        return None
    first, last = then.window.start.date(), (now.window.end - DAY).date()
    if len(rates.within(min(first, last), max(first, last))) == 1:
        return ZERO
    at_then = charged(within(reading.paid, now.window), rates.always((then.window.end - DAY).date()))
    before = total_of(at_then, question.basis, chosen)
    return None if before is None else subtract(now.total, before)


def within(days: list[CostDay], window: Window) -> list[CostDay]:
    """Of days in order those of the window."""
    first, end = (bisect_left(days, edge.date(), key=attrgetter("day")) for edge in (window.start, window.end))
    return days[first:end]


def lines_of(day: CostDay, question: CostQuestion, currency: str | None) -> list[CostLine]:
    """The lines in that currency that the filters admit."""
    chosen = Chosen(question.selection, currency)
    return [line for line in day.lines if chosen.admits(line.key)]


def currency_of(days: list[CostDay], asked: str | None) -> str | None:
    """The one currency of the days that are read, or the one asked for: amounts of several are never added."""
    if asked:
        return asked
    found = currencies(days)
    if len(found) > 1:
        raise InvalidInput(("currency", f"must be given, because what is read for this window has costs in {', '.join(found)}"))
    return found[0] if found else None


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _restated(days: list[CostDay]) -> Answer:
    """How many of the days say something else than they said at first, and when the last of them was changed."""
    changed = [day.since for day in days if day.restated and day.since]
    return {"days": len(changed), "since": text_of(max(changed, default=None))}


def _series(days: list[CostDay], amounts: ByDay, question: CostQuestion) -> list[Answer]:
    entries: list[Answer] = []
    place, start, estimated = 0, text_of(question.window.start), attrgetter("estimated")
    for bucket in buckets(question.window, question.granularity):
        first, after, end = place, bucket.end.date(), text_of(bucket.end)
        while place < len(days) and days[place].day < after:
            place += 1
        covered = days[first:place]
        entries.append(
            {
                "start": start,
                "end": end,
                "amount": shown(_sum_of(covered, amounts)),
                "estimated": any(map(estimated, covered)) if covered else None,
            }
        )
        start = end
    return entries


def _sum_of(covered: Sequence[CostDay], amounts: ByDay) -> Decimal | None:
    """None of no day at all."""
    return amounts[covered[0].day] if len(covered) == 1 else add_known(amounts[day.day] for day in covered) if covered else None


def _reconciliation(
    paid: list[CostDay],
    days: list[CostDay],
    amounts: ByDay | None,
    charges: Parts,
    question: CostQuestion,
    currency: str | None,
    rates: Rates,
) -> Answer:
    """All lines of the window, whatever the filters, against what the sources themselves say for these accounts.

    It is what the payer pays that is held against it (`amounts` are its sums, where they are at hand); where the customer is charged
    something else, its charges stand for that.
    """
    found, apart = Reconciliation(None, None), []
    if days and currency is None:
        found = Reconciliation(ZERO, ZERO)  # days without a line
    elif days and currency:
        whole = Chosen(Selection(), currency)
        if question.selection != Selection():
            charges = group(by_key(days, question.basis, whole), CHARGE)
        found = reconcile(paid, question.basis, currency, amounts or by_day(paid, question.basis, whole))
        apart = differences(paid, question.basis, currency)
        if amounts is None:
            found, apart = found.of_charges(add_known(charges.values())), [one.alone() for one in apart]
    return reconciliation(days, found, apart, invoice_note(days, question.basis, currency, charges, _rates_told(days, rates)))


def _rates_told(days: list[CostDay], rates: Rates) -> str:
    """The bases of the days' plans that aren't the payer's own, and whether they changed meanwhile."""
    plans = rates.within(days[0].day, days[-1].day) if days else ()
    bases = sorted({plan.basis for plan in plans if plan.changes_amounts or plan.basis == PRO_FORMA})
    changed = ", changed within this window" if len(plans) > 1 else ""
    return f"{' and '.join(bases)}{changed}" if bases else ""


def _coverage(days: list[CostDay], window: Window, status: CustomerStatus, now: datetime) -> Answer:
    return {
        "days_present": len(days),
        "days_expected": window.clipped(midnight(now.date())).length // DAY,
        "sources": source_states(status, SOURCES, now),
    }
