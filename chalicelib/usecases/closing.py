"""Closing a month: every customer's statement is drawn up once, with its share of what is shared out among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from chalicelib.domain.cost import CostDay
from chalicelib.domain.customer import UNALLOCATED, Customer
from chalicelib.domain.exact import ZERO, add
from chalicelib.domain.period import DAY, midnight, next_month
from chalicelib.domain.rates import SHARED, Plan, kind_of
from chalicelib.domain.spend import currencies
from chalicelib.domain.statement import Statement, Statements, kinds_to_share, shared_out
from chalicelib.usecases.charging import rates_of
from chalicelib.usecases.ports import CustomerDirectory, MetricStore
from chalicelib.usecases.statements import days_missing, draft, sums_of


@dataclass(frozen=True)
class Closings:
    """What was shared out when a month was first closed: per month, customer, currency and kind; for the operator's eyes alone."""

    NAME: ClassVar[str] = "closings"
    shares: dict[str, dict[str, dict[str, dict[str, Decimal]]]] = field(default_factory=dict)


def _days(store: MetricStore, customer_id: str, month: date) -> list[CostDay]:
    return store.costs.read(customer_id, month, next_month(month) - DAY)


def close_month(directory: CustomerDirectory, store: MetricStore, month: date, now: datetime) -> list[tuple[str, list[Statement] | str]]:
    """Closes the month for every customer that is served: (customer, its statements or why there is none). Again, it changes nothing.

    A customer whose days aren't all known stays open, and so do all that share something with it; one that came later isn't named.
    """
    served = [customer for customer in directory.all() if not customer.disabled]
    unknown = {customer.id: days_missing(_days(store, customer.id, month), month) for customer in served}
    customers = [customer.id for customer in served if not _came_later(customer, month, unknown[customer.id])]
    statuses = store.statuses(customers)
    plans = {customer_id: rates_of(store, customer_id, status).on(month) for customer_id, status in statuses.items()}
    shares = _shares(store, month, plans, unknown)
    done: list[tuple[str, list[Statement] | str]] = []
    for customer_id in customers:
        if unknown[customer_id]:
            done.append((customer_id, f"{unknown[customer_id]} days are unknown"))
        elif shares is None and kinds_to_share([plans[customer_id]]):
            done.append((customer_id, "somebody that it shares with has days that are unknown"))
        else:
            made = draft(store, customer_id, month, statuses[customer_id], now, (shares or {}).get(customer_id))
            done.append((customer_id, _close(store, customer_id, month, made, now)))
    return done


def _came_later(customer: Customer, month: date, unknown: int) -> bool:
    """Whether it has nothing to do with the month: it was added after that, and no day of it is known."""
    end = next_month(month)
    return customer.since >= midnight(end) and unknown == (end - month).days


def _close(store: MetricStore, customer_id: str, month: date, made: list[Statement], now: datetime) -> list[Statement]:
    closing = tuple(replace(statement, closed_at=now) for statement in made)
    return store.choices.change(customer_id, Statements, lambda held: _closed(held, month, closing)).of(month)


def _closed(held: Statements | None, month: date, closing: tuple[Statement, ...]) -> Statements:
    held = held or Statements()
    if held.of(month):
        return held
    return Statements(tuple(sorted((*held.closed, *closing), key=lambda one: (one.month, one.currency))))


def _shares(
    store: MetricStore, month: date, plans: Mapping[str, Plan], unknown: Mapping[str, int]
) -> dict[str, dict[str, dict[str, Decimal]]] | None:
    """Per customer, currency and kind what falls to it of what is shared; as it was when the month was first closed.

    None while somebody's usage, by which it is shared, isn't known.
    """
    sharers = {kind: [name for name, plan in plans.items() if plan.rule(kind) == SHARED] for kind in kinds_to_share(plans.values())}
    if not sharers:
        return {}
    name = f"{month:%Y-%m}"
    held = store.choices.get(UNALLOCATED, Closings)
    if held and name in held.shares:
        return held.shares[name]
    if any(unknown[customer] for customers in sharers.values() for customer in customers):
        return None
    found: dict[str, dict[str, dict[str, Decimal]]] = {}
    for kind, customers in sharers.items():
        for currency, by_customer in _shared(store, month, kind, {customer: plans[customer] for customer in customers}).items():
            for customer, amount in by_customer.items():
                found.setdefault(customer, {}).setdefault(currency, {})[kind] = amount

    def first(before: Closings | None) -> Closings:
        known = before.shares if before else {}
        return Closings({name: found, **known})

    return store.choices.change(UNALLOCATED, Closings, first).shares[name]


def _shared(store: MetricStore, month: date, kind: str, plans: Mapping[str, Plan]) -> dict[str, dict[str, Decimal]]:
    """Per currency what each of the sharers gets of that kind: of what is nobody's and of their own, by their usage."""
    pools: dict[str, list[Decimal]] = {}
    weights: dict[str, dict[str, Decimal]] = {}
    for customer, plan in (*plans.items(), (UNALLOCATED, next(iter(plans.values())))):
        days = _days(store, customer, month)
        for currency in currencies(days):
            sums = sums_of(days, plan, currency)
            pools.setdefault(currency, []).extend(amount or ZERO for key, amount in sums if kind_of(key, plan.cost) == kind)
            if customer != UNALLOCATED:
                weights.setdefault(currency, {})[customer] = add(amount or ZERO for key, amount in sums if not kind_of(key, plan.cost))
    return {currency: shared_out(add(amounts), weights.get(currency, {}), currency) for currency, amounts in pools.items()}
