"""What a customer has said itself, on every DynamoDB there is: nothing said is lost, and the status tells of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.state import REPLICATED_AFTER, SECURITY_HUB, SourceState
from chalicelib.stores.cache import Cache
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.metrics import Metrics
from tests import backends
from tests.adapters.conftest import NOW
from tests.fakes import Clock

TABLE = "securebase-dev-metrics"


@dataclass(frozen=True)
class Words:
    NAME: ClassVar[str] = "words"

    said: tuple[str, ...] = ()
    limit: Decimal | None = None
    until: date | None = None


@dataclass(frozen=True)
class WordsOfOthers:
    NAME: ClassVar[str] = "words_of_others"

    said: tuple[str, ...] = ()


def saying(word: str) -> Callable[[Words | None], Words]:
    return lambda held: Words((*(held.said if held else ()), word))


def state(version: str = "1") -> SourceState:
    return SourceState(SECURITY_HUB, "ok", NOW, NOW, NOW, (), version)


def test_what_was_said_is_read_back_exactly(metrics: Metrics) -> None:
    said = Words(("1", "\ud7ff<b>"), Decimal("12.340000000000000000001"), date(2027, 2, 28))
    assert metrics.choices.get("acme", Words) is None
    assert metrics.choices.change("acme", Words, lambda held: said) == said
    assert metrics.choices.get("acme", Words) == said


def test_a_kind_whose_name_begins_alike_is_another_one(metrics: Metrics) -> None:
    metrics.choices.change("acme", WordsOfOthers, lambda held: WordsOfOthers(("theirs",)))
    assert metrics.choices.get("acme", Words) is None
    metrics.choices.change("acme", Words, saying("mine"))
    assert metrics.choices.get("acme", WordsOfOthers) == WordsOfOthers(("theirs",))
    assert metrics.status("acme").choices.keys() == {"words", "words_of_others"}


def test_nobody_sees_what_another_customer_said(metrics: Metrics) -> None:
    metrics.choices.change("acme", Words, saying("ours"))
    for other in ("acm", "acme2", "ACME", "acme#"):
        assert metrics.choices.get(other, Words) is None
        assert metrics.status(other).choices == {}


def test_of_two_changes_at_once_the_later_one_sees_the_earlier_ones(metrics: Metrics) -> None:
    between = iter(["b", "c"])

    def slow(held: Words | None) -> Words:
        """Others write while this one has read and hasn't written."""
        other = next(between, None)
        if other is not None:
            metrics.choices.change("acme", Words, saying(other))
        return saying("a")(held)

    assert metrics.choices.change("acme", Words, slow) == Words(("b", "c", "a"))
    assert metrics.choices.get("acme", Words) == Words(("b", "c", "a"))


def test_workers_that_change_at_once_lose_nothing(metrics: Metrics, backend: str) -> None:
    words = [f"{number:02}" for number in range(24)]
    with ThreadPoolExecutor(backends.workers(backend, 3)) as pool:
        list(pool.map(lambda word: metrics.choices.change("acme", Words, saying(word)), words))
    found = metrics.choices.get("acme", Words)
    assert found is not None
    assert sorted(found.said) == words


def test_what_is_refused_leaves_all_as_it_was(metrics: Metrics, client: Any) -> None:
    metrics.choices.change("acme", Words, saying("a"))
    before = client.scan(TableName=TABLE)["Items"]

    def refusing(held: Words | None) -> Words:
        raise ValueError("no more")

    with pytest.raises(ValueError):
        metrics.choices.change("acme", Words, refusing)
    metrics.choices.change("acme", Words, lambda held: held or Words())
    assert client.scan(TableName=TABLE)["Items"] == before


def test_what_is_too_large_for_an_item_comes_back_whole_and_may_become_small_again(metrics: Metrics, client: Any) -> None:
    large = Words(tuple(os.urandom(500).hex() for _ in range(1000)))
    metrics.choices.change("acme", Words, lambda held: large)
    assert client.scan(TableName=TABLE)["Count"] > 2
    assert metrics.choices.get("acme", Words) == large
    metrics.choices.change("acme", Words, lambda held: Words())
    assert metrics.choices.get("acme", Words) == Words()
    metrics.choices.change("acme", Words, lambda held: large)
    assert metrics.choices.get("acme", Words) == large


def test_every_change_is_a_generation_of_its_own(metrics: Metrics) -> None:
    generations = [metrics.status("acme").generation]
    for change in (saying("a"), saying("b")):
        metrics.choices.change("acme", Words, change)
        generations.append(metrics.status("acme").generation)
    metrics.put_state("acme", state())
    generations.append(metrics.status("acme").generation)
    assert len(set(generations)) == 4


def test_kept_answers_die_with_what_was_said(metrics: Metrics, client: Any, clock: Clock) -> None:
    metrics.put_state("acme", state())
    cache = Cache(Dynamo(client), "securebase-dev-cache", TABLE, clock)
    cache.put("acme", "q", b"answer", cache.get("acme", "q")[1].generation)
    assert cache.get("acme", "q")[0] == b"answer"
    metrics.choices.change("acme", Words, saying("a"))
    kept, status = cache.get("acme", "q")
    assert kept is None
    assert status.choices.keys() == {"words"}


def test_a_sources_state_and_what_was_said_leave_each_other_alone(metrics: Metrics) -> None:
    metrics.choices.change("acme", Words, saying("before any state"))
    assert metrics.status("acme").sources == {}
    metrics.put_state("acme", state())
    metrics.choices.change("acme", Words, saying("after it"))
    metrics.put_state("acme", state("2"))
    status = metrics.status("acme")
    assert status.sources == {SECURITY_HUB: state("2")}
    assert status.choices.keys() == {"words"}
    assert metrics.statuses(["acme"]) == {"acme": status}


def test_saying_something_is_no_news_of_a_source(metrics: Metrics, clock: Clock) -> None:
    metrics.choices.change("acme", Words, saying("a"))
    assert metrics.status("acme").settled(NOW + timedelta(days=1)) is False
    metrics.put_state("acme", state())
    clock.now += REPLICATED_AFTER
    metrics.choices.change("acme", Words, saying("b"))
    assert metrics.status("acme").changed_at == NOW
    assert metrics.status("acme").settled(clock.now)


class Failing:
    """A DynamoDB whose transactions end in that code."""

    def __init__(self, client: Any, *codes: str) -> None:
        self._client, self.codes = client, list(codes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        return self._refused("TransactWriteItems") or self._client.transact_write_items(**request)

    def update_item(self, **request: Any) -> Any:
        return self._refused("UpdateItem") or self._client.update_item(**request)

    def _refused(self, operation: str) -> None:
        if self.codes:
            raise ClientError({"Error": {"Code": self.codes.pop(0)}}, operation)


def test_a_write_that_fails_is_an_error_and_leaves_neither_value_nor_digest(metrics: Metrics, client: Any) -> None:
    failing = Metrics(Dynamo(Failing(client, "InternalServerError")), TABLE, lambda: NOW, timedelta(days=14))
    with pytest.raises(StoreUnavailable):
        failing.choices.change("acme", Words, saying("a"))
    assert metrics.choices.get("acme", Words) is None
    assert metrics.status("acme").choices == {}


def test_a_sources_state_waits_for_a_transaction_that_is_at_the_status(metrics: Metrics, client: Any) -> None:
    waits: list[float] = []
    busy = Failing(client, "TransactionConflictException", "TransactionConflictException")
    Metrics(Dynamo(busy, waits.append), TABLE, lambda: NOW, timedelta(days=14)).put_state("acme", state())
    assert metrics.status("acme").sources == {SECURITY_HUB: state()}
    assert len(waits) == 2
