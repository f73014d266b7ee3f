"""A customer's days of cost at its own rates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.cost import CostDay
from chalicelib.domain.period import DAY, Window
from chalicelib.domain.rates import Rates, charged
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.ports.metrics import MetricStore

Days = list[CostDay]


def charging(rates: Rates) -> Callable[[Days], Days]:
    """What makes days of the payer's costs days of what the customer is charged; the very same where it pays what the payer does."""
    return (lambda days: charged(days, rates)) if any(plan.changes_amounts for plan in rates.plans) else (lambda days: days)


def charged_days(
    store: MetricStore, customer_id: str, window: Window, status: CustomerStatus, now: datetime, rates: Rates | None = None
) -> Days:
    """The window's days as the customer is charged for them."""
    first, last = window.start.date(), (window.end - DAY).date()
    read = store.costs.read(customer_id, first, last, consistent=not status.settled(now))
    return charging(choice_of(store, customer_id, Rates, status) if rates is None else rates)(read)
