"""What every case is made of: rows with a verdict, and client CPU time of several sides measured in turns."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

ROUNDS = 9
STRETCH = 0.04
"""Seconds of CPU that a side is repeated for in each round, at least."""


@dataclass(frozen=True)
class Row:
    """A figure; with a limit it has a verdict. It may have to be at least something, too."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    least: float | None = None

    @property
    def missed(self) -> bool:
        return (self.limit is not None and self.value > self.limit) or (self.least is not None and self.value < self.least)

    def __str__(self) -> str:
        figure = f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:,.2f}"
        shown = f"{self.name:<64} {figure:>9}{self.unit}"
        bounds = "".join(f" {sign} {at:g}{self.unit}" for sign, at in ((">=", self.least), ("<=", self.limit)) if at is not None)
        return f"{shown}{bounds}  {'MISSED' if self.missed else 'ok'}" if bounds else shown


@dataclass(frozen=True)
class Timings:
    """Per side the seconds of one call in every round; rounds are compared within themselves."""

    rounds: Mapping[str, list[float]]

    def milliseconds(self, side: str) -> float:
        return 1000 * median(self.rounds[side])

    def ratio(self, side: str, base: str) -> float:
        return median(one / other for one, other in zip(self.rounds[side], self.rounds[base], strict=True))


def in_turns(sides: Mapping[str, Callable[[], object]], rounds: int = ROUNDS, stretch: float = STRETCH) -> Timings:
    """Every side in every round, repeated for a stretch, garbage of the side before it collected."""
    counts = {}
    for name, call in sides.items():
        call()
        counts[name] = max(1, math.ceil(stretch / _seconds(call, 3)))
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, call in sides.items():
            gc.collect()
            measured[name].append(_seconds(call, counts[name]))
    return Timings(measured)


def _seconds(call: Callable[[], object], count: int) -> float:
    started = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - started) / count
