"""A change explained: what each line of two windows contributes to it, so that the parts sum to the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.breakdown import Parts
from chalicelib.domain.exact import ZERO, add_known, percent, subtract
from chalicelib.domain.names import OTHERS

NEW, VANISHED, CHANGED, UNCHANGED = "new", "vanished", "changed", "unchanged"


@dataclass(frozen=True)
class LineChange:
    """One line in both windows, 0 where it had nothing; None is unknown. `state` says whether it came, went, changed or didn't."""

    name: str
    previous: Decimal | None
    current: Decimal | None
    state: str

    @property
    def amount(self) -> Decimal | None:
        return None if self.previous is None or self.current is None else subtract(self.current, self.previous)

    @property
    def percent(self) -> Decimal | None:
        """None from nothing, where no percentage exists."""
        return None if self.amount is None or self.previous is None else percent(self.amount, self.previous)


def explain(previous: Parts, current: Parts) -> list[LineChange]:
    """The lines of either window, what changed most first, unknown ones last; their amounts sum exactly to the change of the wholes."""
    lines = [_line(name, previous, current) for name in previous.keys() | current.keys()]
    return sorted(lines, key=lambda line: (line.amount is None, -abs(line.amount or ZERO), line.name))


def _line(name: str, previous: Mapping[str, Decimal | None], current: Mapping[str, Decimal | None]) -> LineChange:
    before, now = previous.get(name, ZERO), current.get(name, ZERO)
    if name not in previous:
        state = NEW
    elif name not in current:
        state = VANISHED
    else:
        state = UNCHANGED if before is not None and before == now else CHANGED
    return LineChange(name, before, now, state)


def drivers(lines: list[LineChange], count: int | None) -> list[LineChange]:
    """The first `count` lines and `(others)`, which makes them whole."""
    if count is None or len(lines) <= count:
        return lines
    return [*lines[:count], _together(lines[count:])]


def _together(rest: Iterable[LineChange]) -> LineChange:
    lines = list(rest)
    before, now = add_known(line.previous for line in lines), add_known(line.current for line in lines)
    return LineChange(OTHERS, before, now, UNCHANGED if before is not None and before == now else CHANGED)
