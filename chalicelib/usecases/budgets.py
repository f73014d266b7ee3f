"""Budgets: said, held against what is spent whenever costs are settled, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import DIMENSIONS, TAG, Selection
from chalicelib.domain.budget import ACTUAL, FORECAST, Budget, BudgetEvent, Budgets, BudgetState, Threshold
from chalicelib.domain.cost import CostDay
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.exact import add_known
from chalicelib.domain.period import Window, midnight, month_start, next_month
from chalicelib.domain.rates import CHARGED
from chalicelib.domain.spend import Chosen, by_day, currencies
from chalicelib.domain.state import COST_EXPLORER, CustomerStatus
from chalicelib.usecases.charging import charged_days
from chalicelib.usecases.ports import MetricStore
from chalicelib.usecases.prospects import prospect_of
from chalicelib.usecases.query import Answer, shown, text_of
from chalicelib.usecases.questions import LONGEST_TEXT, MOST_VALUES
from chalicelib.usecases.questions_costs import CHARGES, CURRENCY

MOST_BUDGETS, MOST_THRESHOLDS = 100, 10
LONGEST_NAME = 100
LARGEST = Decimal(10) ** 15
DEFAULT_THRESHOLDS = (Threshold(Decimal(80)), Threshold(Decimal(100)), Threshold(Decimal(100), FORECAST))


@dataclass(frozen=True)
class ThresholdBody:
    percent: Decimal
    of: str = ACTUAL


@dataclass(frozen=True)
class BudgetBody:
    """What is sent of a budget. `scope` names filters as the query of costs does: service, region, ..., charges, tag:<key>."""

    name: str
    amount: Decimal
    currency: str = "USD"
    cost: str = "billed"
    scope: Mapping[str, list[str]] = field(default_factory=dict)
    thresholds: list[ThresholdBody] | None = None


def budget_of(body: BudgetBody, budget_id: str, by: str, now: datetime) -> Budget:
    """The budget that is asked for; InvalidInput names every member that is wrong."""
    problems: list[tuple[str, str]] = []
    if not body.name.strip() or len(body.name) > LONGEST_NAME:
        problems.append(("name", f"must hold 1 to {LONGEST_NAME} characters"))
    if not _amount_is_fine(body.amount):
        problems.append(("amount", "must be a number above 0 and below 10^15, with at most 10 places"))
    if not CURRENCY.fullmatch(body.currency):
        problems.append(("currency", "must be a three-letter code like USD"))
    if body.cost not in CHARGED:
        problems.append(("cost", f"must be one of {', '.join(CHARGED)}"))
    thresholds: tuple[Threshold, ...] = DEFAULT_THRESHOLDS
    if body.thresholds is not None:
        thresholds = tuple(dict.fromkeys(Threshold(one.percent, one.of) for one in body.thresholds))
        problems += _threshold_problems(thresholds)
    selection, wrong = _selection(body.scope)
    if problems := problems + wrong:
        raise InvalidInput(*problems)
    return Budget(budget_id, body.name, body.amount, body.currency, body.cost, selection, thresholds, now, by)


def _amount_is_fine(amount: Decimal) -> bool:
    return amount.is_finite() and 0 < amount < LARGEST and int(amount.as_tuple().exponent) >= -10


def _threshold_problems(thresholds: Sequence[Threshold]) -> list[tuple[str, str]]:
    if not 1 <= len(thresholds) <= MOST_THRESHOLDS:
        return [("thresholds", f"must be 1 to {MOST_THRESHOLDS}")]
    wrong = [
        (
            not all(_percent_is_fine(one.percent) for one in thresholds),
            "percent must be above 0 and at most 1000, with at most 4 places",
        ),
        (not all(one.of in (ACTUAL, FORECAST) for one in thresholds), f"of must be {ACTUAL} or {FORECAST}"),
    ]
    return [("thresholds", message) for bad, message in wrong if bad]


def _percent_is_fine(percent: Decimal) -> bool:
    return percent.is_finite() and 0 < percent <= 1000 and int(percent.as_tuple().exponent) >= -4


def _selection(scope: Mapping[str, list[str]]) -> tuple[Selection, list[tuple[str, str]]]:
    problems = []
    for name, values in scope.items():
        if name not in (*DIMENSIONS, "charges") and not (name.startswith(TAG) and len(TAG) < len(name) <= LONGEST_TEXT):
            problems.append((f"scope.{name}", "is no filter"))
        elif not 1 <= len(values) <= MOST_VALUES or any(not 1 <= len(value) <= LONGEST_TEXT for value in values):
            problems.append((f"scope.{name}", f"must be 1 to {MOST_VALUES} names of 1 to {LONGEST_TEXT} characters"))
    charges = scope.get("charges", ["all"])
    if charges not in ([name] for name in CHARGES):
        problems.append(("scope.charges", "must be all or usage"))
        charges = ["all"]
    named = [tuple(scope.get(name, ())) for name in DIMENSIONS]
    tags = tuple((name.removeprefix(TAG), tuple(values)) for name, values in sorted(scope.items()) if name.startswith(TAG))
    return Selection(named[0], named[1], named[2], named[3], named[4], CHARGES[charges[0]], tags), problems


def budgets_of(store: MetricStore, customer_id: str, status: CustomerStatus) -> Budgets:
    return (store.choices.get(customer_id, Budgets) if Budgets.NAME in status.choices else None) or Budgets()


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


def states(store: MetricStore, customer_id: str, budgets: Sequence[Budget], status: CustomerStatus, now: datetime) -> list[BudgetState]:
    """This month of each budget, by what is settled: the month's days are read once for all of them."""
    month = month_start(now.date())
    window = Window(midnight(month), midnight(next_month(month)))
    days = charged_days(store, customer_id, window, status, now) if budgets else []
    found = []
    for budget in budgets:
        if not _can_be_told(budget, days):
            found.append(BudgetState(budget, month, None, None))
            continue
        amounts = by_day(days, budget.cost, Chosen(budget.scope, budget.currency))
        ahead = prospect_of(store, customer_id, budget.cost, budget.scope, budget.currency, status, now)
        found.append(BudgetState(budget, month, add_known(amounts.values()) if days else None, ahead.this_month.amount))
    return found


def _can_be_told(budget: Budget, days: Sequence[CostDay]) -> bool:
    """Not by tags that a source doesn't give, nor in a currency that only others are spent in: that would be 0, and isn't."""
    found = currencies(days)
    untagged = bool(budget.scope.tags) and any(COST_EXPLORER in day.sources for day in days)
    return not untagged and (not found or budget.currency in found)


def check_budgets(store: MetricStore, customer_id: str, now: datetime) -> list[BudgetEvent]:
    """Holds every budget against what has been settled and keeps what that tells; returns what is new. Asked again, it tells nothing."""
    status = store.status(customer_id)
    held = budgets_of(store, customer_id, status)
    if not held.budgets:
        return []
    crossed = [event for state in states(store, customer_id, held.budgets, status, now) for event in state.events(now)]
    known = {event.key for event in held.events}
    kept = store.choices.change(customer_id, Budgets, _telling(crossed))
    return [event for event in kept.events if event.key not in known]


def _telling(crossed: Sequence[BudgetEvent]) -> Callable[[Budgets | None], Budgets]:
    return lambda held: (held or Budgets()).told(crossed)


def budgets_answer(store: MetricStore, customer_id: str, budget_id: str | None, status: CustomerStatus, now: datetime) -> Answer:
    """All budgets with this month's state, or the one of that id, with everything that it has told; NotFound."""
    held = budgets_of(store, customer_id, status)
    wanted = [budget for budget in held.budgets if budget_id in (None, budget.id)]
    if budget_id is not None and not wanted:
        raise NotFound("there is no such budget")
    shown_ones = [_shown(state, held, now) for state in states(store, customer_id, wanted, status, now)]
    if budget_id is not None:
        return {"customer_id": customer_id, **shown_ones[0], "generated_at": text_of(now)}
    return {"customer_id": customer_id, "budgets": shown_ones, "generated_at": text_of(now)}


def _shown(state: BudgetState, held: Budgets, now: datetime) -> Answer:
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
