"""The payer's export: a manifest's rows become every owner's cost parts, and each owner settles its own months.

A version's parts are put under an origin of its own before it counts, so what is half there is never counted. The record of the export's
period says what is being put, what counts and who hasn't been told; it changes only from the revision that was read, so of two manifests
at once the newer one wins, and whoever takes over after a crash finds everything that may lie about. An owner's settling looks again
after writing, as that of a drop does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import RejectedDrop, StoreUnavailable
from chalicelib.domain.payer import Incoming, Manifest, PayerExport, Split, is_of, place_of, version_of
from chalicelib.domain.period import DAY, month_start, next_month
from chalicelib.domain.reading import CostRows
from chalicelib.domain.state import FOCUS_EXPORT, GONE, OK, REJECTED, Drop, origin_of
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.aggregation.drops import finish_costs, months_of
from chalicelib.usecases.aggregation.settle import settle_months

JOBS = ("payer_export", "payer_settle")
ROUNDS = 5
Looked = tuple[tuple[str, str], ...]
"""(key, ETag) of every data file."""


def run(with_: Collaborators, job: Mapping[str, str]) -> None:
    if job["job"] == "payer_export":
        take(with_, job["key"])
    else:
        settle_owner(with_, job["customer_id"], job["key"])


def take(with_: Collaborators, key: str) -> None:
    """Takes in what the manifest under that key lists, unless it counts already or a newer one does. RejectedDrop changes no number."""
    found = with_.payer.files.manifest(key)
    if found is None:
        return
    manifest = place_of(key)
    try:
        manifest = with_.payer.read_manifest(found[0], key, with_.payer.files.bucket)
        record = _record(with_, manifest)
        if not record.newer_than(found[1], key):
            record = _take_version(with_, manifest, found, record.version)
    except RejectedDrop as refused:
        if manifest and not _record(with_, manifest).newer_than(found[1], key):
            _refuse(with_, manifest, str(refused))
        raise
    _tell(with_, record)


def _refuse(with_: Collaborators, manifest: Manifest, reason: str) -> None:
    """What counted before still does; the operator sees why."""
    _change(with_, manifest, lambda before: replace(before, state=REJECTED, reason=reason))


def _record(with_: Collaborators, manifest: Manifest) -> PayerExport:
    key = manifest.period_key
    return with_.payer.exports.get(key) or PayerExport(key, manifest.export, manifest.period)


def _change(with_: Collaborators, manifest: Manifest, change: Callable[[PayerExport], PayerExport]) -> PayerExport:
    for _ in range(ROUNDS):
        kept = with_.payer.exports.put(change(_record(with_, manifest)))
        if kept:
            return kept
    raise StoreUnavailable("the record of an export kept changing")


def _take_version(with_: Collaborators, manifest: Manifest, found: tuple[bytes, datetime], counting: str) -> PayerExport:
    """The period's record once this version counts, or once another one does that came first."""
    files, customers, modified = _look(with_, manifest, found[1]), with_.customers.all(), found[1]
    version = version_of(manifest, files, modified, customers)
    if version == counting:
        return _accepted(with_, manifest, modified)
    split, counted = _read(with_, files, customers)
    coming = Incoming(version, modified, manifest.key)
    _change(with_, manifest, lambda before: before.begun(coming, split.through, split.sums))
    for owner, days in sorted(split.sums.items()):
        origin = origin_of(manifest.period_key, version)
        with_.metrics.put_cost_parts(owner, [with_.payer.to_part(day, sums.lines, origin, modified) for day, sums in sorted(days.items())])
    for _ in range(ROUNDS):
        record = _record(with_, manifest)
        if record.version == version:
            return record
        if record.newer_than(modified, manifest.key) or not _holds(with_, manifest, found, files, version):
            break
        kept = with_.payer.exports.put(record.promoted(coming, counted.rows, counted.notes, split.through))
        if kept:
            return kept
    _send(with_, manifest.period_key, sorted(split.sums))  # what was put for nothing is forgotten
    if record.newer_than(modified, manifest.key):
        return record
    raise StoreUnavailable("an export or whose its accounts are changed while it was taken in")


def _accepted(with_: Collaborators, manifest: Manifest, modified: datetime) -> PayerExport:
    """The record of what counts already, as of this manifest: one of between that comes late is older, too."""
    record = _record(with_, manifest)
    if (record.modified, record.manifest, record.reason) == (modified, manifest.key, ""):
        return record
    return _change(with_, manifest, lambda before: before.confirmed(manifest.key, modified))


def _holds(with_: Collaborators, manifest: Manifest, found: tuple[bytes, datetime], files: Looked, version: str) -> bool:
    """Whether the manifest and the accounts' owners are what they were when the version was read."""
    same = with_.payer.files.manifest(manifest.key) == found
    return same and version_of(manifest, files, found[1], with_.customers.all()) == version


def _look(with_: Collaborators, manifest: Manifest, written: datetime) -> Looked:
    """The data files' ETags; one that is gone, or newer than the manifest, is of an export that is being rewritten."""
    files = []
    for place, key in enumerate(manifest.files):
        seen = with_.payer.files.look(key)
        if seen is None:
            raise RejectedDrop(f"dataFiles[{place}]: no such file")
        if seen[1] > written:
            raise RejectedDrop(f"dataFiles[{place}]: written after the manifest, which comes last when all is there")
        files.append((key, seen[0]))
    return tuple(files)


def _read(with_: Collaborators, files: Looked, customers: Iterable[Customer]) -> tuple[Split, CostRows]:
    split, counted = Split(customers), CostRows()
    for place, (key, etag) in enumerate(files):
        opened = with_.payer.files.open(key)
        if opened is None or opened[1] != etag:
            raise StoreUnavailable("a data file was rewritten while it was read")
        with opened[0] as file:
            try:
                counted += with_.payer.read_rows(file, split.add)
            except RejectedDrop as reason:
                raise RejectedDrop(f"dataFiles[{place}]: {reason}") from reason
    return split, counted


def _tell(with_: Collaborators, record: PayerExport) -> None:
    """One message per owner whose months are to be settled: none of them waits for another."""
    if record.untold:
        _send(with_, record.key, record.untold)
        with_.payer.exports.put(replace(record, untold=()))  # where somebody else was quicker, they are told twice


def _send(with_: Collaborators, key: str, owners: Iterable[str]) -> None:
    with_.queue.send([{"job": "payer_settle", "customer_id": owner, "key": key} for owner in owners])


def settle_owner(with_: Collaborators, owner: str, key: str) -> None:
    """Makes the owner's share of a period count as the period's record has it; again, if that has changed by then."""
    for _ in range(ROUNDS):
        record = with_.payer.exports.get(key)
        if record is None:
            return
        _settle_once(with_, Customer(owner, owner, (), "", with_.clock()), record)
        again = with_.payer.exports.get(key)
        if again and again.version == record.version:
            return
    raise StoreUnavailable("an export kept changing while a customer's share of it was settled")


def _settle_once(with_: Collaborators, owner: Customer, record: PayerExport) -> None:
    known = (drop for drop in with_.metrics.drops(owner.id) if drop.key == record.key)
    before = next(known, Drop(record.key, "focus", "", with_.clock(), GONE))
    parts = _parts(with_, owner, record, {*record.months, *before.months, *before.settling})
    months = {*before.months, *before.settling, *(month_start(part.day) for part in parts)}
    after = replace(_share(record, parts, with_.clock()), settling=tuple(sorted(months)))
    if not months:
        return
    with_.metrics.put_drop(owner.id, after)
    settled = settle_months(with_.metrics, owner.id, months)
    _forget_others(with_, owner, record.key, parts)
    finish_costs(with_, owner, after, settled)


def _parts(with_: Collaborators, owner: Customer, record: PayerExport, months: set[date]) -> list[CostPart]:
    """The owner's parts of the period, in all versions that are there."""
    found = with_.metrics.cost_parts(owner.id, min(months), next_month(max(months)) - DAY) if months else []
    return [part for part in found if is_of(record.key, part)]


def _share(record: PayerExport, parts: list[CostPart], now: datetime) -> Drop:
    """What the owner has of what counts, as a drop's record.

    The export covers its months to its own last day, but never beyond the day that it was written on: some fees lie ahead.
    """
    counting = tuple(part for part in parts if part.origin == origin_of(record.key, record.version))
    received = record.modified or now
    share = Drop(record.key, "focus", record.version, received, OK, record.version, export=record.export, period=record.period)
    months = {month: (accounts, min(record.through[month], received.date())) for month, (accounts, _) in months_of(counting).items()}
    return replace(share, months=months) if months else replace(share, state=GONE)


def _forget_others(with_: Collaborators, owner: Customer, key: str, parts: list[CostPart]) -> None:
    """Deletes those of the parts that neither count nor are about to; the record is read after the parts, so it names all that come."""
    record = with_.payer.exports.get(key)
    kept = {origin_of(key, version) for version in (record.version, *(coming.version for coming in record.incoming))} if record else set()
    gone = [(part.day, FOCUS_EXPORT, part.origin) for part in parts if part.origin not in kept]
    with_.metrics.delete_cost_parts(owner.id, gone)
