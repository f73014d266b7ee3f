"""GET /analytics/costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter

from chalicelib.domain.breakdown import TAG, Parts, Selection, group, top
from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import BreakdownUnavailable, InvalidInput
from chalicelib.domain.exact import ZERO, add_known
from chalicelib.domain.period import DAY, Window, buckets, midnight
from chalicelib.domain.spend import Chosen, Reconciliation, by_day, by_key, currencies, differences, reconcile, total_of
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, CustomerStatus
from chalicelib.usecases.charging import charging, rates_of
from chalicelib.usecases.comparison import Side, change, ranges, window_before
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.prospects import forecast_answer
from chalicelib.usecases.query import Answer, data_through, shown, source_states, text_of
from chalicelib.usecases.questions_costs import CostQuestion
from chalicelib.usecases.reconciled import invoice_note, reconciliation

CHARGE = ("charge_category",)
SOURCES = (FOCUS_EXPORT, COST_EXPLORER)
ByDay = Mapping[date, Decimal | None]


def cost_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Exact sums of the settled lines; null where no source covers a day. With `as_of`, what would have been answered then."""
    window, known = question.window, data_through(status, SOURCES)
    elapsed = window.clipped(known or window.start)
    before = window_before(question.compare, window, elapsed)
    rates = rates_of(store, customer_id, status)
    paid = _read(store, customer_id, question, ranges(window, before), not status.settled(now))
    read = charging(rates)(paid)
    days = within(read, window)
    if question.as_of:
        known = midnight(days[-1].day + DAY) if days else None  # later days weren't in then
        elapsed = window.clipped(known or window.start)
        before = window_before(question.compare, window, elapsed)
    then = within(read, before) if before else []
    currency = currency_of(days, question.currency) or _only(currencies(then))
    _check_tags(days, question, _allocation_tags(store, customer_id, question, status))
    chosen = Chosen(question.selection, currency)
    amounts = by_day(days, question.basis, chosen)
    total = add_known(amounts.values()) if days else None
    sums = cache(lambda first, last: by_key((day for day in read if first <= day.day <= last), question.basis, chosen))

    def parts(some: Sequence[CostDay], by: tuple[str, ...] = question.by) -> Parts:
        return group(sums(some[0].day, some[-1].day), by) if some else {}

    charges = parts(days, CHARGE)
    in_ = within(days, elapsed)
    now_side = Side(elapsed, in_, total if len(in_) == len(days) else total_of(in_, question.basis, chosen))
    told = not _untold_tags(then, question) and (currency is not None or not currencies(then))
    then_side = Side(before, then, total_of(then, question.basis, chosen)) if before and told else None
    own_sums = amounts if question.selection == Selection() and read is paid else None
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
        "change": change(question.compare, now_side, then_side, parts, question.top),
        "series": _series(days, amounts, question),
        "forecast_next_month": ahead["amount"],
        "forecast": ahead,
        "estimated": any(day.estimated for day in days) if days else None,
        "restated": _restated(days),
        "reconciliation": _reconciliation(within(paid, window), days, own_sums, charges, question, currency),
        "data_through": text_of(known),
        "coverage": _coverage(days, window, status, now),
        "generated_at": text_of(now),
    }


def _read(store: MetricStore, customer_id: str, question: CostQuestion, wanted: list[Window], consistent: bool) -> list[CostDay]:
    """The days of these windows, which don't overlap, in order."""
    read = store.costs.read
    found = [read(customer_id, one.start.date(), (one.end - DAY).date(), consistent=consistent, as_of=question.as_of) for one in wanted]
    return sorted((day for days in found for day in days), key=attrgetter("day")) if len(found) > 1 else found[0]


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


def _tags_asked(question: CostQuestion) -> dict[str, str]:
    """Per tag's key the parameter that asks for it."""
    by = {name.removeprefix(TAG): "breakdown" for name in question.by if name.startswith(TAG)}
    return {**{key: f"{TAG}{key}" for key, _ in question.selection.tags}, **by}


def _allocation_tags(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus) -> tuple[str, ...]:
    """The keys that the customer has chosen; looked up only where it has, and a question asks for one."""
    if CustomerSettings.NAME not in status.choices or not _tags_asked(question):
        return ()
    return (store.choices.get(customer_id, CustomerSettings) or CustomerSettings()).allocation_tags


def _check_tags(days: list[CostDay], question: CostQuestion, chosen: tuple[str, ...]) -> None:
    if others := [
        (field, f"{key} is none of the allocation tags that are chosen")
        for key, field in _tags_asked(question).items()
        if chosen and key not in chosen
    ]:
        raise BreakdownUnavailable(*others)
    if fields := _untold_tags(days, question):
        raise BreakdownUnavailable(*((field, "Cost Explorer, a source of this window, gives no tags here") for field in fields))


def _untold_tags(days: list[CostDay], question: CostQuestion) -> list[str]:
    """The parameters that ask for tags, where a source of the days gives none."""
    asked = list(dict.fromkeys(_tags_asked(question).values()))
    return asked if asked and any(COST_EXPLORER in day.sources for day in days) else []


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
    paid: list[CostDay], days: list[CostDay], amounts: ByDay | None, charges: Parts, question: CostQuestion, currency: str | None
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
    return reconciliation(days, found, apart, invoice_note(days, question.basis, currency, charges, ""))


def _coverage(days: list[CostDay], window: Window, status: CustomerStatus, now: datetime) -> Answer:
    return {
        "days_present": len(days),
        "days_expected": window.clipped(midnight(now.date())).length // DAY,
        "sources": source_states(status, SOURCES, now),
    }
