"""The ledger on every DynamoDB there is: caps hold whoever spends at once, days are apart, a pace is kept over all workers."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import SourceUnavailable
from chalicelib.stores import ledger as module
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.ledger import Ledger
from tests import backends

NOW = datetime(2026, 11, 23, 23, 59, 58, 250_000, UTC)
TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)
TABLE = "securebase-dev-ledger"


class Clock:
    """A worker's own: sleeping moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def ledger(client: Any, clock: Clock) -> Ledger:
    return Ledger(Dynamo(client), TABLE, clock, clock.sleep)


def allowed(ledger: Ledger, units: int, cap: int, source: str = "cloudwatch") -> bool:
    try:
        ledger.spend(source, units, cap)
    except SourceUnavailable as refused:
        if (refused.source, refused.reason) != (source, "DailyCapReached"):
            raise
        return False
    return True


def test_many_who_spend_at_once_never_pass_the_cap_together(client: Any, backend: str) -> None:
    book = ledger(client, Clock())
    with ThreadPoolExecutor(backends.workers(backend, 8)) as pool:
        done = list(pool.map(lambda _: allowed(book, 7, 100), range(40)))
    assert book.spent(TODAY) == {"cloudwatch": 7 * sum(done)}
    assert sum(done) == 14, "98 of 100: another seven would be too many"


def test_a_spend_that_is_refused_counts_nothing_and_a_smaller_one_still_fits(client: Any) -> None:
    book = ledger(client, Clock())
    assert [allowed(book, units, 10) for units in (6, 5, 11, 4, 1)] == [True, False, False, True, False]
    assert book.spent(TODAY) == {"cloudwatch": 10}


def test_a_first_spend_above_the_cap_is_refused_and_leaves_no_trace(client: Any) -> None:
    book = ledger(client, Clock())
    assert not allowed(book, 11, 10)
    assert not allowed(book, 1, 0), "a cap of nothing lets nothing through"
    assert client.scan(TableName=TABLE)["Items"] == []


def test_sources_are_counted_apart_and_days_are_apart(client: Any) -> None:
    clock = Clock()
    book = ledger(client, clock)
    assert allowed(book, 10, 10)
    assert allowed(book, 3, 10, "cost_explorer")
    assert not allowed(book, 1, 10)
    clock.now += timedelta(seconds=2)
    assert allowed(book, 10, 10), "a new day by UTC"
    assert book.spent(TODAY) == {"cloudwatch": 10, "cost_explorer": 3}
    assert book.spent(TOMORROW) == {"cloudwatch": 10}
    assert book.spent(date(2026, 11, 25)) == {}


def test_what_was_spent_is_kept_for_a_year_and_the_pace_for_an_hour(client: Any) -> None:
    book = ledger(client, Clock())
    book.spend("cloudwatch", 1, 10)
    book.wait_turn("security_hub", 3)
    book.put_done("cost_explorer", NOW)
    kept = {item["name"]["S"]: item.get("ttl") for item in client.scan(TableName=TABLE)["Items"]}
    in_seconds = {name: int(ttl["N"]) - int(NOW.timestamp()) for name, ttl in kept.items() if ttl}
    assert in_seconds == {"calls": 400 * 86400, "pace#security_hub": 3600}


def test_workers_that_come_at_one_moment_are_let_through_so_many_a_second_and_sleep_for_the_rest(client: Any, backend: str) -> None:
    clocks = [Clock() for _ in range(20)]
    with ThreadPoolExecutor(backends.workers(backend, 4)) as pool:
        list(pool.map(lambda clock: ledger(client, clock).wait_turn("security_hub", 3), clocks))
    seconds = Counter(int(clock.now.timestamp() - int(NOW.timestamp())) for clock in clocks)
    assert seconds == dict.fromkeys(range(6), 3) | {6: 2}
    assert {clock.slept[0] for clock in clocks} == {0.0, *(second - 0.25 for second in range(1, 7))}, "until the second begins"


def test_a_worker_that_comes_again_and_again_keeps_the_pace_by_itself(client: Any) -> None:
    clock = Clock()
    book = ledger(client, clock)
    seconds = []
    for _ in range(10):
        book.wait_turn("security_hub", 3)
        seconds.append(int(clock.now.timestamp()))
    assert set(Counter(seconds).values()) == {3, 1}
    assert seconds[-1] - seconds[0] == 3


def test_services_keep_their_own_pace(client: Any) -> None:
    clock = Clock()
    for service in ("a", "b"):
        ledger(client, clock).wait_turn(service, 1)
    assert clock.slept == [0.0, 0.0]


def test_a_line_that_is_too_long_is_refused_at_once_and_a_second_later_there_is_a_place(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 9)
    clock = Clock()
    for _ in range(9):
        ledger(client, Clock()).wait_turn("security_hub", 1)
    with pytest.raises(SourceUnavailable) as refused:
        ledger(client, clock).wait_turn("security_hub", 1)
    assert (refused.value.source, refused.value.reason) == ("security_hub", "PaceExhausted")
    assert clock.slept == []
    clock.now += timedelta(seconds=1)
    ledger(client, clock).wait_turn("security_hub", 1)
    assert clock.slept == [8 - 0.25]


def test_when_something_was_done_comes_back_to_the_microsecond_and_the_last_word_counts(client: Any) -> None:
    book = ledger(client, Clock())
    assert book.done_at("cost_explorer") is None
    for at in (NOW, NOW - timedelta(hours=6)):
        book.put_done("cost_explorer", at)
        assert book.done_at("cost_explorer") == at
    assert book.done_at("something else") is None
