"""GET /analytics/costs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import group, top
from chalicelib.domain.cost import CostDay, CostLine, currencies, difference_of, total
from chalicelib.domain.errors import BreakdownUnavailable, InvalidInput
from chalicelib.domain.exact import subtract
from chalicelib.domain.period import DAY, Window, buckets, midnight
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, CustomerStatus
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.query import Answer, data_through, percent_change, shown, source_states, text_of
from chalicelib.usecases.questions import CostQuestion

SOURCES = (FOCUS_EXPORT, COST_EXPLORER)


def cost_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Exact sums of the settled lines; null where no source covers a day."""
    window, known = question.window, data_through(status, SOURCES)
    elapsed = window.clipped(known or window.start)
    before = elapsed.before(elapsed.length)
    read = store.cost_days(customer_id, before.start.date(), (window.end - DAY).date())
    days = within(read, window)
    currency = _currency(days, question) or _only(currencies(within(read, before)))
    _check_tags(days, question)
    lines = lines_of(days, question, currency)
    return {
        "customer_id": customer_id,
        "period": question.period,
        "window": {"start": text_of(window.start), "end": text_of(window.end), "granularity": question.granularity},
        "currency": currency,
        "cost": question.basis,
        "total": shown(total(lines, question.basis)) if days else None,
        "breakdown": _breakdown(lines, question),
        "change": _change(read, elapsed, before, question, currency),
        "series": [_entry(days, bucket, question, currency) for bucket in buckets(window, question.granularity)],
        "forecast_next_month": None,
        "forecast": {"amount": None, "low": None, "high": None, "method": None},
        "estimated": any(day.estimated for day in days),
        "reconciliation": _reconciliation(days, question, currency),
        "data_through": text_of(known),
        "coverage": _coverage(days, window, status, now),
        "generated_at": text_of(now),
    }


def within(days: Iterable[CostDay], window: Window) -> list[CostDay]:
    return [day for day in days if window.start <= midnight(day.day) < window.end]


def lines_of(days: Iterable[CostDay], question: CostQuestion, currency: str | None) -> list[CostLine]:
    """The lines in that currency that the filters admit."""
    return [line for day in days for line in day.lines if line.currency == currency and question.selection.admits(line)]


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


def _breakdown(lines: list[CostLine], question: CostQuestion) -> Answer:
    parts = group(((line, line.amount(question.basis)) for line in lines), question.by)
    return {name: shown(amount) for name, amount in top(parts, question.top).items()}


def _change(read: list[CostDay], elapsed: Window, before: Window, question: CostQuestion, currency: str | None) -> Answer:
    """Against the same number of days just before; null where one side isn't wholly covered."""
    now_total, then_total = (_covered_total(read, window, question, currency) for window in (elapsed, before))
    amount = subtract(now_total, then_total) if now_total is not None and then_total is not None else None
    return {
        "previous_total": shown(then_total),
        "amount": shown(amount),
        "percent": percent_change(now_total, then_total),
        "window": {"start": text_of(elapsed.start), "end": text_of(elapsed.end)},
        "previous_window": {"start": text_of(before.start), "end": text_of(before.end)},
    }


def _covered_total(read: list[CostDay], window: Window, question: CostQuestion, currency: str | None) -> Decimal | None:
    days = within(read, window)
    wanted = window.length // DAY
    if currency is None and currencies(days):
        return None
    return total(lines_of(days, question, currency), question.basis) if wanted and len(days) == wanted else None


def _entry(days: list[CostDay], bucket: Window, question: CostQuestion, currency: str | None) -> Answer:
    its_days = within(days, bucket)
    amount = total(lines_of(its_days, question, currency), question.basis) if its_days else None
    return {
        "start": text_of(bucket.start),
        "end": text_of(bucket.end),
        "amount": shown(amount),
        "estimated": any(day.estimated for day in its_days) if its_days else None,
    }


def _reconciliation(days: list[CostDay], question: CostQuestion, currency: str | None) -> Answer:
    """All lines of the window, whatever the filters, against what the sources themselves say for these accounts."""
    lines, own = difference_of(days, question.basis, currency) if days and currency else (None, None)
    basis = next((day.basis for day in days if day.basis), "")
    return {
        "lines_total": shown(lines),
        "source_total": shown(own),
        "difference": shown(subtract(lines, own)) if lines is not None and own is not None else None,
        "sources": sorted({source for day in days for source in day.sources}),
        "note": f"billed is {basis}: the net amount is not available" if basis else None,
    }


def _coverage(days: list[CostDay], window: Window, status: CustomerStatus, now: datetime) -> Answer:
    return {
        "days_present": len(days),
        "days_expected": window.clipped(midnight(now.date())).length // DAY,
        "sources": source_states(status, SOURCES, now),
    }
