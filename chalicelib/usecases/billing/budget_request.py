"""What is sent of a budget, and the budget that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import DIMENSIONS, TAG, Selection
from chalicelib.domain.budget import ACTUAL, FORECAST, Budget, Threshold
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.rates import CHARGED
from chalicelib.usecases.questions.costs import CHARGES, CURRENCY
from chalicelib.usecases.questions.parameters import LONGEST_TEXT, MOST_VALUES

MOST_THRESHOLDS = 10
LONGEST_NAME, LARGEST_SCOPE = 100, 10_000
"""A hundred budgets fit what one transaction may write."""
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
    if sum(len(text) for name, values in scope.items() for text in (name, *values)) > LARGEST_SCOPE:
        problems.append(("scope", f"must hold at most {LARGEST_SCOPE} characters in all"))
    charges = scope.get("charges", ["all"])
    if charges not in ([name] for name in CHARGES):
        problems.append(("scope.charges", "must be all or usage"))
        charges = ["all"]
    named = [tuple(scope.get(name, ())) for name in DIMENSIONS]
    tags = tuple((name.removeprefix(TAG), tuple(values)) for name, values in sorted(scope.items()) if name.startswith(TAG))
    return Selection(named[0], named[1], named[2], named[3], named[4], CHARGES[charges[0]], tags), problems
