"""Monthly statements: drafted from what is settled, closed once by the operator, and never changed after that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Parts, Selection, group
from chalicelib.domain.cost import CostDay, CostKey
from chalicelib.domain.errors import NotFound
from chalicelib.domain.exact import ZERO, add, add_known, subtract
from chalicelib.domain.period import DAY, midnight, minus_months, month_start, next_month
from chalicelib.domain.rates import SHARED, Plan, Rates, charged, kind_of
from chalicelib.domain.spend import Chosen, by_key, currencies
from chalicelib.domain.state import CustomerStatus
from chalicelib.domain.statement import (
    SHARE,
    USAGE,
    Statement,
    Statements,
    charges,
    kinds_to_share,
    restatements,
)
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer, shown, text_of
from chalicelib.usecases.ports.metrics import MetricStore

RESTATED_MONTHS = 13
"""How long after its month a statement is still held against what its sources say by now."""
Shares = Mapping[str, Mapping[str, Decimal]]
"""currency -> kind -> amount"""


@dataclass(frozen=True)
class Draft:
    """A month's own statements by what is known now, and what closed months before it come to by now, per month and currency.

    `unknown` are the currencies in which an amount of the month is unknown: they have no statement.
    """

    month: date
    plan: Plan
    own: tuple[Statement, ...]
    again: Mapping[tuple[date, str], Decimal]
    unknown: tuple[str, ...]

    def stated(self, held: Statements) -> list[Statement]:
        """With a line for each closed month that comes to something else than was stated; in a currency of its own, too."""
        changed = {currency for (month, currency), amount in self.again.items() if amount != held.stated(month, currency)}
        own = {statement.currency: statement for statement in self.own}
        return [self._stated(own.get(currency) or self._empty(currency), held) for currency in sorted({*own, *changed})]

    def _stated(self, statement: Statement, held: Statements) -> Statement:
        again = {month: amount for (month, currency), amount in self.again.items() if currency == statement.currency}
        lines = (*statement.lines, *restatements(held, again, statement.currency))
        return replace(statement, lines=lines, total=add(line.amount for line in lines))

    def _empty(self, currency: str) -> Statement:
        return Statement(self.month, currency, self.plan.cost, self.plan.basis, (), ZERO, False, ZERO)


def draft(store: MetricStore, customer_id: str, month: date, status: CustomerStatus, now: datetime, shares: Shares | None = None) -> Draft:
    """By what is known now; what is to be shared is in it only where it is given."""
    rates, held = choice_of(store, customer_id, Rates, status), choice_of(store, customer_id, Statements, status)
    oldest = minus_months(month, RESTATED_MONTHS)
    before = sorted({statement.month for statement in held.closed if oldest <= statement.month < month})
    days = store.costs.read(customer_id, min([*before, month]), next_month(month) - DAY, consistent=not status.settled(now))
    own, unknown = own_statements(of_month(days, month), month, rates, shares or {})
    again = {place: amount for earlier in before for place, amount in _again(of_month(days, earlier), earlier, held, rates).items()}
    return Draft(month, rates.on(month), tuple(own), again, tuple(unknown))


def _again(days: Sequence[CostDay], month: date, held: Statements, rates: Rates) -> dict[tuple[date, str], Decimal]:
    """What a closed month would be charged by now, per currency; what isn't known any more restates nothing."""
    closed = held.of(month)
    kept = {one.currency: {line.name: line.amount for line in one.lines if line.kind == SHARE} for one in closed}
    if days_missing(days, month):
        return {}
    made, unknown = own_statements(days, month, rates, {currency: shares for currency, shares in kept.items() if shares})
    amounts = {(month, currency): ZERO for currency in kept} | {(month, one.currency): one.charges for one in made}
    return {place: amount for place, amount in amounts.items() if place[1] not in unknown}


def of_month(days: Iterable[CostDay], month: date) -> list[CostDay]:
    return [day for day in days if month_start(day.day) == month]


def days_missing(days: Sequence[CostDay], month: date) -> int:
    """How many of the month's days are unknown."""
    return (next_month(month) - month).days - len(days)


def own_statements(paid: Sequence[CostDay], month: date, rates: Rates, shares: Shares) -> tuple[list[Statement], list[str]]:
    """(what the month's days are charged, without what is said of earlier months; the currencies in which an amount is unknown).

    A month that cost nothing has a statement all the same: it may have a minimum. One of which no day is known has none.
    """
    plan, days, made, unknown = rates.on(month), charged(paid, rates), list[Statement](), list[str]()
    found = {*currencies(paid), *shares} or {plan.currency}
    for currency in sorted({*found, *({plan.currency} if plan.minimum is not None else ())}) if paid else ():
        parts, its_shares = _by_kind(days, plan, currency), shares.get(currency, {})
        total_paid = add_known(amount for key, amount in sums_of(paid, plan, currency) if plan.rule(kind_of(key, plan.cost)) != SHARED)
        known = {kind: {name: amount for name, amount in named.items() if amount is not None} for kind, named in parts.items()}
        if total_paid is None or known != parts:
            unknown.append(currency)
            continue
        lines = charges(plan, currency, known, its_shares)
        total = add(line.amount for line in lines)
        estimated = bool(days_missing(paid, month)) or any(day.estimated for day in paid)
        made.append(Statement(month, currency, plan.cost, plan.basis, lines, total, estimated, add([total_paid, *its_shares.values()])))
    return made, unknown


def sums_of(days: Sequence[CostDay], plan: Plan, currency: str) -> list[tuple[CostKey, Decimal | None]]:
    return by_key(days, plan.cost, Chosen(Selection(), currency))


def _by_kind(days: Sequence[CostDay], plan: Plan, currency: str) -> dict[str, Parts]:
    by_kind: dict[str, list[tuple[CostKey, Decimal | None]]] = {}
    for key, amount in sums_of(days, plan, currency):
        by_kind.setdefault(kind_of(key, plan.cost) or USAGE, []).append((key, amount))
    return {kind: group(lines, ("service",)) for kind, lines in sorted(by_kind.items())}


def statement_answer(store: MetricStore, customer_id: str, month: date, status: CustomerStatus, now: datetime) -> Answer:
    """The month as it was closed, or as it stands by now; NotFound for a month that hasn't begun."""
    if midnight(month) > now:
        raise NotFound("that month hasn't begun")
    held = choice_of(store, customer_id, Statements, status)
    closed = held.of(month)
    rates = choice_of(store, customer_id, Rates, status).on(month)
    open_kinds = [] if closed else list(kinds_to_share([rates]))
    found = closed or draft(store, customer_id, month, status, now).stated(held)
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
    closed = reversed(choice_of(store, customer_id, Statements, status).closed)
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
        "restatements": shown(subtract(statement.total, statement.charges)),
        "total": shown(statement.total),
        "estimated": statement.estimated,
        "closed_at": text_of(statement.closed_at),
    }
