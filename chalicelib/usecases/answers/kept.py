"""Answers that are kept: whoever asks what was asked a moment ago gets the same bytes, as long as nothing new has come in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.ports.metrics import ResultCache

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
