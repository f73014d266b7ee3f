"""Closing a month: every customer's statement is drawn up once, with its share of what is shared out among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from chalicelib.domain.cost import CostDay
from chalicelib.domain.customer import UNALLOCATED, Customer
from chalicelib.domain.exact import add_known
from chalicelib.domain.period import DAY, midnight, next_month
from chalicelib.domain.rates import SHARED, Plan, Rates, kind_of
from chalicelib.domain.spend import currencies
from chalicelib.domain.statement import Statement, Statements, kinds_to_share, shared_out
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.billing.statements import Draft, days_missing, draft, sums_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.world import CustomerDirectory


@dataclass(frozen=True)
class Closings:
    """What was shared out when a month was first closed: per month, customer, currency and kind; for the operator's eyes alone."""

    NAME: ClassVar[str] = "closings"
    shares: dict[str, dict[str, dict[str, dict[str, Decimal]]]] = field(default_factory=dict)


def forget_shares(store: MetricStore, customer_id: str) -> int:
    """Takes a customer that was erased out of what was shared out; of how many months."""
    months = [month for month, shares in choice_of(store, UNALLOCATED, Closings).shares.items() if customer_id in shares]
    if months:
        store.choices.change(UNALLOCATED, Closings, lambda now: _without(now or Closings(), customer_id))
    return len(months)


def _without(closings: Closings, customer_id: str) -> Closings:
    kept = {month: {name: share for name, share in shares.items() if name != customer_id} for month, shares in closings.shares.items()}
    return Closings(kept)


def _days(store: MetricStore, customer_id: str, month: date) -> list[CostDay]:
    return store.costs.read(customer_id, month, next_month(month) - DAY)


def close_month(directory: CustomerDirectory, store: MetricStore, month: date, now: datetime) -> list[tuple[str, list[Statement] | str]]:
    """Closes the month for every customer that is served: (customer, its statements or why there is none). Again, it changes nothing.

    A customer whose days aren't all known stays open, and so do all that share something with it; one that came later isn't named.
    """
    everybody = directory.all()
    unknown = {customer.id: days_missing(_days(store, customer.id, month), month) for customer in everybody}
    customers = [customer.id for customer in everybody if _has_month(customer, month, unknown[customer.id])]
    statuses = store.statuses(customers)
    plans = {customer_id: choice_of(store, customer_id, Rates, status).on(month) for customer_id, status in statuses.items()}
    shares = _shares(store, month, plans, unknown)
    done: list[tuple[str, list[Statement] | str]] = []
    for customer_id in customers:
        if unknown[customer_id]:
            done.append((customer_id, f"{unknown[customer_id]} days are unknown"))
        elif shares is None and kinds_to_share([plans[customer_id]]):
            done.append((customer_id, "somebody that it shares with has days or amounts that are unknown"))
        else:
            made = draft(store, customer_id, month, statuses[customer_id], now, (shares or {}).get(customer_id))
            unclear = f"amounts in {', '.join(made.unknown)} are unknown"
            done.append((customer_id, unclear if made.unknown else _close(store, customer_id, made, now)))
    return done


def _has_month(customer: Customer, month: date, unknown: int) -> bool:
    """Not one that was added after it and knows nothing of it, nor one that was disabled before all of it was known."""
    end = next_month(month)
    came_later = customer.since >= midnight(end) and unknown == (end - month).days
    return not came_later and not (customer.disabled and unknown)


def _close(store: MetricStore, customer_id: str, made: Draft, now: datetime) -> list[Statement]:
    """What is stated of earlier months is worked out against what stands when this is written: of two closings one states it."""

    def closed(held: Statements | None) -> Statements:
        held = held or Statements()
        if held.of(made.month):
            return held
        new = [replace(statement, closed_at=now) for statement in made.stated(held)]
        return Statements(tuple(sorted((*held.closed, *new), key=lambda one: (one.month, one.currency))))

    return store.choices.change(customer_id, Statements, closed).of(made.month)


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
    held = choice_of(store, UNALLOCATED, Closings)
    if name in held.shares:
        return held.shares[name]
    if any(unknown[customer] for customers in sharers.values() for customer in customers):
        return None
    found: dict[str, dict[str, dict[str, Decimal]]] = {}
    for kind, customers in sharers.items():
        for currency, by_customer in _shared(store, month, kind, {customer: plans[customer] for customer in customers}).items():
            if by_customer is None:
                return None
            for customer, amount in by_customer.items():
                found.setdefault(customer, {}).setdefault(currency, {})[kind] = amount

    def first(before: Closings | None) -> Closings:
        known = before.shares if before else {}
        return Closings({name: found, **known})

    return store.choices.change(UNALLOCATED, Closings, first).shares[name]


def _shared(store: MetricStore, month: date, kind: str, plans: Mapping[str, Plan]) -> dict[str, dict[str, Decimal] | None]:
    """Per currency what each of the sharers gets of that kind: of what is nobody's and of their own, by their usage.

    None where an amount of it is unknown.
    """
    pools: dict[str, list[Decimal | None]] = {}
    weights: dict[str, dict[str, Decimal | None]] = {}
    for customer, plan in (*plans.items(), (UNALLOCATED, next(iter(plans.values())))):
        days = _days(store, customer, month)
        for currency in currencies(days):
            sums = [(kind_of(key, plan.cost), amount) for key, amount in sums_of(days, plan, currency)]
            pools.setdefault(currency, []).extend(amount for its_kind, amount in sums if its_kind == kind)
            if customer != UNALLOCATED:
                weights.setdefault(currency, {})[customer] = add_known(amount for its_kind, amount in sums if not its_kind)
    found: dict[str, dict[str, Decimal] | None] = {}
    for currency, amounts in pools.items():
        pool, known = add_known(amounts), {name: weight for name, weight in weights.get(currency, {}).items() if weight is not None}
        whole = pool is not None and len(known) == len(weights.get(currency, {}))
        found[currency] = shared_out(pool, known, currency) if pool is not None and whole else None
    return found
