"""GET /analytics/costs/unit: what a call, a GB and a compute hour cost, by the days of which usage and cost are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import USAGE_CHARGE, CostDay
from chalicelib.domain.exact import EXACT, add_known, quotient
from chalicelib.domain.period import DAY, HOUR, Window, midnight
from chalicelib.domain.spend import Chosen, by_day
from chalicelib.domain.state import CLOUDWATCH, CustomerStatus
from chalicelib.domain.usage import UsageBucket, select, span
from chalicelib.usecases.answers.charging import charged_days
from chalicelib.usecases.answers.costs import SOURCES, currency_of
from chalicelib.usecases.answers.values import Answer, data_through, shown, source_states, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.costs import CostQuestion

HOURS_A_MONTH = 730
A_DAY = int(timedelta(days=1) / HOUR)


@dataclass(frozen=True)
class Unit:
    """What a metric's cost is told by: the services that it drives, each for itself, per so many of it."""

    metric: str
    services: tuple[str, ...]
    name: str
    used: str
    size: int = 1


UNITS = (
    Unit("api_calls", ("Amazon API Gateway", "Elastic Load Balancing"), "1,000,000 calls", "calls", 1_000_000),
    Unit("storage_gb", ("Amazon Simple Storage Service",), "GB-month of 730 hours", "GB-hours", HOURS_A_MONTH),
    Unit("compute_hours", ("Amazon Elastic Compute Cloud", "AWS Lambda"), "hour", "hours"),
    Unit("data_transfer_gb", ("Amazon CloudFront",), "GB", "GB"),
)
"""Instances' NetworkOut has no cost of its own (it lies in EC2's), so transfer is CloudFront's. Storage is counted in GB-hours."""


def unit_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Per metric and service: cost of usage, what was used, and one over the other to six places; null where a side isn't known."""
    window = question.window
    days = charged_days(store, customer_id, window, status, now)
    first, last = window.start.date(), (window.end - DAY).date()
    used = {bucket.start.date(): bucket for bucket in store.usage.read(customer_id, first, last, consistent=not status.settled(now))}
    currency = currency_of(days, question.currency)
    lines = [_line(unit, service, days, used, question, currency) for unit in UNITS for service in unit.services]
    return {
        "customer_id": customer_id,
        "period": question.period,
        "window": {"start": text_of(window.start), "end": text_of(window.end)},
        "cost": question.basis,
        "currency": currency,
        "units": lines,
        "coverage": {
            "days_expected": _expected(window, now),
            "sources": source_states(status, (*SOURCES, CLOUDWATCH), now),
        },
        "data_through": text_of(min(filter(None, (data_through(status, SOURCES), data_through(status, (CLOUDWATCH,)))), default=None)),
        "generated_at": text_of(now),
    }


def _expected(window: Window, now: datetime) -> int:
    return window.clipped(midnight(now.date())).length // DAY


def _line(
    unit: Unit, service: str, days: Sequence[CostDay], used: dict[date, UsageBucket], question: CostQuestion, currency: str | None
) -> Answer:
    wanted = replace(question.selection, service=(service,), charge_category=(USAGE_CHARGE,))
    costs = by_day(days, question.basis, Chosen(wanted, currency))
    amounts = {day: _used(used.get(day), unit.metric, wanted) for day in costs}
    both = [day for day, amount in amounts.items() if amount is not None and costs[day] is not None]
    cost, amount = (add_known(sums[day] for day in both) if both else None for sums in (costs, amounts))
    return {
        "metric": unit.metric,
        "service": service,
        "unit": unit.name,
        "days": len(both),
        "amount": shown(cost),
        "used": shown(amount),
        "used_unit": unit.used,
        "unit_cost": shown(_per(cost, amount, unit.size)),
    }


def _used(day: UsageBucket | None, metric: str, wanted: Selection) -> Decimal | None:
    """What was used on a day that was read in every hour; of a gauge its value x hours."""
    if day is None or day.hours_of(metric) < A_DAY or _partly(day.covered.values()):
        return None
    chosen = select(day, replace(wanted, charge_category=()))
    return chosen.totals.total(span(chosen.keys, metric))


def _partly(hours: Iterable[int]) -> bool:
    return any(read < A_DAY for read in hours)


def _per(cost: Decimal | None, used: Decimal | None, size: int) -> Decimal | None:
    """None where nothing was used: nothing has no price."""
    return None if cost is None or not used else quotient(EXACT.multiply(cost, Decimal(size)), used)
