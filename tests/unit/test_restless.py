"""What keeps changing while it is worked on ends in a named failure that the queue tries again, never in half of a number."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from chalicelib.domain.cost import CostLine, CostPart
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.errors import RejectedDrop, StoreUnavailable
from chalicelib.domain.payer import Manifest, PayerExport
from chalicelib.domain.reading import CostRows
from chalicelib.domain.state import SECURITY_HUB, CustomerStatus, Drop, SourceState
from chalicelib.usecases.aggregation import drops, findings, payer
from chalicelib.usecases.aggregation.collaborators import Collaborators, Payer
from chalicelib.usecases.aggregation.settle import settle_months
from tests.fakes import FakeCloudWatch, FakeMetrics, collaborators
from tests.unit.findings import finding

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ACME = Customer("acme", "Acme", (Account("1"),), "x", NOW - timedelta(days=900))
NOVEMBER = date(2026, 11, 1)
KEY = "focus-export/bill/BILLING_PERIOD=2026-11/manifest.json"
MANIFEST = Manifest(KEY, "bill", NOVEMBER, ("focus-export/bill/1.csv",))


def with_metrics(metrics: Any, **more: Any) -> Collaborators:
    known = collaborators(FakeMetrics(lambda: NOW, timedelta(days=14)), FakeCloudWatch(lambda: NOW))
    return replace(known, metrics=metrics, clock=lambda: NOW, **more)


def restless(value: Callable[[int], Any]) -> Callable[..., Any]:
    """Answers something else every time."""
    numbers = count()
    return lambda *asked: value(next(numbers))


# Costs


def test_a_month_whose_parts_keep_changing_is_settled_by_the_next_try() -> None:
    parts = restless(lambda number: [CostPart(NOVEMBER, "cost_explorer", str(number), (), (), True)])
    metrics: Any = SimpleNamespace(cost_parts=parts, drops=lambda customer_id: [], costs=SimpleNamespace(put=lambda *given: "digest"))
    with pytest.raises(StoreUnavailable, match="month's costs kept changing"):
        settle_months(metrics, "acme", [NOVEMBER])


# Drops and findings


def findings_of(number: int) -> list[Any]:
    return [(NOW, (finding(f"A.{number}"),))]


def test_dropped_findings_that_keep_changing_are_assessed_by_the_next_try() -> None:
    metrics = SimpleNamespace(
        findings=restless(findings_of), latest_compliance_day=lambda *asked: None, put_compliance_days=lambda *given: "version"
    )
    with pytest.raises(StoreUnavailable, match="findings kept changing"):
        drops.assess_findings(with_metrics(metrics), ACME, NOW)


def test_a_state_of_files_that_keep_changing_is_written_by_the_next_try() -> None:
    metrics = SimpleNamespace(
        drops=restless(lambda number: [Drop("k", "findings", str(number), NOW, "ok")]),
        delete_findings=lambda *given: None,
        put_drop=lambda *given: None,
        put_state=lambda *given: None,
        status=lambda customer_id: CustomerStatus("g", {SECURITY_HUB: SourceState(SECURITY_HUB, "ok", NOW, NOW, NOW)}),
    )
    with pytest.raises(StoreUnavailable, match="files kept changing"):
        drops.take_findings(with_metrics(metrics), ACME, "k", None)


@pytest.mark.parametrize("held", [[], [Drop("k", "findings", "d1", NOW, "ok", "e1", rows=3)]])
def test_findings_that_cannot_be_read_are_named_and_what_the_key_brought_before_stays(held: list[Drop]) -> None:
    kept, states = {drop.key: drop for drop in held}, list[SourceState]()

    def unreadable(file: BinaryIO) -> Any:
        raise RejectedDrop("no JSON")

    metrics = SimpleNamespace(
        drops=lambda customer_id: list(kept.values()),
        put_drop=lambda customer_id, drop: kept.update({drop.key: drop}),
        delete_drop=lambda customer_id, key: kept.pop(key),
        put_state=lambda customer_id, state, ahead=None: states.append(state),
        status=lambda customer_id: CustomerStatus("g", {SECURITY_HUB: SourceState(SECURITY_HUB, "ok", NOW, NOW, NOW)}),
    )
    drops.take_findings(with_metrics(metrics, read_findings_export=unreadable), ACME, "k", (io.BytesIO(b"?"), "e2", NOW))
    assert (kept["k"].state, kept["k"].reason, kept["k"].digest) == ("rejected", "no JSON", held[0].digest if held else "")
    assert (states[-1].state, states[-1].failures) == ("failing", (("k", "no JSON"),))


def test_security_hubs_findings_that_keep_changing_are_assessed_by_the_next_try() -> None:
    hub = SimpleNamespace(
        change=lambda *given: True,
        findings=restless(lambda number: {"1": (finding(f"A.{number}"),)}),
        disabled=lambda customer_id: frozenset(),
    )
    metrics = SimpleNamespace(
        hub=hub,
        status=lambda customer_id: CustomerStatus("g", {SECURITY_HUB: SourceState(SECURITY_HUB, "ok", NOW, NOW, NOW)}),
        latest_compliance_day=lambda *asked: None,
        put_compliance_days=lambda *given: "version",
    )
    with pytest.raises(StoreUnavailable, match="findings kept changing"):
        findings.take_events(with_metrics(metrics), ACME, [finding("A.1")], NOW)


# The payer's export


@dataclass
class FakeExports:
    """Records by their keys; `meanwhile` is what somebody else does before each put."""

    kept: dict[str, PayerExport] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None

    def get(self, key: str) -> PayerExport | None:
        return self.kept.get(key)

    def put(self, export: PayerExport) -> PayerExport | None:
        self.meanwhile()
        held = self.kept.get(export.key)
        if held and held.revision != export.revision:
            return None
        self.kept[export.key] = replace(export, revision=export.revision + 1)
        return self.kept[export.key]

    def touch(self) -> None:
        """Somebody else changes the record."""
        held = self.kept.get(MANIFEST.period_key) or PayerExport(MANIFEST.period_key, "bill", NOVEMBER)
        self.kept[held.key] = replace(held, revision=held.revision + 1)


@dataclass
class FakeFiles:
    """One manifest of one data file with one row, written an hour before."""

    bucket: str = "exports"
    content: bytes = b"{}"
    written: datetime = NOW - timedelta(hours=1)
    etag: str = "e1"
    opened_etag: str = "e1"
    file_at: datetime | None = NOW - timedelta(hours=2)
    reading: Callable[[], None] = lambda: None

    def manifest(self, key: str) -> tuple[bytes, datetime] | None:
        return (self.content, self.written) if self.content else None

    def look(self, key: str) -> tuple[str, datetime] | None:
        return None if self.file_at is None else (self.etag, self.file_at)

    def open(self, key: str) -> tuple[BinaryIO, str] | None:
        self.reading()
        return io.BytesIO(b""), self.opened_etag


class World:
    """One customer, whose account has a row in the payer's export."""

    def __init__(self) -> None:
        self.exports, self.files, self.sent, self.put = FakeExports(), FakeFiles(), list[Any](), list[str]()
        self.refused, self.unreadable = "", ""
        reading = Payer(self.exports, self.files, self._manifest, self._rows, self._part)  # type: ignore[arg-type]
        metrics = SimpleNamespace(put_cost_parts=lambda owner, parts: self.put.append(owner))
        people: Any = SimpleNamespace(all=lambda: [ACME])
        queue: Any = SimpleNamespace(send=self.sent.extend)
        self.with_ = with_metrics(metrics, payer=reading, customers=people, queue=queue)

    def _manifest(self, content: bytes, key: str, bucket: str) -> Manifest:
        if self.refused:
            raise RejectedDrop(self.refused)
        return replace(MANIFEST, key=key)

    def _rows(self, file: BinaryIO, take: Callable[[date, CostLine], None]) -> CostRows:
        if self.unreadable:
            raise RejectedDrop(self.unreadable)
        take(date(2026, 11, 2), CostLine("1", "S3", "", "", "", "Usage", "USD", *([Decimal(1)] * 3)))
        return CostRows()

    def _part(self, day: date, lines: tuple[CostLine, ...], origin: str, received: datetime) -> CostPart:
        return CostPart(day, "focus_export", origin, lines, (), False)

    def take(self, key: str = KEY) -> PayerExport | None:
        payer.take(self.with_, key)
        return self.exports.kept.get(MANIFEST.period_key)


@pytest.fixture
def world() -> World:
    return World()


def test_a_manifest_that_is_there_counts_and_its_owners_are_told_once(world: World) -> None:
    record = world.take()
    assert record is not None
    assert (record.state, record.owners, record.untold) == ("ok", ("acme",), ())
    assert world.sent == [{"job": "payer_settle", "customer_id": "acme", "key": MANIFEST.period_key}]
    assert world.take() == record
    assert len(world.sent) == 1


def test_a_manifest_that_is_gone_is_no_work(world: World) -> None:
    world.files.content = b""
    assert world.take() is None


def test_the_same_files_under_a_newer_manifest_are_confirmed_and_read_by_nobody_again(world: World) -> None:
    world.take()
    world.files.written += timedelta(minutes=5)
    record = world.take()
    assert record is not None
    assert (record.modified, world.put) == (world.files.written, ["acme"])


def test_a_manifest_older_than_what_counts_changes_nothing(world: World) -> None:
    record = world.take()
    world.files.written -= timedelta(minutes=30)
    assert world.take() == record
    world.refused = "no JSON"
    with pytest.raises(RejectedDrop):
        world.take()
    assert world.exports.kept[MANIFEST.period_key] == record


def test_a_key_that_names_no_period_is_refused_and_recorded_nowhere(world: World) -> None:
    world.refused = "no JSON"
    with pytest.raises(RejectedDrop):
        world.take("focus-export/bill/manifest.json")
    assert world.exports.kept == {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"file_at": None}, "no such file"),
        ({"file_at": NOW}, "written after the manifest"),
    ],
)
def test_files_that_are_being_rewritten_are_refused_by_name_and_what_counted_still_does(
    world: World, change: dict[str, Any], why: str
) -> None:
    before = world.take()
    for name, value in change.items():
        setattr(world.files, name, value)
    world.files.written += timedelta(minutes=5)
    with pytest.raises(RejectedDrop, match=why):
        world.take()
    after = world.exports.kept[MANIFEST.period_key]
    assert before is not None
    assert (after.state, after.version, after.modified) == ("rejected", before.version, before.modified)


def test_a_file_that_cannot_be_read_is_named_and_one_rewritten_meanwhile_is_read_later(world: World) -> None:
    world.unreadable = "row 7: no date"
    with pytest.raises(RejectedDrop, match=r"dataFiles\[0\]: row 7"):
        world.take()
    world.files.opened_etag = "e2"
    with pytest.raises(StoreUnavailable, match="rewritten"):
        world.take()


def test_an_export_that_is_written_anew_while_it_is_read_counts_at_the_next_try(world: World) -> None:
    def rewritten() -> None:
        world.files.content, world.files.reading = b"{ }", lambda: None

    world.files.reading = rewritten
    with pytest.raises(StoreUnavailable, match="changed while it was taken in"):
        world.take()
    assert world.exports.kept[MANIFEST.period_key].version == ""
    assert [job["customer_id"] for job in world.sent] == ["acme"], "what was put for nothing is forgotten"
    record = world.take()
    assert record is not None
    assert record.version


def test_of_two_workers_with_the_same_manifest_the_second_finds_it_counting(world: World) -> None:
    def overtaken() -> None:
        world.files.reading = lambda: None
        world.take()

    world.files.reading = overtaken
    record = world.take()
    assert record is not None
    assert (record.state, record.untold) == ("ok", ())


def test_what_is_overtaken_by_a_newer_manifest_leaves_that_one_counting(world: World) -> None:
    written = world.files.written

    def overtaken() -> None:
        world.files.reading = lambda: None
        world.files.written, world.files.etag, world.files.opened_etag = written + timedelta(minutes=5), "e2", "e2"
        world.take()
        world.files.etag = world.files.opened_etag = "e1"

    world.files.reading = overtaken
    record = world.take()
    assert record is not None
    assert record.modified == written + timedelta(minutes=5)


def test_a_record_that_somebody_else_keeps_changing_is_left_for_later(world: World) -> None:
    world.exports.touch()
    world.exports.meanwhile = world.exports.touch
    with pytest.raises(StoreUnavailable, match="record of an export kept changing"):
        world.take()
    puts = count()

    def after_the_first() -> None:
        if next(puts):
            world.exports.touch()

    world.exports.meanwhile = after_the_first
    with pytest.raises(StoreUnavailable, match="changed while it was taken in"):
        world.take()


def test_a_share_of_an_export_that_keeps_changing_is_settled_by_the_next_try(world: World) -> None:
    payer.settle_owner(world.with_, "acme", MANIFEST.period_key)  # there is none: nothing to do
    world.exports.get = restless(lambda number: PayerExport(MANIFEST.period_key, "bill", NOVEMBER, version=str(number)))  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable, match="kept changing"):
        payer.settle_owner(replace(world.with_, metrics=SimpleNamespace(drops=lambda owner: [])), "acme", MANIFEST.period_key)  # type: ignore[arg-type]
