"""From one score to another: what each control that changed contributes, so that the contributions sum to the change exactly.

A score is 100 * P / N: P controls passed of N evaluated ones (passed, failed, unknown). With R = 1 / N, the change of P * R is split
symmetrically: 100 * (dP * mean(R) + dR * mean(P)), each mean that of then and now. It is linear in what each control adds to P and N,
so it is divided among them without a rest and without an order: a control adds

    100 * (dp * (1/N0 + 1/N1) / 2 - dn * (P0 + P1) / (2 * N0 * N1)).

A control that did not change contributes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from chalicelib.domain.exact import PLACES, quotient, subtract
from chalicelib.domain.findings import FAILED, PASSED, UNKNOWN

EVALUATED = (PASSED, FAILED, UNKNOWN)


@dataclass(frozen=True)
class Tally:
    """P of N."""

    passed: int
    evaluated: int

    @staticmethod
    def of(states: Iterable[str]) -> Tally:
        held = list(states)
        return Tally(held.count(PASSED), sum(state in EVALUATED for state in held))

    @property
    def score(self) -> int | None:
        """round half up(100 * P / N)."""
        return (200 * self.passed + self.evaluated) // (2 * self.evaluated) if self.evaluated else None

    @property
    def unrounded(self) -> Decimal | None:
        """100 * P / N to six places."""
        return quotient(Decimal(100 * self.passed), Decimal(self.evaluated)) if self.evaluated else None


@dataclass(frozen=True)
class Bridge:
    """`contributions` are in points, of every control whose part changed, and sum to `change`; None where a side is unknown."""

    then: Tally
    now: Tally
    contributions: Mapping[str, Decimal] | None

    @property
    def change(self) -> Decimal | None:
        """Between the two unrounded scores as they are shown."""
        now, then = self.now.unrounded, self.then.unrounded
        return None if now is None or then is None else subtract(now, then)


def bridge(then: Mapping[str, str], now: Mapping[str, str]) -> Bridge:
    """From states by control to states by control; a control may be in one of them only."""
    before, after = Tally.of(then.values()), Tally.of(now.values())
    made = Bridge(before, after, None)
    if made.change is None:
        return made
    return Bridge(before, after, apportioned(contributions(then, now, before, after), made.change))


def contributions(then: Mapping[str, str], now: Mapping[str, str], before: Tally, after: Tally) -> dict[str, Fraction]:
    """Exact, of every control whose part changed; both tallies have something evaluated."""
    per_pass = Fraction(1, before.evaluated) + Fraction(1, after.evaluated)
    per_control = Fraction(before.passed + after.passed, before.evaluated * after.evaluated)
    found = {}
    for control in sorted(then.keys() | now.keys()):
        (p0, n0), (p1, n1) = (_part(states.get(control)) for states in (then, now))
        if (p0, n0) != (p1, n1):
            found[control] = 50 * ((p1 - p0) * per_pass - (n1 - n0) * per_control)
    return found


def _part(state: str | None) -> tuple[int, int]:
    return int(state == PASSED), int(state in EVALUATED)


def apportioned(exact: Mapping[str, Fraction], total: Decimal) -> dict[str, Decimal]:
    """The same to six places, adding up to `total`, which is their sum but for rounding: the largest remainders are rounded up."""
    if not exact:
        return {}
    unit = 1 / Fraction(PLACES)
    floors = {name: value * unit // 1 for name, value in exact.items()}
    each, more = divmod(int(Fraction(total) * unit) - sum(floors.values()), len(exact))
    by_remainder = sorted(exact, key=lambda name: (floors[name] - exact[name] * unit, name))
    units = {name: floors[name] + each + (place < more) for place, name in enumerate(by_remainder)}
    return {name: Decimal(units[name]) * PLACES for name in exact}
