"""Virtual time: workers take messages off queues, and what they do moves a clock instead of taking as long."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

AT_ONCE, MORE_A_SECOND = 5, 5.0
"""How Lambda begins with a queue: five readers, and three hundred more a minute."""
Left = Callable[[], float]


@dataclass
class Clock:
    """Seconds since the epoch; whoever works moves it."""

    at: float

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass(frozen=True)
class Pool:
    """Who reads a queue: so many workers at once, so many messages in one invocation of at most `timeout` seconds."""

    workers: int
    batch: int = 1
    timeout: float = 60


@dataclass(frozen=True)
class Invocation:
    """One batch, from its first message's start to its last one's end; `waited` is how long each lay in the queue."""

    queue: str
    started: float
    ended: float
    waited: tuple[float, ...]

    @property
    def seconds(self) -> float:
        return self.ended - self.started


@dataclass
class _Worker:
    queue: str
    running: Iterator[None] | None = None
    started: float = 0.0
    waited: tuple[float, ...] = ()


@dataclass
class Simulation:
    """Resumes always the worker whose time is the earliest.

    `work(queue, message, left)` moves the clock, and yields wherever others may come between. A batch is cut off by nothing: who asks
    for `left()` seconds is told, and an invocation longer than its pool's timeout is in `timeouts`.
    """

    clock: Clock
    pools: Mapping[str, Pool]
    work: Callable[[str, str, Left], Iterator[None]]
    done: list[Invocation] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _events: list[tuple[float, int, _Worker]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._idle: dict[str, list[_Worker]] = {queue: [] for queue in self.pools}
        self._waiting: dict[str, list[tuple[float, int, str]]] = {queue: [] for queue in self.pools}
        for queue, pool in self.pools.items():
            for number in range(pool.workers):
                self._wake(_Worker(queue), self.clock.at + max(0, number + 1 - AT_ONCE) / MORE_A_SECOND)

    def send(self, queue: str, message: str, delay: float = 0) -> None:
        """Now, by the clock of whoever sends it."""
        at = self.clock.at + delay
        heapq.heappush(self._waiting[queue], (at, next(self._numbers), message))
        if self._idle[queue]:
            self._wake(self._idle[queue].pop(), at)

    def run(self) -> None:
        """Until nothing is left to do."""
        while self._events:
            at, _, worker = heapq.heappop(self._events)
            self.clock.at = at
            if worker.running is None and not self._take(worker):
                continue
            assert worker.running is not None
            if next(worker.running, self) is self:  # a generator's end
                self.done.append(Invocation(worker.queue, worker.started, self.clock.at, worker.waited))
                worker.running = None
            self._wake(worker, self.clock.at)

    @property
    def timeouts(self) -> list[Invocation]:
        return [one for one in self.done if one.seconds > self.pools[one.queue].timeout]

    def _wake(self, worker: _Worker, at: float) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), worker))

    def _take(self, worker: _Worker) -> bool:
        """Up to a batch of what can be seen by now; a worker that finds nothing sleeps until the next message can be."""
        waiting, at = self._waiting[worker.queue], self.clock.at
        taken: list[tuple[float, int, str]] = []
        while waiting and waiting[0][0] <= at and len(taken) < self.pools[worker.queue].batch:
            taken.append(heapq.heappop(waiting))
        if taken:
            worker.started, worker.waited = at, tuple(at - sent for sent, _, _ in taken)
            worker.running = self._batch(worker, [message for _, _, message in taken])
        elif waiting:
            self._wake(worker, waiting[0][0])
        else:
            self._idle[worker.queue].append(worker)
        return bool(taken)

    def _batch(self, worker: _Worker, messages: list[str]) -> Iterator[None]:
        end = worker.started + self.pools[worker.queue].timeout
        for message in messages:
            yield from self.work(worker.queue, message, lambda: end - self.clock.at)
            yield
