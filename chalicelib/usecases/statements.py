"""Monthly statements: drafted from what is settled, closed once by the operator, and never changed after that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Parts, Selection, group
from chalicelib.domain.cost import CostDay, CostKey
from chalicelib.domain.errors import NotFound
from chalicelib.domain.exact import add, add_known
from chalicelib.domain.period import DAY, midnight, minus_months, month_start, next_month
from chalicelib.domain.rates import Plan, Rates, charged, kind_of
from chalicelib.domain.spend import Chosen, by_key, currencies
from chalicelib.domain.state import CustomerStatus
from chalicelib.domain.statement import (
    RESTATEMENT,
    SHARE,
    USAGE,
    Statement,
    StatementLine,
    Statements,
    charges,
    kinds_to_share,
    restatements,
)
from chalicelib.usecases.charging import rates_of
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.query import Answer, shown, text_of

RESTATED_MONTHS = 13
"""How long after its month a statement is still held against what its sources say by now."""
Shares = Mapping[str, Mapping[str, Decimal]]
"""currency -> kind -> amount"""


def draft(
    store: MetricStore, customer_id: str, month: date, status: CustomerStatus, now: datetime, shares: Shares | None = None
) -> list[Statement]:
    """The month's statements, one per currency, by what is known now; what is to be shared is in them only where it is given."""
    rates, held = rates_of(store, customer_id, status), statements_of(store, customer_id, status)
    oldest = minus_months(month, RESTATED_MONTHS)
    before = [statement for statement in held.closed if oldest <= statement.month < month]
    first = min((statement.month for statement in before), default=month)
    days = store.costs.read(customer_id, first, next_month(month) - DAY, consistent=not status.settled(now))
    made = own_statements(of_month(days, month), month, rates, shares or {})
    return [_with_restatements(statement, before, held, days, rates) for statement in made]


def statements_of(store: MetricStore, customer_id: str, status: CustomerStatus) -> Statements:
    return (store.choices.get(customer_id, Statements) if Statements.NAME in status.choices else None) or Statements()


def of_month(days: Iterable[CostDay], month: date) -> list[CostDay]:
    return [day for day in days if month_start(day.day) == month]


def days_missing(days: Sequence[CostDay], month: date) -> int:
    """How many of the month's days are unknown."""
    return (next_month(month) - month).days - len(days)


def own_statements(paid: Sequence[CostDay], month: date, rates: Rates, shares: Shares) -> list[Statement]:
    """From the month's days, without what is said of earlier months. None of a currency in which an amount is unknown."""
    plan, days, made = rates.on(month), charged(paid, rates), []
    for currency in sorted({*currencies(paid), *shares}):
        parts = _by_kind(days, plan, currency)
        total_paid = add_known(amount for _, amount in sums_of(paid, plan, currency))
        if total_paid is None or any(amount is None for named in parts.values() for amount in named.values()):
            continue
        lines = charges(plan, currency, parts, shares.get(currency, {}))
        total = add(line.amount for line in lines)
        estimated = bool(days_missing(paid, month)) or any(day.estimated for day in paid)
        made.append(Statement(month, currency, plan.cost, plan.basis, lines, total, estimated, total_paid))
    return made


def sums_of(days: Sequence[CostDay], plan: Plan, currency: str) -> list[tuple[CostKey, Decimal | None]]:
    return by_key(days, plan.cost, Chosen(Selection(), currency))


def _by_kind(days: Sequence[CostDay], plan: Plan, currency: str) -> dict[str, Parts]:
    by_kind: dict[str, list[tuple[CostKey, Decimal | None]]] = {}
    for key, amount in sums_of(days, plan, currency):
        by_kind.setdefault(kind_of(key, plan.cost) or USAGE, []).append((key, amount))
    return {kind: group(lines, ("service",)) for kind, lines in sorted(by_kind.items())}


def _with_restatements(
    statement: Statement, before: Iterable[Statement], held: Statements, days: Sequence[CostDay], rates: Rates
) -> Statement:
    """With a line for each closed month before that comes to something else by now."""
    again: dict[date, Decimal] = {}
    for earlier in (earlier for earlier in before if earlier.currency == statement.currency):
        known = of_month(days, earlier.month)
        if days_missing(known, earlier.month):
            continue  # what isn't known any more restates nothing
        kept = {line.name: line.amount for line in earlier.lines if line.kind == SHARE}
        made = own_statements(known, earlier.month, rates, {earlier.currency: kept})
        again |= {one.month: one.charges for one in made if one.currency == earlier.currency}
    lines = (*statement.lines, *restatements(held, again, statement.currency))
    return replace(statement, lines=lines, total=add(line.amount for line in lines))


def statement_answer(store: MetricStore, customer_id: str, month: date, status: CustomerStatus, now: datetime) -> Answer:
    """The month as it was closed, or as it stands by now; NotFound for a month that hasn't begun."""
    if midnight(month) > now:
        raise NotFound("that month hasn't begun")
    closed = statements_of(store, customer_id, status).of(month)
    rates = rates_of(store, customer_id, status).on(month)
    open_kinds = [] if closed else list(kinds_to_share([rates]))
    found = closed or draft(store, customer_id, month, status, now)
    last = next_month(month) - DAY
    known = len(store.costs.read(customer_id, month, last, consistent=not status.settled(now)))
    return {
        "customer_id": customer_id,
        "month": f"{month:%Y-%m}",
        "status": "closed" if closed else "open",
        "statements": [_shown(statement) for statement in found],
        "to_be_shared": open_kinds,
        "days_known": known,
        "days_expected": last.day,
        "generated_at": text_of(now),
    }


def statements_answer(store: MetricStore, customer_id: str, question: None, status: CustomerStatus, now: datetime) -> Answer:
    """Every closed statement, newest first, without its lines."""
    closed = reversed(statements_of(store, customer_id, status).closed)
    return {
        "customer_id": customer_id,
        "statements": [
            {"month": f"{one.month:%Y-%m}", "currency": one.currency, "total": shown(one.total), "closed_at": text_of(one.closed_at)}
            for one in closed
        ],
        "generated_at": text_of(now),
    }


def _shown(statement: Statement) -> Answer:
    """Without what the payer pays."""
    return {
        "currency": statement.currency,
        "cost": statement.cost,
        "rate_basis": statement.rate_basis,
        "lines": [{"kind": line.kind, "name": line.name, "amount": shown(line.amount)} for line in statement.lines],
        "charges": shown(statement.charges),
        "restatements": shown(add(_of_kind(statement.lines, RESTATEMENT))),
        "total": shown(statement.total),
        "estimated": statement.estimated,
        "closed_at": text_of(statement.closed_at),
    }


def _of_kind(lines: Iterable[StatementLine], kind: str) -> Iterable[Decimal]:
    return (line.amount for line in lines if line.kind == kind)
