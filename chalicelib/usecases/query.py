"""The three answers: what is in the store, summed by domain functions, as plain values ready for JSON."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.exact import percent, plain, subtract
from chalicelib.domain.period import iso
from chalicelib.domain.state import CustomerStatus, SourceState
from chalicelib.usecases.ports import ResultCache

Answer = dict[str, object]
Encode = Callable[[object], bytes]


class Passing(dict[str, object]):
    """An answer that stops being true at an instant, though nothing is written then."""

    def __init__(self, answer: Answer, until: datetime | None) -> None:
        super().__init__(answer)
        self.until = until


def cached(
    cache: ResultCache,
    customer_id: str,
    route: str,
    question: object,
    make: Callable[[CustomerStatus], Answer],
    encode: Encode,
    turns: Turns | None = None,
) -> tuple[bytes, bool]:
    """(the answer's bytes, whether they were kept from before). Only answers are kept: an error leaves here as it is.

    With `turns`, several threads that ask the same at once compute it once.
    """
    asked = f"{route} {question!r}"
    kept, status = cache.get(customer_id, asked)
    if kept is not None:
        return kept, True
    with (turns or Turns(1)).of(customer_id, asked) as waited:
        if waited:
            kept, status = cache.get(customer_id, asked)
            if kept is not None:
                return kept, True
        made = make(status)
        answer = encode(made)
        cache.put(customer_id, asked, answer, status.generation, made.until if isinstance(made, Passing) else None)
    return answer, False


class Turns:
    """Locks for whoever asks the same question at the same time; two questions may share one, which only makes one wait."""

    def __init__(self, count: int = 64) -> None:
        self._locks = [threading.Lock() for _ in range(count)]

    @contextmanager
    def of(self, customer_id: str, asked: str) -> Iterator[bool]:
        """Holds the question's lock; True if somebody else had it first."""
        lock = self._locks[hash((customer_id, asked)) % len(self._locks)]
        waited = not lock.acquire(blocking=False)
        if waited:
            lock.acquire()
        try:
            yield waited
        finally:
            lock.release()


def text_of(instant: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z."""
    return None if instant is None else iso(instant)


def shown(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)


def percent_change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Percent from `before` to `now`; None where one is unknown or `before` is 0."""
    return None if now is None or before is None else shown(percent(subtract(now, before), before))


def data_through(status: CustomerStatus, sources: Iterable[str]) -> datetime | None:
    """How far the furthest of these sources is complete."""
    return max((state.data_through for name in sources if (state := status.sources.get(name)) and state.data_through), default=None)


def source_states(status: CustomerStatus, sources: Iterable[str], now: datetime) -> list[Answer]:
    return [source_state(status.sources[name], now) for name in sources if name in status.sources]


def source_state(state: SourceState, now: datetime) -> Answer:
    """A source as answers and the health page show it: failing ones by name and reason."""
    return {
        "source": state.source,
        "state": state.state,
        "stale": state.stale(now),
        "data_through": text_of(state.data_through),
        "last_success_at": text_of(state.last_success_at),
        "failures": [{"scope": scope, "reason": reason} for scope, reason in state.failures],
    }
