"""How the whole deployment is: per source over all customers, and per customer for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.exact import plain, quotient
from chalicelib.domain.period import DAY
from chalicelib.domain.prices import PRICES
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, NO_DATA, NOT_ENABLED, OK, PARTIAL, SourceState
from chalicelib.usecases.answers.values import Answer, source_state, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.world import CustomerDirectory, Ledger

WORST_FIRST = (FAILING, PARTIAL, NOT_ENABLED, OK, NO_DATA)
DEGRADED = (FAILING, PARTIAL)
UNITS = {CLOUDWATCH: "metrics asked", COST_EXPLORER: "pages asked"}
DAYS_A_MONTH = 30


@dataclass(frozen=True)
class Costs:
    """How much may be asked a day per source, and how many hours lie between two reads of CloudWatch."""

    caps: Mapping[str, int]
    usage_every: int


@dataclass(frozen=True)
class Health:
    """`sources` names no customer; `customers` does; that and `paid` are for the operator alone."""

    status: str
    sources: list[Answer]
    customers: list[Answer]
    paid: list[Answer]


def health_of(directory: CustomerDirectory, metrics: MetricStore, ledger: Ledger, costs: Costs, now: datetime) -> Health:
    """degraded as soon as one source of one customer fails or is older than its limit."""
    customers = [customer for customer in directory.all() if not customer.disabled]
    statuses = metrics.statuses(customer.id for customer in customers)
    by_source: dict[str, list[SourceState]] = {}
    for status in statuses.values():
        for name, state in status.sources.items():
            by_source.setdefault(name, []).append(state)
    troubled = any(state.state in DEGRADED or state.stale(now) for states in by_source.values() for state in states)
    return Health(
        "degraded" if troubled else "ok",
        [_over_all(name, states, now) for name, states in sorted(by_source.items())],
        [
            {"customer_id": name, "sources": [source_state(state, now) for _, state in sorted(status.sources.items())]}
            for name, status in sorted(statuses.items())
        ],
        [_paid(ledger, source, costs, now) for source in sorted(costs.caps)],
    )


def _paid(ledger: Ledger, source: str, costs: Costs, now: datetime) -> Answer:
    """What a source has cost today and yesterday, and a month of the dearer of them; for CloudWatch read every hour and every six."""
    today, yesterday = (ledger.spent(day).get(source, 0) for day in (now.date(), now.date() - DAY))
    price = PRICES[source]
    month = max(today, yesterday) * DAYS_A_MONTH * price
    paid: Answer = {
        "source": source,
        "unit": UNITS[source],
        "today": today,
        "yesterday": yesterday,
        "daily_cap": costs.caps[source],
        "usd_today": plain(today * price),
        "usd_a_month": plain(month),
    }
    if source == CLOUDWATCH:
        hourly = month * costs.usage_every
        paid |= {"usd_a_month_hourly": plain(hourly), "usd_a_month_six_hourly": plain(quotient(hourly, Decimal(6)))}
    return paid


def _over_all(name: str, states: list[SourceState], now: datetime) -> Answer:
    """The worst state, the oldest data and how many customers are behind; reasons are AWS's codes, scopes stay private."""
    counted = [state for state in states if state.data_through is not None]
    oldest = min((state.data_through for state in counted if state.data_through), default=None)
    return {
        "source": name,
        "state": min((state.state for state in states), key=WORST_FIRST.index),
        "customers": len(states),
        "failing": sum(state.state in DEGRADED for state in states),
        "stale": sum(state.stale(now) for state in states),
        "data_through": text_of(oldest),
        "age_hours": int((now - oldest).total_seconds() // 3600) if oldest else None,
    }
