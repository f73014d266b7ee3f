"""A customer's monthly statement: lines in the currency's smallest unit that sum to its total, and what earlier months became since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from chalicelib.domain.exact import EXACT, add, subtract
from chalicelib.domain.rates import SHARED, Plan

USAGE, SHARE, MINIMUM, RESTATEMENT, ROUNDING = "usage", "shared", "minimum", "restatement", "rounding"
NO_CENTS = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
THREE_PLACES = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
"""ISO 4217's currencies whose smallest unit isn't a hundredth."""


@dataclass(frozen=True)
class StatementLine:
    """`kind` is usage, one of the plan's kinds, shared, minimum, restatement or rounding; `name` a service, a kind or a month."""

    kind: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """One month in one currency; `total` is what its lines sum to. `paid` is what the payer pays for the same: for the operator alone."""

    month: date
    currency: str
    cost: str
    rate_basis: str
    lines: tuple[StatementLine, ...]
    total: Decimal
    estimated: bool
    paid: Decimal
    closed_at: datetime | None = None

    @property
    def charges(self) -> Decimal:
        """The month's own charges, without what it says of earlier ones."""
        return add(line.amount for line in self.lines if line.kind != RESTATEMENT)

    @property
    def margin(self) -> Decimal:
        return subtract(self.charges, self.paid)


@dataclass(frozen=True)
class Statements:
    """A customer's closed statements, in order; none ever changes."""

    NAME: ClassVar[str] = "statements"
    closed: tuple[Statement, ...] = ()

    def of(self, month: date) -> list[Statement]:
        return [statement for statement in self.closed if statement.month == month]

    def stated(self, month: date, currency: str) -> Decimal:
        """What a month has been said to come to, restatements in later ones included."""
        return add(
            line.amount
            for statement in self.closed
            if statement.currency == currency
            for line in statement.lines
            if (line.kind == RESTATEMENT and line.name == f"{month:%Y-%m}") or (line.kind != RESTATEMENT and statement.month == month)
        )


def smallest_unit(currency: str) -> Decimal:
    return Decimal(1) if currency in NO_CENTS else Decimal("0.001") if currency in THREE_PLACES else Decimal("0.01")


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's smallest unit, half-even."""
    return amount.quantize(smallest_unit(currency), rounding=ROUND_HALF_EVEN, context=EXACT_ROUNDING)


EXACT_ROUNDING = EXACT.copy()
EXACT_ROUNDING.traps = dict.fromkeys(EXACT.traps, False)


def charges(
    plan: Plan, currency: str, parts: Mapping[str, Mapping[str, Decimal]], shares: Mapping[str, Decimal]
) -> tuple[StatementLine, ...]:
    """The month's own lines. `parts` are exact charges per kind (usage and those shown) and service, `shares` what falls to the customer.

    They sum to the rounded sum of the exact charges: a `rounding` line makes up for rounding each of them.
    """
    exact = [(kind, name, amount) for kind, named in parts.items() for name, amount in named.items()]
    exact += [(SHARE, kind, amount) for kind, amount in sorted(shares.items())]
    lines = [StatementLine(kind, name, rounded(amount, currency)) for kind, name, amount in exact]
    whole = rounded(add(amount for _, _, amount in exact), currency)
    off = subtract(whole, add(line.amount for line in lines))
    lines += [StatementLine(ROUNDING, "", off)] if off else []
    least = whole if plan.minimum is None or plan.currency != currency else rounded(plan.minimum, currency)
    lines += [StatementLine(MINIMUM, "", subtract(least, whole))] if whole < least else []
    return tuple(lines)


def restatements(closed: Statements, now: Mapping[date, Decimal], currency: str) -> tuple[StatementLine, ...]:
    """A line per closed month that comes to something else by now (`now` are its charges as they would be stated today)."""
    lines = []
    for month, amount in sorted(now.items()):
        changed = subtract(amount, closed.stated(month, currency))
        if changed:
            lines.append(StatementLine(RESTATEMENT, f"{month:%Y-%m}", changed))
    return tuple(lines)


def shared_out(pool: Decimal, weights: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """The pool, rounded, among customers by their weights, to the smallest unit and none lost: the largest remainders get what is left.

    Nobody gets anything where nobody has a weight.
    """
    positive = {name: weight for name, weight in sorted(weights.items()) if weight > 0}
    if not positive:
        return {}
    unit, whole = smallest_unit(currency), add(positive.values())
    units = int(EXACT.divide_int(rounded(pool, currency), unit))
    sign, units = (-1 if units < 0 else 1), abs(units)
    quotas = {name: EXACT.divmod(EXACT.multiply(Decimal(units), weight), whole) for name, weight in positive.items()}
    given = {name: int(quota) for name, (quota, _) in quotas.items()}
    left = units - sum(given.values())
    for name in sorted(positive, key=lambda name: (-quotas[name][1], name))[:left]:
        given[name] += 1
    return {name: EXACT.multiply(Decimal(sign * count), unit) for name, count in given.items() if count}


def kinds_to_share(plans: Iterable[Plan]) -> Sequence[str]:
    return sorted({kind for plan in plans for kind, rule in plan.rules if rule == SHARED})
