"""The schedules table on every DynamoDB: what is due by Query, claims that only one makes, writes whose answer was lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.cadence import Cadence
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due
from chalicelib.domain.schedule import Digest, Run, Schedule
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.schedules import SHARDS, Schedules, shard_of
from tests.adapters.conftest import NOW
from tests.fakes import Clock

TABLE = "securebase-dev-schedules"
LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(client: Any, clock: Clock) -> Schedules:
    return Schedules(Dynamo(client, pause=lambda seconds: None), TABLE, clock)


def schedule(number: int = 1, **more: Any) -> Schedule:
    report = {"type": ("costs",), "format": ("pdf",)}
    made = Schedule(f"{number:032x}", "Costs", report, "yesterday", Cadence("daily", "UTC"), ("r",), NOW, "key:x", NOW, next_run=NOW)
    return replace(made, **more)


def run(of: Schedule, days: int = 0) -> Run:
    at = NOW + timedelta(days=days)
    return Run(of, at, "schedule", None, at, NOW, NOW + timedelta(minutes=15))


def delivery(owner: str, recipient: str = "r", **more: Any) -> Delivery:
    return replace(Delivery(owner, recipient, "email", "a@x.example", NOW, NOW), **more)


def due(store: Schedules, after: timedelta = timedelta()) -> list[Due]:
    return [found for shard in SHARDS for found in store.due(shard, NOW + after)]


class SentAgain(Dynamo):
    """As botocore does it where no answer came: what was done already is asked for once more."""

    def put(self, *given: Any, **named: Any) -> bool:
        super().put(*given, **named)
        return super().put(*given, **named)


def test_values_come_back_as_they_were(store: Schedules) -> None:
    made = schedule()
    values = (made, run(made), delivery(run(made).key).begun(NOW), Digest(NOW, NOW, ("a", "b")))
    for value in values:
        assert store.add("acme", value)
        kind, key = type(value), value.id if isinstance(value, Schedule) else value.key
        assert store.get("acme", kind, key) == value
        assert store.get("other", kind, key) is None


def test_what_is_due_is_found_in_its_shard_by_query_and_what_is_done_isnt(store: Schedules) -> None:
    for number in range(40):
        store.add("acme", schedule(number, next_run=NOW if number % 2 else LATER))
    found = due(store)
    assert sorted(one.key for one in found) == [f"{number:032x}" for number in range(1, 40, 2)]
    assert all(one.value is not None and one.customer_id == "acme" for one in found)
    assert len({shard_of(one.customer_id, one.key) for one in found}) > 8
    for one in found[:5]:
        held = store.get("acme", Schedule, one.key)
        assert held is not None
        assert store.swap("acme", held, replace(held, status="parked", next_run=None))
    assert len(due(store)) == len(found) - 5


def test_all_kinds_are_told_apart(store: Schedules) -> None:
    made = schedule()
    for value in (made, run(made), delivery("x"), Digest(NOW, NOW)):
        store.add("acme", value)
    assert Counter(type(one.value) for one in due(store, timedelta(hours=1))) == Counter((Schedule, Run, Delivery, Digest))


def test_what_is_held_is_out_of_sight_unless_somebody_was_at_it(store: Schedules) -> None:
    store.add("acme", delivery("x"))
    (found,) = due(store)
    assert store.hold(found, NOW + timedelta(minutes=15))
    assert due(store) == []
    assert not store.hold(found, NOW + timedelta(minutes=30))
    assert len(due(store, timedelta(minutes=15))) == 1
    assert store.get("acme", Delivery, "x#r") == delivery("x")


def test_an_item_that_cannot_be_read_stops_no_other(store: Schedules, client: Any) -> None:
    for number in (1, 2, 3):
        store.add("acme", schedule(number))
    for number, values in ((1, {"v": {"N": "99"}}), (2, {"data": {"B": b"nothing"}})):
        Dynamo(client).update(TABLE, {"customer_id": "acme", "schedule_id": f"{number:032x}"}, values)
    assert {one.key[-1]: one.value is not None for one in due(store)} == {"1": False, "2": False, "3": True}


def test_of_many_who_claim_an_occurrence_at_once_one_does(store: Schedules) -> None:
    made = schedule()
    store.add("acme", made)
    moved = replace(made, next_run=LATER)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store.take("acme", made, moved, [run(made)]), range(8)))
    assert [len(one) for one in found if one is not None] == [1]
    assert store.get("acme", Schedule, made.id) == replace(moved, revision=1)
    assert [one.key for one in store.runs("acme", made.id, 10, None)[0]] == [run(made).key]


def test_a_run_that_is_there_already_is_not_made_anew(store: Schedules) -> None:
    made = schedule()
    store.add("acme", made)
    store.add("acme", replace(run(made), status="delivering", due_at=None))
    taken = store.take("acme", made, replace(made, next_run=LATER), [run(made), run(made, 1)])
    assert taken == [run(made, 1)]
    held = store.get("acme", Run, run(made).key)
    assert held is not None
    assert held.status == "delivering"


def test_a_value_is_put_only_over_what_was_read(store: Schedules) -> None:
    made = schedule()
    store.add("acme", made)
    assert not store.add("acme", replace(made, name="another"))
    first = store.swap("acme", made, replace(made, name="first"))
    assert first == replace(made, name="first", revision=1)
    assert store.swap("acme", made, replace(made, name="second")) is None
    assert store.swap("acme", first, replace(first, name="third"))
    held = store.get("acme", Schedule, made.id)
    assert held is not None
    assert (held.name, held.revision) == ("third", 2)


def test_a_write_whose_answer_was_lost_counts_as_ours_and_an_equal_one_of_anothers_doesnt(client: Any, clock: Clock) -> None:
    store, made = Schedules(SentAgain(client), TABLE, clock), schedule()
    assert store.add("acme", made)
    assert not store.add("acme", made)
    assert store.swap("acme", made, replace(made, name="x"))
    assert store.swap("acme", made, replace(made, name="x")) is None


def test_changes_at_once_are_all_made(store: Schedules) -> None:
    store.add("acme", schedule())

    def counted(held: Schedule | None) -> Schedule:
        assert held is not None
        return replace(held, skipped=held.skipped + 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.change("acme", Schedule, schedule().id, counted), range(4)))
    held = store.get("acme", Schedule, schedule().id)
    assert held is not None
    assert held.skipped == 4


def test_runs_come_latest_first_in_pages_of_ones_own(store: Schedules) -> None:
    one, other = schedule(1), schedule(2)
    for days in range(7):
        store.add("acme", run(one, days))
        store.add("acme", run(other, days))
        store.add("else", run(one, days))
    pages, before = [], None
    while True:
        page, before = store.runs("acme", one.id, 3, before)
        pages.append([found.occurrence.day for found in page])
        if before is None:
            break
    days = [(NOW + timedelta(days=number)).day for number in range(6, -1, -1)]
    assert pages == [days[:3], days[3:6], days[6:]]


def test_deliveries_are_those_of_one_owner(store: Schedules) -> None:
    for owner, recipient in (("a#1", "r1"), ("a#1", "r2"), ("a#12", "r1"), ("b#1", "r1")):
        store.add("acme", delivery(owner, recipient))
    assert [one.key for one in store.deliveries("acme", "a#1")] == ["a#1#r1", "a#1#r2"]


def test_schedules_are_listed_without_what_they_made_and_runs_expire(store: Schedules, clock: Clock) -> None:
    made = schedule()
    for value in (made, run(made), delivery("x"), Digest(NOW, NOW)):
        store.add("acme", value)
    assert store.schedules("acme") == [made]
    store.delete("acme", made.id)
    assert store.schedules("acme") == []
    assert store.get("acme", Run, run(made).key) is not None
    clock.now += timedelta(days=401)
    assert store.get("acme", Run, run(made).key) is None
