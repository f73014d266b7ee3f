"""GET /analytics/costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter

from chalicelib.domain.breakdown import Selection, group, top
from chalicelib.domain.cost import CostDay, CostLine
from chalicelib.domain.errors import BreakdownUnavailable, InvalidInput
from chalicelib.domain.exact import add_known, subtract
from chalicelib.domain.period import DAY, Window, buckets, midnight
from chalicelib.domain.spend import Chosen, Reconciliation, by_day, by_key, currencies, reconcile
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, CustomerStatus
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.query import Answer, data_through, percent_change, shown, source_states, text_of
from chalicelib.usecases.questions import CostQuestion

SOURCES = (FOCUS_EXPORT, COST_EXPLORER)
ByDay = Mapping[date, Decimal | None]


def cost_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Exact sums of the settled lines; null where no source covers a day. With `as_of`, what would have been answered then."""
    window, known = question.window, data_through(status, SOURCES)
    elapsed = window.clipped(known or window.start)
    before = elapsed.before(elapsed.length)
    last = (window.end - DAY).date()
    read = store.costs.read(customer_id, before.start.date(), last, consistent=not status.settled(now), as_of=question.as_of)
    if question.as_of:
        known = midnight(read[-1].day + DAY) if read else None  # later days weren't in then
        elapsed = window.clipped(known or window.start)
        before = elapsed.before(elapsed.length)
    days = within(read, window)
    currency = _currency(days, question) or _only(currencies(within(read, before)))
    _check_tags(days, question)
    chosen = Chosen(question.selection, currency)
    amounts = by_day(read, question.basis, chosen)
    return {
        "customer_id": customer_id,
        "period": question.period,
        "as_of": text_of(question.as_of),
        "window": {"start": text_of(window.start), "end": text_of(window.end), "granularity": question.granularity},
        "currency": currency,
        "cost": question.basis,
        "total": shown(add_known(amounts[day.day] for day in days)) if days else None,
        "breakdown": _breakdown(days, question, chosen),
        "change": _change(read, elapsed, before, amounts, currency),
        "series": _series(days, amounts, question),
        "forecast_next_month": None,
        "forecast": {"amount": None, "low": None, "high": None, "method": None},
        "estimated": any(day.estimated for day in days) if days else None,
        "restated": _restated(days),
        "reconciliation": _reconciliation(days, amounts, question, currency),
        "data_through": text_of(known),
        "coverage": _coverage(days, window, status, now),
        "generated_at": text_of(now),
    }


def within(days: list[CostDay], window: Window) -> list[CostDay]:
    """Of days in order those of the window."""
    first, end = (bisect_left(days, edge.date(), key=attrgetter("day")) for edge in (window.start, window.end))
    return days[first:end]


def lines_of(day: CostDay, question: CostQuestion, currency: str | None) -> list[CostLine]:
    """The lines in that currency that the filters admit."""
    chosen = Chosen(question.selection, currency)
    return [line for line in day.lines if chosen.admits(line.key)]


def _currency(days: list[CostDay], question: CostQuestion) -> str | None:
    """The one currency of the window, or the one asked for: amounts of several are never added."""
    if question.currency:
        return question.currency
    found = currencies(days)
    if len(found) > 1:
        raise InvalidInput(("currency", f"must be given, because this window has costs in {', '.join(found)}"))
    return found[0] if found else None


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _check_tags(days: list[CostDay], question: CostQuestion) -> None:
    if any(name.startswith("tag:") for name in question.by) and any(COST_EXPLORER in day.sources for day in days):
        raise BreakdownUnavailable(("breakdown", "Cost Explorer, a source of this window, gives no tags here"))


def _breakdown(days: list[CostDay], question: CostQuestion, chosen: Chosen) -> Answer:
    parts = group(by_key(days, question.basis, chosen), question.by)
    return {name: shown(amount) for name, amount in top(parts, question.top).items()}


def _restated(days: list[CostDay]) -> Answer:
    """How many of the days say something else than they said at first, and when the last of them was changed."""
    changed = [day.since for day in days if day.restated and day.since]
    return {"days": len(changed), "since": text_of(max(changed, default=None))}


def _change(read: list[CostDay], elapsed: Window, before: Window, amounts: ByDay, currency: str | None) -> Answer:
    """Against the same number of days just before; null where one side isn't wholly covered."""
    now_total, then_total = (_covered_total(within(read, window), window, amounts, currency) for window in (elapsed, before))
    amount = subtract(now_total, then_total) if now_total is not None and then_total is not None else None
    return {
        "previous_total": shown(then_total),
        "amount": shown(amount),
        "percent": percent_change(now_total, then_total),
        "window": {"start": text_of(elapsed.start), "end": text_of(elapsed.end)},
        "previous_window": {"start": text_of(before.start), "end": text_of(before.end)},
    }


def _covered_total(days: list[CostDay], window: Window, amounts: ByDay, currency: str | None) -> Decimal | None:
    wanted = window.length // DAY
    if currency is None and currencies(days):
        return None
    return add_known(amounts[day.day] for day in days) if wanted and len(days) == wanted else None


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
                "amount": shown(add_known([amounts[day.day] for day in covered])) if covered else None,
                "estimated": any(map(estimated, covered)) if covered else None,
            }
        )
        start = end
    return entries


def _reconciliation(days: list[CostDay], amounts: ByDay, question: CostQuestion, currency: str | None) -> Answer:
    """All lines of the window, whatever the filters, against what the sources themselves say for these accounts."""
    found = Reconciliation(None, None)
    if days and currency:
        unfiltered = question.selection == Selection()
        lines = amounts if unfiltered else by_day(days, question.basis, Chosen(Selection(), currency))
        found = reconcile(days, question.basis, currency, lines)
    basis = next((day.basis for day in days if day.basis), "")
    return {
        "lines_total": shown(found.lines),
        "source_total": shown(found.own),
        "difference": shown(found.difference),
        "sources": sorted({source for day in days for source in day.sources}),
        "note": f"billed is {basis}: the net amount is not available" if basis else None,
    }


def _coverage(days: list[CostDay], window: Window, status: CustomerStatus, now: datetime) -> Answer:
    return {
        "days_present": len(days),
        "days_expected": window.clipped(midnight(now.date())).length // DAY,
        "sources": source_states(status, SOURCES, now),
    }
