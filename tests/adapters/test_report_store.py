"""The reports table on every DynamoDB: one report per request, five under way, what is deleted stays so; and links."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, KeyReused, TooManyRunning
from chalicelib.domain.link import Link
from chalicelib.domain.reporting import KEY_LIVES, LOST_AFTER, MOST_RUNNING, READY, RENDERING, Once, ReportRecord
from chalicelib.domain.template import BUILT_IN
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.links import Links
from chalicelib.stores.reports import Reports
from tests import backends
from tests.adapters.conftest import NOW
from tests.fakes import Clock


def record(number: int) -> ReportRecord:
    at = NOW + timedelta(seconds=number)
    return ReportRecord(f"{number:032x}", "costs", BUILT_IN["cost-analysis"], "pdf", {"period": ("30d",)}, at, 13, "f.pdf")


@pytest.fixture
def reports(client: Any, clock: Clock) -> Reports:
    return Reports(Dynamo(client, pause=lambda seconds: None), "securebase-dev-reports", clock)


def finished(reports: Reports, customer_id: str, made: ReportRecord) -> ReportRecord:
    done = replace(made, status=READY, attempts=1)
    assert reports.swap(customer_id, made, done)
    return done


def test_of_two_who_ask_for_a_report_of_one_id_both_get_the_one_that_is_there(reports: Reports) -> None:
    made = reports.create("acme", record(1), None)
    again = replace(record(1), created_at=NOW + timedelta(minutes=1))
    assert reports.create("acme", again, None) == made
    assert len(reports.list("acme", 10, None)[0]) == 1


def test_reports_are_listed_newest_first_in_pages_of_ones_own(reports: Reports) -> None:
    for number in range(5):
        reports.create("acme", record(number), Once(str(number), "r"))
    reports.create("other", record(9), None)
    first, position = reports.list("acme", 2, None)
    second, position = reports.list("acme", 2, position)
    third, end = reports.list("acme", 2, position)
    assert [found.id for found in [*first, *second, *third]] == [record(number).id for number in (4, 3, 2, 1, 0)]
    assert end is None


def test_reports_of_one_state_are_listed_over_as_many_pages_as_it_takes(reports: Reports) -> None:
    made = []
    for number in range(6):
        made.append(reports.create("acme", record(number), None))
        if number % 2:
            finished(reports, "acme", made[-1])
    first, position = reports.list("acme", 2, None, READY)
    second, end = reports.list("acme", 2, position, READY)
    assert [one.id for one in [*first, *second]] == [record(number).id for number in (5, 3, 1)]
    assert end is None
    assert reports.list("acme", 10, None, "failed") == ([], None)


def test_a_deleted_report_does_not_come_back(reports: Reports) -> None:
    made = reports.create("acme", record(1), None)
    assert reports.get("other", made.id) is None
    reports.delete("acme", made.id)
    assert not reports.swap("acme", made, replace(made, status=READY))
    assert reports.get("acme", made.id) is None


def test_of_two_workers_one_takes_a_report(reports: Reports) -> None:
    made = reports.create("acme", record(1), None)
    taken = replace(made, status=RENDERING, attempts=1)
    assert reports.swap("acme", made, taken)
    assert not reports.swap("acme", made, replace(taken, started_at=NOW))
    assert reports.get("acme", made.id) == taken


def test_a_put_whose_answer_was_lost_and_that_was_sent_again_is_done(reports: Reports) -> None:
    made = reports.create("acme", record(1), None)
    done = finished(reports, "acme", made)
    assert reports.swap("acme", made, done), "what lies there is our own"
    assert reports.get("acme", made.id) == done


def test_a_key_makes_one_report_within_its_day(reports: Reports, clock: Clock) -> None:
    once = Once("key", "request")
    made = reports.create("acme", record(1), once)
    assert reports.create("acme", record(2), once) == made
    assert reports.create("other", record(3), once).id == record(3).id, "a key is its customer's own"
    with pytest.raises(KeyReused):
        reports.create("acme", record(4), Once("key", "another request"))
    clock.now = NOW + KEY_LIVES - timedelta(seconds=1)
    assert reports.create("acme", record(5), once) == made
    clock.now = NOW + KEY_LIVES
    assert reports.create("acme", record(6), Once("key", "another request")).id == record(6).id


def test_a_key_whose_report_was_deleted_makes_no_second_one(reports: Reports) -> None:
    made = reports.create("acme", record(1), Once("key", "request"))
    reports.delete("acme", made.id)
    with pytest.raises(Conflict):
        reports.create("acme", record(2), Once("key", "request"))


def test_what_could_not_be_queued_is_as_if_never_asked_for(reports: Reports) -> None:
    once = Once("key", "request")
    made = reports.create("acme", record(1), once)
    reports.delete("acme", made.id, once)
    assert reports.create("acme", record(2), once).id == record(2).id


def test_a_customer_has_so_many_reports_under_way(reports: Reports) -> None:
    made = [reports.create("acme", record(number), None) for number in range(MOST_RUNNING)]
    with pytest.raises(TooManyRunning):
        reports.create("acme", record(9), None)
    assert reports.get("acme", record(9).id) is None
    reports.create("other", record(9), None)
    finished(reports, "acme", made[0])
    reports.create("acme", record(10), None)
    with pytest.raises(TooManyRunning):
        reports.create("acme", record(11), None)
    reports.delete("acme", made[1].id)
    reports.create("acme", record(11), None)


def test_reports_whose_jobs_are_lost_hold_no_place(reports: Reports, clock: Clock) -> None:
    for number in range(MOST_RUNNING):
        reports.create("acme", record(number), None)
    clock.now = NOW + LOST_AFTER + timedelta(minutes=1)
    assert reports.create("acme", replace(record(9), created_at=clock.now), None).id == record(9).id


def test_places_that_a_crash_left_taken_are_free_again(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [reports.create("acme", record(number), None) for number in range(MOST_RUNNING)]
    with monkeypatch.context() as crashing:
        crashing.setattr(reports, "_leave", lambda *named: None)
        finished(reports, "acme", made[0])
    assert reports.create("acme", record(9), None).id == record(9).id
    with pytest.raises(TooManyRunning):
        reports.create("acme", record(10), None)


def at_once(backend: str, calls: list[Callable[[], Any]]) -> list[Any]:
    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except TooManyRunning as error:
            return error

    with ThreadPoolExecutor(backends.workers(backend, 10)) as pool:
        return list(pool.map(outcome, calls))


def test_twenty_requests_at_once_with_one_key_make_one_report(reports: Reports, backend: str) -> None:
    once = Once("key", "request")
    made = at_once(backend, [lambda number=number: reports.create("acme", record(number), once) for number in range(20)])
    assert len({one.id for one in made}) == 1
    assert [one.id for one in reports.list("acme", 100, None)[0]] == [made[0].id]


def test_ten_requests_at_once_keep_to_the_quota(reports: Reports, backend: str) -> None:
    made = at_once(backend, [lambda number=number: reports.create("acme", record(number), None) for number in range(10)])
    assert sum(isinstance(one, ReportRecord) for one in made) == MOST_RUNNING
    assert len(reports.list("acme", 100, None)[0]) == MOST_RUNNING


def test_a_link_is_found_by_its_id_and_listed_for_its_owner_alone(client: Any, clock: Clock) -> None:
    links = Links(Dynamo(client), "securebase-dev-report-links", clock)
    link = Link("a" * 16, record(1).id, "digest", NOW, "key:k", NOW + timedelta(days=7))
    links.put("acme", link)
    links.put("acme", replace(link, id="b" * 16, created_at=NOW + timedelta(seconds=1)))
    links.used("acme", link)
    links.used("acme", link)
    links.put("acme", replace(link, revoked_at=NOW))
    assert links.find(link.id) == ("acme", replace(link, revoked_at=NOW))
    assert [(one.id, uses.count, uses.last_at) for one, uses in links.of("acme", link.report_id)] == [
        ("a" * 16, 2, NOW),
        ("b" * 16, 0, None),
    ]
    assert links.of("other", link.report_id) == []
    clock.now = NOW + timedelta(days=7)
    assert (links.find(link.id), links.of("acme", link.report_id)) == (None, [])
