"""Budgets: said, held against what is spent whenever costs are settled, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.domain.budget import ACTUAL, FORECAST, Budget, BudgetEvent, Budgets, BudgetState, Threshold
from chalicelib.domain.cost import CostDay
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.exact import add_known
from chalicelib.domain.period import Window, midnight, minus_months, month_start, next_month
from chalicelib.domain.spend import Chosen, by_day, currencies
from chalicelib.domain.state import COST_EXPLORER, CustomerStatus
from chalicelib.usecases.answers.charging import charged_days
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.prospects import prospect_of
from chalicelib.usecases.answers.values import Answer, shown, text_of
from chalicelib.usecases.ports.metrics import MetricStore

MOST_BUDGETS = 100


def put_budget(store: MetricStore, customer_id: str, budget: Budget, existing: bool) -> Budget:
    """Adds a budget, or replaces one that must be there (who made it, and when, stays)."""
    found: list[Budget] = []

    def change(held: Budgets | None) -> Budgets:
        held = held or Budgets()
        before = held.of(budget.id)
        if existing and before is None:
            raise NotFound("there is no such budget")
        if before is None and len(held.budgets) >= MOST_BUDGETS:
            raise Conflict(f"there are {MOST_BUDGETS} budgets already")
        after = budget if before is None else _as_made(budget, before)
        found[:] = [after]
        return held.with_budget(after)

    store.choices.change(customer_id, Budgets, change)
    return found[0]


def _as_made(budget: Budget, before: Budget) -> Budget:
    return Budget(**{**vars(budget), "created_at": before.created_at, "created_by": before.created_by})


def delete_budget(store: MetricStore, customer_id: str, budget_id: str) -> None:
    def change(held: Budgets | None) -> Budgets:
        if held is None or held.of(budget_id) is None:
            raise NotFound("there is no such budget")
        return held.without(budget_id)

    store.choices.change(customer_id, Budgets, change)


def states(
    store: MetricStore, customer_id: str, budgets: Sequence[Budget], status: CustomerStatus, now: datetime, last_month: bool = False
) -> list[BudgetState]:
    """This month of each budget, or the last one, by what is settled: the month's days are read once for all of them."""
    month = month_start(now.date())
    month = minus_months(month, 1) if last_month else month
    window = Window(midnight(month), midnight(next_month(month)))
    days = charged_days(store, customer_id, window, status, now) if budgets else []
    found = []
    for budget in budgets:
        if not _can_be_told(budget, days):
            found.append(BudgetState(budget, month, None, None))
            continue
        amounts = by_day(days, budget.cost, Chosen(budget.scope, budget.currency))
        ahead = None if last_month else prospect_of(store, customer_id, budget.cost, budget.scope, budget.currency, status, now).this_month
        actual = add_known(amounts.values()) if days else None
        found.append(BudgetState(budget, month, actual, ahead.amount if ahead else None))
    return found


def _can_be_told(budget: Budget, days: Sequence[CostDay]) -> bool:
    """Not by tags that a source doesn't give, nor in a currency that only others are spent in: that would be 0, and isn't."""
    found = currencies(days)
    untagged = bool(budget.scope.tags) and any(COST_EXPLORER in day.sources for day in days)
    return not untagged and (not found or budget.currency in found)


def check_budgets(store: MetricStore, customer_id: str, now: datetime) -> list[BudgetEvent]:
    """Holds every budget against what has been settled and keeps what that tells; returns what is new. Asked again, it tells nothing.

    A month's last days come in the next one, so the last month is looked at, too.
    """
    status = store.status(customer_id)
    held = choice_of(store, customer_id, Budgets, status)
    if not held.budgets:
        return []
    older = [budget for budget in held.budgets if budget.created_at < midnight(month_start(now.date()))]
    found = [*states(store, customer_id, older, status, now, last_month=True), *states(store, customer_id, held.budgets, status, now)]
    crossed = [(state.budget, event) for state in found for event in state.events(now)]
    known = {event.key for event in held.events}
    kept = store.choices.change(customer_id, Budgets, _telling(crossed))
    return [event for event in kept.events if event.key not in known]


def _telling(crossed: Sequence[tuple[Budget, BudgetEvent]]) -> Callable[[Budgets | None], Budgets]:
    """Of budgets that are still what they were when they were looked at."""

    def telling(held: Budgets | None) -> Budgets:
        held = held or Budgets()
        return held.told(event for budget, event in crossed if held.of(budget.id) == budget)

    return telling


def budgets_answer(store: MetricStore, customer_id: str, budget_id: str | None, status: CustomerStatus, now: datetime) -> Answer:
    """All budgets with this month's state, or the one of that id, with everything that it has told; NotFound."""
    held = choice_of(store, customer_id, Budgets, status)
    wanted = [budget for budget in held.budgets if budget_id in (None, budget.id)]
    if budget_id is not None and not wanted:
        raise NotFound("there is no such budget")
    shown_ones = [_shown(state, held) for state in states(store, customer_id, wanted, status, now)]
    if budget_id is not None:
        return {"customer_id": customer_id, **shown_ones[0], "generated_at": text_of(now)}
    return {"customer_id": customer_id, "budgets": shown_ones, "generated_at": text_of(now)}


def _shown(state: BudgetState, held: Budgets) -> Answer:
    budget, crossed = state.budget, set(state.crossed())
    return {
        **shown_budget(budget),
        "month": f"{state.month:%Y-%m}",
        "actual": shown(state.actual),
        "forecast": shown(state.forecast),
        "remaining": shown(state.remaining),
        "used_percent": shown(state.used(ACTUAL)),
        "forecast_percent": shown(state.used(FORECAST)),
        "state": state.state,
        "thresholds": [{**_shown_threshold(one), "crossed": one in crossed} for one in budget.thresholds],
        "events": [
            {
                "month": f"{event.month:%Y-%m}",
                "percent": shown(event.threshold.percent),
                "of": event.threshold.of,
                "amount": shown(event.amount),
                "at": text_of(event.at),
            }
            for event in held.events
            if event.budget_id == budget.id
        ],
    }


def _shown_threshold(threshold: Threshold) -> Answer:
    return {"percent": shown(threshold.percent), "of": threshold.of}


def shown_budget(budget: Budget) -> Answer:
    scope: dict[str, object] = {name: list(wanted) for name, wanted in budget.scope.chosen if name != "charge_category"}
    if budget.scope.charge_category:
        scope["charges"] = ["usage"]
    return {
        "id": budget.id,
        "name": budget.name,
        "amount": shown(budget.amount),
        "currency": budget.currency,
        "cost": budget.cost,
        "scope": scope,
        "thresholds": [_shown_threshold(one) for one in budget.thresholds],
        "created_at": text_of(budget.created_at),
        "created_by": budget.created_by,
    }
