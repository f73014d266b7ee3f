"""Dropped exports. The S3 key is the unit: the same key replaces what it brought, other keys add, identical bytes count once.

Several workers may take files of one customer at once, and any of them may be cut off: what is still to be settled stands in the
drop's own record until it is done, and each step looks again after writing, so that the last one to finish has seen everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime
from typing import BinaryIO

from chalicelib.domain.compliance import assess, headline_product
from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import RejectedDrop, StoreUnavailable
from chalicelib.domain.period import DAY, midnight, month_start, next_month
from chalicelib.domain.prospect import Prospects
from chalicelib.domain.state import (
    FAILING,
    FINDINGS_EXPORT,
    FOCUS_EXPORT,
    GONE,
    NO_DATA,
    NOT_ENABLED,
    OK,
    PARTIAL,
    REJECTED,
    SECURITY_HUB,
    Drop,
    SourceState,
)
from chalicelib.usecases.aggregation.ahead import look_ahead
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.aggregation.noticing import notice
from chalicelib.usecases.aggregation.settle import settle_months

ROUNDS = 5
Opened = tuple[BinaryIO, str, datetime]


def take(with_: Collaborators, customer: Customer, kind: str, key: str) -> None:
    """Takes in what a key holds, or forgets it when the key is gone; again, if the key holds something else by the time that is done."""
    once = take_costs if kind == "focus" else take_findings
    for _ in range(ROUNDS):
        opened = with_.exports.open(customer.id, key)
        with opened[0] if opened else nullcontext():
            once(with_, customer, key, opened)
        if _digest_of(with_.exports.open(customer.id, key)) == (opened and opened[1]):
            return
    raise StoreUnavailable("a dropped key kept changing while it was taken in")


def _digest_of(opened: Opened | None) -> str | None:
    if opened is None:
        return None
    opened[0].close()
    return opened[1]


def take_costs(with_: Collaborators, customer: Customer, key: str, opened: Opened | None) -> None:
    before = next((drop for drop in with_.metrics.drops(customer.id) if drop.key == key), Drop(key, "focus", "", with_.clock(), GONE))
    after = _read_costs(with_, customer, key, opened, before)
    stale = {*before.stale, *([before.origin] if before.digest else [])} - {after.origin}
    months = {*before.months, *before.settling, *after.months}
    after = replace(after, settling=tuple(sorted(months)), stale=tuple(sorted(stale)))
    with_.metrics.put_drop(customer.id, after)
    version = settle_months(with_.metrics, customer.id, months)
    _forget_parts(with_, customer, months, stale)
    finish_costs(with_, customer, after, version)


def finish_costs(with_: Collaborators, customer: Customer, drop: Drop, settled: str) -> None:
    """What follows once a drop's months are settled (to days of that digest): the source's state, and the drop's record last of all."""
    ahead = look_ahead(with_, customer, with_.clock())
    _put_state(with_, customer, FOCUS_EXPORT, settled, _cost_through, ahead)
    notice(with_, customer.id, with_.clock())
    _sign_off(with_, customer, drop)


def _read_costs(with_: Collaborators, customer: Customer, key: str, opened: Opened | None, before: Drop) -> Drop:
    """The drop's record as of now, its parts put already; of a malformed file, the record of before with the reason."""
    if opened is None:
        return Drop(key, "focus", "", with_.clock(), GONE)
    file, digest, received = opened
    after = Drop(key, "focus", digest, received, OK, digest)
    try:
        export = with_.read_cost_export(file, after.origin, received)
    except RejectedDrop as reason:
        return _rejected(before, digest, received, reason)
    with_.metrics.put_cost_parts(customer.id, export.parts)
    after = replace(after, rows=export.rows, months=months_of(export.parts))
    return replace(after, notes=(*export.notes, *_overlaps(after, _drops(with_, customer, FOCUS_EXPORT))))


def _overlaps(drop: Drop, others: list[Drop]) -> list[str]:
    """Other keys that tell of the same accounts and months: halves of a bill, or the same bill twice; only the customer knows which."""
    notes = []
    for other in others:
        months = [month for month in drop.months if set(drop.months[month][0]) & set(other.months.get(month, ((), None))[0])]
        if months and other.key != drop.key and other.digest != drop.digest:
            counts = "this file counts" if other.export else "both count"
            notes.append(f"{other.key} has rows of the same accounts and months, too ({months[0]:%Y-%m}): {counts}")
    return notes


def _rejected(before: Drop, seen: str, received: datetime, reason: RejectedDrop) -> Drop:
    """The record of a file that can't be read; what the key brought before stays live."""
    return replace(before, state=REJECTED, reason=str(reason), etag=seen, received_at=received, taken_at=None)


def months_of(parts: tuple[CostPart, ...]) -> dict[date, tuple[tuple[str, ...], date]]:
    """Per month (its first day) the accounts that have rows in it, and the last day with one."""
    months: dict[date, tuple[set[str], date]] = {}
    for part in parts:
        accounts, last = months.get(month_start(part.day), (set(), part.day))
        months[month_start(part.day)] = accounts | {line.account for line in part.lines}, max(last, part.day)
    return {month: (tuple(sorted(accounts)), last) for month, (accounts, last) in sorted(months.items())}


def _forget_parts(with_: Collaborators, customer: Customer, months: Iterable[date], stale: set[str]) -> None:
    """Deletes parts of this key's earlier contents; an origin belongs to one key, so nobody else's are touched."""
    for month in sorted(months) if stale else ():
        parts = with_.metrics.cost_parts(customer.id, month, next_month(month) - DAY)
        gone = [(part.day, part.source, part.origin) for part in parts if part.source == FOCUS_EXPORT and part.origin in stale]
        with_.metrics.delete_cost_parts(customer.id, gone)


def _sign_off(with_: Collaborators, customer: Customer, drop: Drop) -> None:
    """Says, last of all, that whatever the drop brings can be asked for now."""
    if drop.state == GONE:
        with_.metrics.delete_drop(customer.id, drop.key)
    else:
        with_.metrics.put_drop(customer.id, replace(drop, taken_at=with_.clock(), settling=(), stale=()))


def _cost_through(drops: list[Drop]) -> datetime | None:
    """The end of the last day with a row."""
    last = max((last for drop in drops for _, last in drop.months.values()), default=None)
    return midnight(last + DAY) if last else None


def _findings_through(drops: list[Drop]) -> datetime | None:
    """When the last good file came."""
    return max((drop.received_at for drop in drops if drop.state == OK), default=None)


def _put_state(
    with_: Collaborators,
    customer: Customer,
    source: str,
    settled: str,
    through: Callable[[list[Drop]], datetime | None],
    ahead: Prospects | None = None,
) -> None:
    """The state that all the customer's files of that kind make together, as they are once it is written."""
    for _ in range(ROUNDS):
        drops = _drops(with_, customer, source)
        with_.metrics.put_state(customer.id, _state_of(source, drops, settled, through(drops), with_.clock()), ahead)
        if _print_of(_drops(with_, customer, source)) == _print_of(drops):
            return
    raise StoreUnavailable("a customer's files kept changing while their state was written")


def _state_of(source: str, drops: list[Drop], settled: str, through: datetime | None, now: datetime) -> SourceState:
    """Rejected files are named, one by one; `version` changes with whatever lies there and whatever came of it."""
    version = hashlib.sha256(repr((settled, _print_of(drops))).encode()).hexdigest()
    if not drops:
        return SourceState(source, NO_DATA, now, version=version)
    rejected = tuple((drop.key, drop.reason) for drop in drops if drop.state == REJECTED)
    state = OK if not rejected else PARTIAL if len(rejected) < len(drops) else FAILING
    received = max(drop.received_at for drop in drops)
    return SourceState(source, state, received, through, _findings_through(drops), rejected, version)


def _drops(with_: Collaborators, customer: Customer, source: str) -> list[Drop]:
    kind = "focus" if source == FOCUS_EXPORT else "findings"
    return [drop for drop in with_.metrics.drops(customer.id) if drop.kind == kind and drop.state != GONE]


def _print_of(drops: list[Drop]) -> list[tuple[str, str, str, str]]:
    return sorted((drop.key, drop.digest, drop.etag, drop.state) for drop in drops)


def take_findings(with_: Collaborators, customer: Customer, key: str, opened: Opened | None) -> None:
    """Findings of all the customer's keys are one set; Security Hub's own score is never replaced by them."""
    before = next((drop for drop in _drops(with_, customer, FINDINGS_EXPORT) if drop.key == key), None)
    after = Drop(key, "findings", "", with_.clock(), GONE)
    if opened is None:
        with_.metrics.delete_findings(customer.id, key)
    else:
        file, digest, received = opened
        try:
            findings = with_.read_findings_export(file)
        except RejectedDrop as reason:
            after = _rejected(before or after, digest, received, reason)
        else:
            with_.metrics.put_findings(customer.id, key, received, findings)
            after = Drop(key, "findings", digest, received, OK, digest, rows=len(findings))
    with_.metrics.put_drop(customer.id, after)
    if not _from_security_hub(with_, customer):
        assess_findings(with_, customer, with_.clock())
    _put_state(with_, customer, FINDINGS_EXPORT, "", _findings_through)
    _sign_off(with_, customer, after)


def _from_security_hub(with_: Collaborators, customer: Customer) -> bool:
    state = with_.metrics.status(customer.id).sources.get(SECURITY_HUB)
    return state is not None and state.last_success_at is not None and state.state not in (NO_DATA, NOT_ENABLED)


def assess_findings(with_: Collaborators, customer: Customer, now: datetime) -> bool:
    """Today's state of compliance from all dropped findings, as they are once it is written; False when there are none.

    Without any, a state that came from files before becomes one without evidence.
    """
    for _ in range(ROUNDS):
        held = with_.metrics.findings(customer.id)
        found = [(received, finding) for received, findings in held for finding in findings]
        last = with_.metrics.latest_compliance_day(customer.id, now.date())
        if found or (last and last.source == FINDINGS_EXPORT):
            received = max((received for received, _ in found), default=now)
            day = assess(FINDINGS_EXPORT, headline_product(found) or "", (finding for _, finding in found), received, before=last)
            with_.metrics.put_compliance_days(customer.id, [replace(day, day=now.date())])
        if with_.metrics.findings(customer.id) == held:
            return bool(found)
    raise StoreUnavailable("a customer's findings kept changing while they were assessed")
