"""Forecasts: made anew whenever costs are settled and kept beside the sources' states, so that a question needs no history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.period import DAY, month_start, next_month
from chalicelib.domain.prospect import INTERVAL, METHOD, Forecast, Prospect, Prospects
from chalicelib.domain.rates import Rates
from chalicelib.domain.spend import largest_difference
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer, shown
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.sources import ForecastSource
from chalicelib.usecases.questions.costs import CostQuestion

BILLED = "billed"
NOT_THEN = "forecasts are of now, not of an earlier instant"


def make_prospects(store: MetricStore, customer_id: str, now: datetime) -> tuple[Prospects, Decimal]:
    """What lies ahead by all that is settled now, and by how much at most a day of it differs from its source's own total."""
    from chalicelib.domain.prospecting import history_window, prospects

    status, window = store.status(customer_id), history_window(now.date())
    paid = store.costs.read(customer_id, window.start.date(), (window.end - DAY).date())
    rates, digest = choice_of(store, customer_id, Rates, status), status.choices.get(Rates.NAME, "")
    return prospects(paid, rates, digest, now.date()), largest_difference(paid)


def ask_source(source: ForecastSource, customer: Customer, ahead: Prospects, kept: Prospects | None, charged: bool) -> Prospects:
    """With the source's forecast of what is billed, asked once a day; where it gives none ours stays, with the reason.

    What a customer is charged at rates of its own (`charged`) no source knows.
    """
    if charged or not customer.account_ids:
        return ahead
    before = _told_before(kept, ahead, source.method)
    try:
        currency, told = before or source.read(customer.account_ids, ahead.made_on, customer.billing_view)
    except SourceUnavailable as failure:
        return ahead.told({currency: {BILLED: _because(failure, found)} for currency, of in ahead.of.items() if (found := of.get(BILLED))})
    found = ahead.of.get(currency, {}).get(BILLED)
    return ahead.told({currency: {BILLED: found.told_by(told)}}) if found else ahead


def _told_before(kept: Prospects | None, ahead: Prospects, method: str) -> tuple[str, Forecast] | None:
    """What the source told earlier today, at the same rates."""
    for currency, of in kept.of.items() if kept and (kept.made_on, kept.rates) == (ahead.made_on, ahead.rates) else ():
        if BILLED in of and of[BILLED].next_month.method == method:
            return currency, of[BILLED].next_month
    return None


def _because(failure: SourceUnavailable, found: Prospect) -> Prospect:
    return replace(found, next_month=replace(found.next_month, reason=f"ours, as Cost Explorer gave none: {failure.reason}"))


def prospect_of(
    store: MetricStore, customer_id: str, basis: str, selection: Selection, currency: str, status: CustomerStatus, now: datetime
) -> Prospect:
    """The kept one of everything, else one made for these filters: that reads what it rests on."""
    kept = status.prospects
    current = kept and kept.rates == status.choices.get(Rates.NAME, "") and month_start(kept.made_on) == month_start(now.date())
    found = kept.of.get(currency, {}).get(basis) if kept and current and selection == Selection() else None
    if found is not None:
        return found
    from chalicelib.domain.prospecting import history_window, prospect  # seldom needed, and not for nothing at a cold start

    window = history_window(now.date())
    paid = store.costs.read(customer_id, window.start.date(), (window.end - DAY).date(), consistent=not status.settled(now))
    return prospect(paid, choice_of(store, customer_id, Rates, status), basis, selection, currency, now.date())


def forecast_answer(
    store: MetricStore, customer_id: str, question: CostQuestion, currency: str | None, status: CustomerStatus, now: datetime
) -> Answer:
    """The next month's amount; null with the reason why where there is none."""
    month = next_month(now.date())
    if currency is None and status.prospects and len(status.prospects.of) == 1:
        (currency,) = status.prospects.of  # the window has no line, but the customer has costs
    if question.as_of or currency is None:
        reason = NOT_THEN if question.as_of else "no costs are known"
        none = Forecast(month, None, None, None, METHOD, reason, 0)
        return shown_forecast(Prospect(none, none, 0, None, None))
    return shown_forecast(prospect_of(store, customer_id, question.basis, question.selection, currency, status, now))


def shown_forecast(found: Prospect) -> Answer:
    ahead = found.next_month
    return {
        "month": f"{ahead.month:%Y-%m}",
        "amount": shown(ahead.amount),
        "low": shown(ahead.low),
        "high": shown(ahead.high),
        "interval_percent": INTERVAL,
        "method": ahead.method,
        "reason": ahead.reason or None,
        "days": ahead.days,
        "this_month": shown(found.this_month.amount),
        "this_month_low": shown(found.this_month.low),
        "this_month_high": shown(found.this_month.high),
        "backtest": {"months": found.months, "coverage": shown(found.coverage), "mape": shown(found.mape)},
    }
