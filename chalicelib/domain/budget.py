"""Budgets: an amount a calendar month for all costs or some of them, and the thresholds that tell when it is used up, or will be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.exact import EXACT, percent, subtract
from chalicelib.domain.period import minus_months

ACTUAL, FORECAST = "actual", "forecast"
OK, AT_RISK, EXCEEDED, UNKNOWN = "ok", "at_risk", "exceeded", "unknown"
EVENTS_KEPT_MONTHS = 13


@dataclass(frozen=True)
class Threshold:
    """Crossed once the month's actual amount, or what it is forecast to come to, reaches that percent of the budget."""

    percent: Decimal
    of: str = ACTUAL


@dataclass(frozen=True)
class Budget:
    """`amount` a calendar month, in `currency`, of costs in basis `cost` that the filters let through."""

    id: str
    name: str
    amount: Decimal
    currency: str
    cost: str
    scope: Selection
    thresholds: tuple[Threshold, ...]
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class BudgetEvent:
    """A threshold was crossed in a month: told once, with the amount that crossed it, of what the budget was then."""

    budget_id: str
    month: date
    threshold: Threshold
    amount: Decimal
    at: datetime
    budgeted: Decimal | None = None
    currency: str = ""

    @property
    def key(self) -> tuple[str, date, Threshold]:
        return self.budget_id, self.month, self.threshold


@dataclass(frozen=True)
class Budgets:
    """A customer's budgets, by name, and what they have told of the last months."""

    NAME: ClassVar[str] = "budgets"
    budgets: tuple[Budget, ...] = ()
    events: tuple[BudgetEvent, ...] = ()

    def of(self, budget_id: str) -> Budget | None:
        return next((budget for budget in self.budgets if budget.id == budget_id), None)

    def without(self, budget_id: str) -> Budgets:
        """Also without what it told."""
        kept = tuple(budget for budget in self.budgets if budget.id != budget_id)
        return Budgets(kept, tuple(event for event in self.events if event.budget_id != budget_id))

    def with_budget(self, budget: Budget) -> Budgets:
        """One of that id is replaced, and what it told stays."""
        others = [other for other in self.budgets if other.id != budget.id]
        return replace(self, budgets=tuple(sorted([*others, budget], key=lambda one: (one.name, one.id))))

    def told(self, crossed: Iterable[BudgetEvent]) -> Budgets:
        """With the events that are new; a threshold tells once a month."""
        known = {event.key for event in self.events}
        new = [event for event in crossed if event.key not in known]
        if not new:
            return self
        oldest = minus_months(max(event.month for event in new), EVENTS_KEPT_MONTHS)
        return replace(self, events=tuple(event for event in (*self.events, *new) if event.month > oldest))


@dataclass(frozen=True)
class BudgetState:
    """A month of a budget: what it has come to and is forecast to come to; None is unknown."""

    budget: Budget
    month: date
    actual: Decimal | None
    forecast: Decimal | None

    @property
    def remaining(self) -> Decimal | None:
        return None if self.actual is None else subtract(self.budget.amount, self.actual)

    @property
    def state(self) -> str:
        if self.actual is None:
            return UNKNOWN
        if self.actual > self.budget.amount:
            return EXCEEDED
        return AT_RISK if self.forecast is not None and self.forecast > self.budget.amount else OK

    def used(self, of: str) -> Decimal | None:
        """Percent of the budget, six places."""
        amount = self.actual if of == ACTUAL else self.forecast
        return None if amount is None else percent(amount, self.budget.amount)

    def crossed(self) -> Sequence[Threshold]:
        """The thresholds that are reached."""
        return [one for one in self.budget.thresholds if self._reaches(one)]

    def _reaches(self, threshold: Threshold) -> bool:
        amount = self.actual if threshold.of == ACTUAL else self.forecast
        if amount is None:
            return False
        return EXACT.multiply(amount, Decimal(100)) >= EXACT.multiply(self.budget.amount, threshold.percent)

    def events(self, at: datetime) -> list[BudgetEvent]:
        amounts = {ACTUAL: self.actual, FORECAST: self.forecast}
        return [
            BudgetEvent(self.budget.id, self.month, one, amount, at, self.budget.amount, self.budget.currency)
            for one in self.crossed()
            if (amount := amounts[one.of]) is not None
        ]
