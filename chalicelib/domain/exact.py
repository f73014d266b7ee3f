"""Arithmetic that is exact or refuses: sums never round, quotients round once, at six places, half-even."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, Overflow

EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])
PLACES = Decimal("0.000001")
ZERO, ONE = Decimal(0), Decimal(1)


def add(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0 for none."""
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total


def add_known(values: Iterable[Decimal | None]) -> Decimal | None:
    """The exact sum, or None as soon as one part is unknown."""
    total = ZERO
    for value in values:
        if value is None:
            return None
        total = EXACT.add(total, value)
    return total


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """left - right, exactly."""
    return EXACT.subtract(left, right)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """dividend / divisor to six places, half-even; the divisor is never 0."""
    return _WIDE.divide(dividend, divisor).quantize(PLACES, context=_WIDE)


def percent(change: Decimal, base: Decimal) -> Decimal | None:
    """100 * change / |base| to six places; None from a base of 0, where no percentage exists."""
    return None if base == 0 else quotient(EXACT.multiply(change, Decimal(100)), abs(base))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros or a positive exponent: 5.10 -> 5.1, 1E+3 -> 1000, -0 -> 0."""
    if not value:
        return ZERO
    shortest = value.normalize(_WIDE)
    return shortest.quantize(ONE, context=_WIDE) if shortest == shortest.to_integral_value() else shortest
