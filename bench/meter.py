"""What a worker's calls of AWS take of its time, and what else it is charged for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from bench.prices import Quantities
from bench.virtual import Clock

LATENCY = 0.050
"""Seconds of every call of AWS."""
VCPU = 512 / 1769
"""What Lambda gives of a processor for 512 MB: one whole for 1,769 MB."""


@dataclass(frozen=True)
class Work:
    """What one job did: its quantities, and all the time it took. `turns` are the seconds that went before each turn it waited for."""

    counts: Quantities
    seconds: float
    cpu: float
    turns: tuple[float, ...] = ()

    def less(self, calls: Mapping[str, float]) -> Work:
        """Without these calls."""
        counts = Quantities().plus(self.counts).plus({name: -number for name, number in calls.items()})
        return replace(self, counts=counts, seconds=self.seconds - LATENCY * sum(calls.values()))

    def of_one(self, number: int) -> Work:
        """What one of that many alike took."""
        return Work(Quantities().plus(self.counts, 1 / number), self.seconds / number, self.cpu / number)

    def computing(self, cpu: float) -> Work:
        """The same with that many seconds of a processor."""
        return replace(self, cpu=cpu, seconds=self.seconds + (cpu - self.cpu) / VCPU)


@dataclass
class Meter:
    """`call_cpu` and `client_cpu` are the seconds of a whole processor that a real client takes for a call, and for being made."""

    clock: Clock
    call_cpu: float = 0.0
    client_cpu: float = 0.0
    counts: Quantities = field(default_factory=Quantities)
    turns: list[float] = field(default_factory=list)
    _own: float = 0.0

    def called(self, name: str, own: float) -> None:
        """One call; `own` seconds of processor went to answering it, which are nobody's."""
        self.counts[name] += 1
        self._own += own
        self.clock.sleep(LATENCY + self.call_cpu / VCPU)

    def made_client(self) -> None:
        self.counts["clients made"] += 1
        self.clock.sleep(self.client_cpu / VCPU)

    def turn(self) -> None:
        self.turns.append(self.clock.at)

    def measured(self, do: Callable[[], object]) -> Work:
        """Does a job, whose own computing takes the longer the less of a processor Lambda gives."""
        whole, self.counts, self.turns, self._own = self.counts, Quantities(), [], 0.0
        started, begun = time.process_time(), self.clock.at
        do()
        cpu = max(0.0, time.process_time() - started - self._own)
        self.clock.sleep(cpu / VCPU)
        work = Work(self.counts, self.clock.at - begun, cpu, tuple(turn - begun for turn in self.turns))
        self.counts = whole.plus(self.counts)
        return work


def answering(service: str) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """For methods of a fake client with a `meter`: each call takes its time, answered or refused."""

    def decorate(method: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        @wraps(method)
        def call(self: Any, **request: Any) -> dict[str, Any]:
            started = time.process_time()
            try:
                return method(self, **request)
            finally:
                self.meter.called(f"{service}.{method.__name__}", time.process_time() - started)

        return call

    return decorate
