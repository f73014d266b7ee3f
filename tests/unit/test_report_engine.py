"""The report engine: a queued report becomes one document, whatever happens to its workers, and what proves it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Busy, Conflict, InvalidInput, KeyReused, NotFound, ReportTooLarge, StoreUnavailable
from chalicelib.domain.report import Report
from chalicelib.domain.reporting import FAILED, QUEUED, READY, RENDERING, Once, ReportRecord
from chalicelib.domain.signals import REPORTS_FAILED
from chalicelib.domain.state import CustomerStatus
from chalicelib.domain.template import BUILT_IN, Templates
from chalicelib.domain.usage import UsageBucket
from chalicelib.renderers import json as canonical_json
from chalicelib.security.signing import Signer, check, fingerprint
from chalicelib.usecases.reports import rendering, report
from chalicelib.usecases.reports.reporting import Reporting, fail, fetch
from ops import verify
from tests.fakes import Clock, FakeBooks

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
REPORT_ID = "a" * 32
BODY = {"type": ["costs"], "format": ["json"], "period": ["7d"]}
SIGNER = Signer(b"s" * 32)


@dataclass
class FakeRecords:
    """Records of one customer."""

    found: dict[str, ReportRecord] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)

    def made_by(self, customer_id: str, once: Once) -> ReportRecord | None:
        request, held = self.keys.get(once.key, (once.request, ""))
        if request != once.request:
            raise KeyReused(("Idempotency-Key", "was used"))
        return self.found.get(held)

    def create(self, customer_id: str, record: ReportRecord, once: Once | None) -> ReportRecord:
        if once:
            self.keys[once.key] = (once.request, record.id)
        self.found[record.id] = record
        return record

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None:
        return self.found.get(report_id)

    def swap(self, customer_id: str, was: ReportRecord, record: ReportRecord) -> bool:
        held = self.found.get(record.id)
        if held is None or (held.status, held.attempts) != (was.status, was.attempts):
            return False
        self.found[record.id] = record
        return True

    def delete(self, customer_id: str, report_id: str, once: Once | None = None) -> None:
        self.found.pop(report_id)
        if once:
            self.keys.pop(once.key)


@dataclass
class FakeFiles:
    kept: dict[tuple[str, int], bytes] = field(default_factory=dict)
    months: int = 0

    def put(self, customer_id: str, record: ReportRecord, content: BinaryIO, content_type: str) -> None:
        self.kept[record.id, record.attempts], self.months = content.read(), record.months

    def open(self, customer_id: str, record: ReportRecord) -> BinaryIO | None:
        content = self.kept.get((record.id, record.attempts))
        return None if content is None else io.BytesIO(content)

    def url(self, customer_id: str, record: ReportRecord) -> str:
        return f"https://s3/{customer_id}/{record.id}"

    def delete(self, customer_id: str, report_id: str) -> None:
        self.kept = {place: content for place, content in self.kept.items() if place[0] != report_id}


@dataclass
class FakeQueue:
    sent: list[Any] = field(default_factory=list)
    broken: bool = False

    def send(self, messages: Any) -> None:
        if self.broken:
            raise StoreUnavailable("SQS refused a job")
        self.sent += messages


class Customers:
    def get(self, customer_id: str) -> Customer:
        return Customer(customer_id, "Acme", (), "x", NOW)

    def all(self) -> list[Customer]:
        return []


@dataclass
class Engine:
    """All that the engine works with; `writing` is what happens when the document is written."""

    records: FakeRecords = field(default_factory=FakeRecords)
    files: FakeFiles = field(default_factory=FakeFiles)
    queue: FakeQueue = field(default_factory=FakeQueue)
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    books: FakeBooks = field(default_factory=FakeBooks)
    emitted: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    writing: Callable[[], None] = lambda: None

    @property
    def with_(self) -> Reporting:
        def write(made: Report, form: str, file: BinaryIO) -> None:
            self.writing()
            canonical_json.write(made, file)

        return Reporting(
            Customers(),
            self.books,
            self.records,  # type: ignore[arg-type]
            self.files,  # type: ignore[arg-type]
            self.queue,
            write,
            canonical_json.write_data_set,
            lambda form: "application/json",
            lambda: SIGNER,
            lambda metric, value: self.emitted.append(metric),
            lambda customer_id, record: self.told.append(record.status),
            self.clock,
        )

    def ask(self, key: str | None = None, **body: list[str]) -> ReportRecord:
        return report.request(self.with_, "acme", {**BODY, **body}, REPORT_ID, key)

    def run(self) -> ReportRecord:
        rendering.run(self.with_, "acme", REPORT_ID)
        return self.records.found[REPORT_ID]

    def failing(self, error: Exception) -> Callable[[], None]:
        def fail() -> None:
            raise error

        return fail


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_queued_report_becomes_ready_with_all_that_is_known_of_it(engine: Engine) -> None:
    assert engine.ask().status == QUEUED
    assert engine.queue.sent == [{"job": "report", "customer_id": "acme", "report_id": REPORT_ID}]
    engine.clock.now += timedelta(seconds=2)
    ready = engine.run()
    assert (ready.status, ready.attempts, ready.started_at) == (READY, 1, NOW + timedelta(seconds=2))
    document = engine.files.kept[REPORT_ID, 1]
    assert ready.size_bytes == len(document)
    assert json.loads(document)["generated_at"] == "2026-11-23T20:00:00Z", "as of when it was asked for"
    assert engine.files.months == 13


def test_a_repeated_job_makes_nothing_anew(engine: Engine) -> None:
    engine.ask()
    ready = engine.run()
    engine.writing = engine.failing(AssertionError("rendered again"))
    assert engine.run() == ready


def test_an_outage_leaves_it_queued_until_it_is_over(engine: Engine) -> None:
    engine.ask()
    engine.writing = engine.failing(StoreUnavailable("S3 doesn't answer"))
    with pytest.raises(StoreUnavailable):
        engine.run()
    assert (engine.records.found[REPORT_ID].status, engine.emitted) == (QUEUED, [])
    engine.writing = lambda: None
    assert (engine.run().status, engine.run().attempts) == (READY, 2)


def test_the_third_failure_is_the_last_and_counts_for_the_alarm_once(engine: Engine) -> None:
    engine.ask()
    engine.writing = engine.failing(StoreUnavailable("S3 doesn't answer"))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            engine.run()
    failed = engine.run()
    assert (failed.status, failed.reason, engine.emitted) == (FAILED, "store_unavailable", [REPORTS_FAILED])
    engine.run()
    assert engine.emitted == [REPORTS_FAILED]


def test_a_defect_of_ours_fails_without_telling_its_words(engine: Engine) -> None:
    engine.ask()
    engine.writing = engine.failing(ValueError("secret"))
    for _ in range(3):
        with pytest.raises(ValueError):
            engine.run()
    failed = engine.records.found[REPORT_ID]
    assert (failed.status, failed.reason) == (FAILED, "internal_error")
    assert "secret" not in failed.detail


def test_what_can_never_succeed_fails_at_once_with_its_reason(engine: Engine) -> None:
    engine.ask()
    engine.writing = engine.failing(ReportTooLarge("there are 300,000 rows"))
    failed = engine.run()
    assert (failed.status, failed.attempts, failed.reason, failed.detail) == (FAILED, 1, "report_too_large", "there are 300,000 rows")


def test_a_job_that_comes_while_another_renders_waits(engine: Engine) -> None:
    engine.ask()
    seen: list[type[Exception]] = []

    def meanwhile() -> None:
        engine.writing = lambda: None
        with pytest.raises(Busy) as raised:
            engine.run()
        seen.append(raised.type)

    engine.writing = meanwhile
    assert (engine.run().status, engine.run().attempts, seen) == (READY, 1, [Busy])


def test_a_worker_that_was_killed_is_taken_over_from_once_it_must_be_dead(engine: Engine) -> None:
    record = engine.ask()
    engine.records.found[REPORT_ID] = replace(record, status=RENDERING, attempts=1, started_at=NOW)
    with pytest.raises(Busy):
        engine.run()
    engine.clock.now += rendering.LEASE
    assert (engine.run().status, engine.run().attempts) == (READY, 2)


def test_a_worker_that_was_taken_over_from_takes_nothing_of_the_others(engine: Engine) -> None:
    engine.ask()

    def meanwhile() -> None:
        engine.writing = lambda: None
        engine.clock.now += rendering.LEASE
        engine.run()

    engine.writing = meanwhile
    record = engine.run()
    assert (record.status, record.attempts) == (READY, 2)
    assert (REPORT_ID, 2) in engine.files.kept


def test_after_three_workers_were_killed_it_is_given_up(engine: Engine) -> None:
    record = engine.ask()
    engine.records.found[REPORT_ID] = replace(record, status=RENDERING, attempts=3, started_at=NOW)
    engine.clock.now += rendering.LEASE
    failed = engine.run()
    assert (failed.status, failed.reason, engine.emitted) == (FAILED, "gave_up", [REPORTS_FAILED])


def test_a_report_whose_job_is_lost_is_failed_when_it_is_looked_at(engine: Engine) -> None:
    engine.ask()
    engine.clock.now += timedelta(hours=3, seconds=1)
    found = fetch(engine.with_, "acme", REPORT_ID)
    assert (found.status, found.reason, engine.emitted) == (FAILED, "gave_up", [REPORTS_FAILED])
    assert engine.records.found[REPORT_ID] == found


def test_a_report_is_lost_after_three_hours_of_being_under_way_and_never_once_it_is_over(engine: Engine) -> None:
    engine.ask()
    record = engine.records.found[REPORT_ID]
    asked_at, moment = record.created_at, timedelta(seconds=1)
    assert [record.lost(asked_at + timedelta(hours=3) + more) for more in (timedelta(0), moment)] == [False, True]
    assert not replace(record, status=READY).lost(asked_at + timedelta(days=9))


def test_a_job_of_a_deleted_report_clears_what_a_worker_left(engine: Engine) -> None:
    engine.ask()
    engine.run()
    del engine.records.found[REPORT_ID]
    rendering.run(engine.with_, "acme", REPORT_ID)
    assert engine.files.kept == {}


def test_a_record_that_cannot_be_written_is_an_outage_like_any_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.ask()
    swap = engine.records.swap

    def refusing(customer_id: str, was: ReportRecord, record: ReportRecord) -> bool:
        if record.status == READY:
            raise StoreUnavailable("an item is too large")
        return swap(customer_id, was, record)

    monkeypatch.setattr(engine.records, "swap", refusing)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            engine.run()
    assert (engine.run().status, engine.run().reason) == (FAILED, "store_unavailable")


def test_all_of_a_report_is_of_one_state_of_the_data(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    generations = iter(["before", "meanwhile", "after", "after"])
    monkeypatch.setattr(engine.books, "status", lambda customer_id: CustomerStatus(next(generations, "after")))
    engine.ask()
    engine.run()
    assert next(generations, None) is None, "laid out again, as the data had changed"


def test_a_report_deleted_while_it_is_rendered_leaves_nothing(engine: Engine) -> None:
    engine.ask()
    engine.writing = lambda: engine.records.delete("acme", REPORT_ID)
    rendering.run(engine.with_, "acme", REPORT_ID)
    assert (engine.records.found, engine.files.kept) == ({}, {})


def test_a_request_that_cannot_be_queued_leaves_nothing_behind(engine: Engine) -> None:
    engine.queue.broken = True
    with pytest.raises(StoreUnavailable):
        engine.ask("key")
    assert (engine.records.found, engine.records.keys) == ({}, {})


def test_a_repeated_request_queues_again_only_what_seems_lost(engine: Engine) -> None:
    made = engine.ask("key")
    assert report.request(engine.with_, "acme", BODY, "b" * 32, "key") == made
    assert len(engine.queue.sent) == 1
    engine.clock.now += report.LOST_AFTER + timedelta(seconds=1)
    assert report.request(engine.with_, "acme", BODY, "b" * 32, "key") == made
    assert [job["report_id"] for job in engine.queue.sent] == [REPORT_ID, REPORT_ID]


def test_a_repeated_request_is_answered_though_what_it_asks_for_is_gone(engine: Engine) -> None:
    engine.books.change("acme", Templates, lambda held: Templates((replace(BUILT_IN["usage"], id="mine"),)))
    body = {"type": ["custom"], "template": ["mine"], "format": ["csv"]}
    made = report.request(engine.with_, "acme", body, REPORT_ID, "key")
    engine.books.change("acme", Templates, lambda held: Templates())
    assert report.request(engine.with_, "acme", body, "b" * 32, "key") == made
    with pytest.raises(InvalidInput):
        report.request(engine.with_, "acme", body, "b" * 32, "another key")


def test_of_two_workers_that_see_a_queued_report_one_renders_it(engine: Engine) -> None:
    record = engine.ask()
    real = engine.records.get

    def stale(customer_id: str, report_id: str) -> ReportRecord | None:
        engine.records.get = real  # type: ignore[method-assign]
        engine.run()
        return record

    engine.records.get = stale  # type: ignore[method-assign]
    with pytest.raises(Busy):
        engine.run()
    assert (engine.records.found[REPORT_ID].attempts, engine.told) == (1, [READY])


def test_data_that_keep_changing_leave_the_report_for_later(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(100))
    monkeypatch.setattr(engine.books, "status", lambda customer_id: CustomerStatus(str(next(numbers))))
    engine.ask()
    with pytest.raises(StoreUnavailable, match="kept changing"):
        engine.run()
    assert engine.records.found[REPORT_ID].status == QUEUED


def test_a_report_with_too_many_rows_fails_with_its_number(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MOST_ROWS", 3)
    line = CostLine("1", "S3", "us-east-1", "", "AWS", "Usage", "USD", Decimal(1), Decimal(1), None)
    engine.books.put("acme", [CostDay.of(date(2026, 11, 20), [line], totals_of([line]), False, ("focus_export",))])
    engine.ask()
    failed = engine.run()
    assert (failed.status, failed.reason) == (FAILED, "report_too_large")
    assert "a report takes 3" in failed.detail


def test_a_lost_report_that_somebody_else_ends_is_counted_once(engine: Engine) -> None:
    record = engine.ask()
    engine.clock.now += timedelta(hours=4)
    fetch(engine.with_, "acme", REPORT_ID)
    assert fail(engine.with_, "acme", record, "gave_up", "its job is lost").status == FAILED
    assert engine.emitted == [REPORTS_FAILED]


# Fetched and deleted


def test_a_document_can_be_fetched_once_it_is_ready_and_why_not_is_said(engine: Engine) -> None:
    engine.ask()
    with pytest.raises(Conflict, match=r"the report is queued$"):
        report.link(engine.with_, "acme", REPORT_ID)
    engine.writing = engine.failing(ReportTooLarge("there are 300,000 rows"))
    engine.run()
    with pytest.raises(Conflict, match="the report is failed: there are 300,000 rows"):
        report.link(engine.with_, "acme", REPORT_ID)
    engine.records.found.clear()
    engine.writing = lambda: None
    engine.ask()
    engine.run()
    assert report.link(engine.with_, "acme", REPORT_ID) == f"https://s3/acme/{REPORT_ID}"


def test_a_deleted_report_leaves_neither_record_nor_document(engine: Engine) -> None:
    engine.ask()
    engine.run()
    report.delete(engine.with_, "acme", REPORT_ID)
    assert (engine.records.found, engine.files.kept) == ({}, {})
    with pytest.raises(NotFound):
        report.delete(engine.with_, "acme", REPORT_ID)


def test_a_report_deleted_while_its_document_is_put_there_leaves_none(engine: Engine) -> None:
    engine.ask()
    real = engine.records.delete

    def late(customer_id: str, report_id: str, once: Once | None = None) -> None:
        engine.files.kept[report_id, 1] = b"what a worker has just put there"
        real(customer_id, report_id, once)

    engine.records.delete = late  # type: ignore[method-assign]
    report.delete(engine.with_, "acme", REPORT_ID)
    assert engine.files.kept == {}


def test_a_report_without_a_manifest_is_not_verified(engine: Engine) -> None:
    engine.ask()
    engine.records.found[REPORT_ID] = replace(engine.run(), signed=None)
    with pytest.raises(Conflict, match="no manifest"):
        report.verify(engine.with_, "acme", REPORT_ID, lambda *given: "ok")


# Restated since


def restated(engine: Engine, **change: Any) -> Any:
    return report.restated(engine.with_, "acme", replace(engine.records.found[REPORT_ID], **change))


def known_since(engine: Engine, at: datetime | None, changed_at: datetime | None) -> None:
    """A day of cost that says what it says since then, and when anything was last written."""
    day = replace(CostDay.of(date(2026, 11, 20), [], [], False, ("focus_export",)), since=at)
    engine.books.put("acme", [day])
    status = CustomerStatus("g", {}, changed_at)
    engine.books.status = lambda customer_id: status  # type: ignore[method-assign]


def test_days_that_say_something_else_since_a_report_was_made_are_counted(engine: Engine) -> None:
    engine.ask()
    engine.run()
    later = NOW + timedelta(hours=2)
    known_since(engine, later, later)
    assert restated(engine) == {"days": 1, "since": "2026-11-23T22:00:00Z"}
    known_since(engine, NOW - timedelta(hours=2), later)
    assert restated(engine) == {"days": 0, "since": None}
    known_since(engine, None, later)
    assert restated(engine) == {"days": 0, "since": None}


def test_where_nothing_was_written_since_nothing_is_read(engine: Engine) -> None:
    engine.ask()
    engine.run()
    known_since(engine, NOW, NOW - timedelta(minutes=1))
    reads = engine.books.costs.reads
    assert restated(engine) == {"days": 0, "since": None}
    assert engine.books.costs.reads == reads


def test_usage_restates_reports_on_usage_and_costs_those_on_costs(engine: Engine) -> None:
    engine.ask(type=["usage"])
    engine.run()
    later = NOW + timedelta(hours=2)
    known_since(engine, later, later)
    assert restated(engine) == {"days": 0, "since": None}
    start = datetime(2026, 11, 20, tzinfo=UTC)
    engine.books.usage.found[start.date()] = UsageBucket(start, since=later)
    assert restated(engine) == {"days": 1, "since": "2026-11-23T22:00:00Z"}


@pytest.mark.parametrize(
    "change",
    [{"status": FAILED}, {"started_at": None}, {"template": BUILT_IN["compliance"]}, {"parameters": {"as_of": ("2026-11-22",)}}],
)
def test_what_has_no_days_of_its_own_is_never_restated(engine: Engine, change: dict[str, Any]) -> None:
    engine.ask()
    engine.run()
    assert restated(engine, **change) is None


def proof(engine: Engine, folder: Path) -> tuple[Path, Any]:
    """(the document as a file, what the verify route would tell)."""
    engine.ask()
    signed = engine.run().signed
    assert signed is not None
    document = folder / "report.json"
    document.write_bytes(engine.files.kept[REPORT_ID, 1])
    told = {"manifest": json.loads(signed.manifest), "signature": signed.signature, "public_key": signed.public_key}
    return document, told


def test_a_document_is_verified_offline_by_its_manifest(engine: Engine, tmp_path: Path) -> None:
    document, told = proof(engine, tmp_path)
    again = json.loads(json.dumps(told, indent=1))
    assert list(verify.problems(document, again, fingerprint(SIGNER.public_key))) == []


def test_whatever_is_changed_is_told(engine: Engine, tmp_path: Path) -> None:
    document, told = proof(engine, tmp_path)
    content = document.read_bytes()
    document.write_bytes(content.replace(b"Acme", b"Evil"))
    assert list(verify.problems(document, told, None)) == ["the document isn't one that the manifest tells of"]
    document.write_bytes(content)
    forged = {**told, "manifest": {**told["manifest"], "estimated": True}}
    assert list(verify.problems(document, forged, None)) == ["the manifest isn't what was signed"]
    other = Signer(b"o" * 32)
    assert any("another key" in one for one in verify.problems(document, told, fingerprint(other.public_key)))


def test_the_route_tells_altered_missing_and_foreign(engine: Engine, tmp_path: Path) -> None:
    proof(engine, tmp_path)

    def asked(*known: str) -> report.Verified:
        return report.verify(engine.with_, "acme", REPORT_ID, lambda *given: check(*given, known=known))[1]

    def verified(*known: str) -> tuple[str, str]:
        return tuple(asked(*known))

    assert verified(SIGNER.public_key) == ("ok", "ok")
    assert (asked(SIGNER.public_key).valid, asked(Signer(b"o" * 32).public_key).valid) == (True, False)
    assert verified(Signer(b"o" * 32).public_key) == ("ok", "unknown_key")
    engine.files.kept[REPORT_ID, 1] += b" "
    assert verified(SIGNER.public_key) == ("altered", "ok")
    engine.files.kept.clear()
    assert verified(SIGNER.public_key) == ("missing", "ok")


def test_all_formats_of_the_same_data_have_the_same_data_set(engine: Engine) -> None:
    hashes = set()
    for form, at in (("json", NOW), ("csv", NOW + timedelta(minutes=1))):
        engine.clock.now = at
        engine.records.found.clear()
        engine.ask(format=[form])
        signed = engine.run().signed
        assert signed is not None
        hashes.add(json.loads(signed.manifest)["data_set_sha256"])
    assert len(hashes) == 1
