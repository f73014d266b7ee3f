"""customers + unallocated = payer: for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostDay
from chalicelib.domain.customer import UNALLOCATED
from chalicelib.domain.exact import add_known
from chalicelib.domain.payer_wide import PayerWide
from chalicelib.domain.period import DAY, next_month
from chalicelib.domain.spend import Chosen, by_day, currencies, reconcile
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.world import CustomerDirectory

BILLED = "billed"


def payer_wide(directory: CustomerDirectory, store: MetricStore, month: date) -> list[PayerWide]:
    """Per currency what all customers' lines and nobody's sum to, against the sources' own totals of all their accounts."""
    last = next_month(month) - DAY
    whose = {customer_id: store.costs.read(customer_id, month, last) for customer_id in (*(one.id for one in directory.all()), UNALLOCATED)}
    found = sorted({currency for days in whose.values() for currency in currencies(days)})
    return [_row(whose, currency) for currency in found]


def _row(whose: dict[str, list[CostDay]], currency: str) -> PayerWide:
    sums = {name: _sums(days, currency) for name, days in whose.items()}
    customers = add_known(lines for name, (lines, _) in sums.items() if name != UNALLOCATED)
    return PayerWide(currency, customers, sums[UNALLOCATED][0], add_known(own for _, own in sums.values()))


def _sums(days: Sequence[CostDay], currency: str) -> tuple[Decimal | None, Decimal | None]:
    """(what the lines sum to, what the sources say)"""
    lines = by_day(days, BILLED, Chosen(Selection(), currency))
    found = reconcile(days, BILLED, currency, lines)
    return found.lines, found.own
