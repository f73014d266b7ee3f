"""An answer is computed once, however many ask for it, and kept for as long as it is true."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.kept import Passing, Turns, cached
from chalicelib.usecases.answers.values import Answer

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


@dataclass
class FakeCache:
    """Holds answers of one generation."""

    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    put_with: list[tuple[str, datetime | None]] = field(default_factory=list)

    def get(self, customer_id: str, question: str) -> tuple[bytes | None, CustomerStatus]:
        return self.kept.get((customer_id, question)), CustomerStatus("g7")

    def put(self, customer_id: str, question: str, answer: bytes, generation: str, until: datetime | None = None) -> None:
        self.kept[customer_id, question] = answer
        self.put_with.append((generation, until))


@dataclass
class Asked:
    cache: FakeCache = field(default_factory=FakeCache)
    made: int = 0
    making: Any = dict

    def ask(self, customer_id: str = "acme", question: str = "30d", turns: Turns | None = None) -> tuple[bytes, bool]:
        def make(status: CustomerStatus) -> Answer:
            self.made += 1
            answer: Answer = self.making()
            return answer

        return cached(self.cache, customer_id, "costs", question, make, lambda answer: repr(answer).encode(), turns)


def test_the_second_who_asks_gets_what_the_first_was_told() -> None:
    asked = Asked(making=lambda: {"total": 1})
    assert (asked.ask(), asked.ask(), asked.made) == ((b"{'total': 1}", False), (b"{'total': 1}", True), 1)
    assert asked.cache.put_with == [("g7", None)]


def test_another_customers_answer_and_another_questions_are_never_given() -> None:
    asked = Asked()
    assert [asked.ask(*one)[1] for one in (("acme", "30d"), ("bora", "30d"), ("acme", "7d"))] == [False] * 3


def test_an_answer_that_passes_is_kept_until_then() -> None:
    asked = Asked(making=lambda: Passing({"score": 1}, UNTIL))
    asked.ask()
    assert asked.cache.put_with == [("g7", UNTIL)]


def test_an_error_is_kept_by_nobody() -> None:
    def missing() -> Answer:
        raise NotFound("there is no such framework")

    asked = Asked(making=missing)
    for _ in range(2):
        with pytest.raises(NotFound):
            asked.ask(turns=Turns(1))
    assert (asked.cache.kept, asked.made) == ({}, 2)


class WatchedLock:
    """A lock that tells when somebody didn't get it at once."""

    def __init__(self) -> None:
        self._lock, self.refused = threading.Lock(), threading.Event()

    def acquire(self, blocking: bool = True) -> bool:
        if self._lock.acquire(blocking):
            return True
        self.refused.set()
        return False

    def release(self) -> None:
        self._lock.release()


def at_once(asked: Asked, question: str) -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
    """Two ask: the second one while the first computes, which is done only once the second has to wait."""
    turns, lock, second = Turns(1), WatchedLock(), list[tuple[bytes, bool]]()
    turns._locks = [lock]  # type: ignore[list-item]
    thread = threading.Thread(target=lambda: second.append(asked.ask(question=question, turns=turns)))

    def slowly() -> Answer:
        asked.making = dict
        thread.start()
        assert lock.refused.wait(10)
        return {}

    asked.making = slowly
    first = asked.ask(turns=turns)
    thread.join(10)
    return first, second[0]


def test_of_two_who_ask_the_same_at_once_one_computes() -> None:
    asked = Asked()
    first, second = at_once(asked, "30d")
    assert (first, second, asked.made) == ((b"{}", False), (b"{}", True), 1)


def test_who_waited_behind_another_question_computes_its_own() -> None:
    asked = Asked()
    first, second = at_once(asked, "7d")
    assert (first[1], second[1], asked.made) == (False, False, 2)


def test_who_has_waited_leaves_the_turn_to_the_next() -> None:
    turns = Turns(1)
    for _ in range(3):
        with turns.of("acme", "30d") as waited:
            assert not waited
