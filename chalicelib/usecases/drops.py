"""Dropped exports. The S3 key is the unit: the same key replaces what it brought, other keys add, identical bytes count once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.compliance import assess, headline_product
from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.period import DAY, midnight, month_start
from chalicelib.domain.state import FAILING, FINDINGS_EXPORT, FOCUS_EXPORT, NO_DATA, OK, PARTIAL, SECURITY_HUB, Drop, SourceState
from chalicelib.usecases.settle import settle_months

if TYPE_CHECKING:
    from chalicelib.usecases.aggregate import Collaborators

REJECTED = "rejected"


def take(with_: Collaborators, customer: Customer, kind: str, key: str) -> None:
    """Takes in what a key now holds, or forgets it when the key is gone; a malformed file changes nothing but the drop's record."""
    if kind == "focus":
        take_costs(with_, customer, key)
    else:
        take_findings(with_, customer, key)


def take_costs(with_: Collaborators, customer: Customer, key: str) -> None:
    drops = {drop.key: drop for drop in with_.metrics.drops(customer.id)}
    before = drops.pop(key, None)
    opened = with_.exports.open(customer.id, key)
    if opened is None:
        after = None
        with_.metrics.delete_drop(customer.id, key)
    else:
        file, digest, received = opened
        try:
            export = with_.read_cost_export(file, digest, received)
        except RejectedDrop as reason:
            after = _rejected(before, key, "focus", digest, received, str(reason))
        else:
            with_.metrics.put_cost_parts(customer.id, export.parts)
            after = Drop(key, "focus", digest, received, OK, digest, notes=export.notes, rows=export.rows, months=months_of(export.parts))
        drops[key] = after
        with_.metrics.put_drop(customer.id, after)
    months = set(before.months if before else ()) | set(after.months if after else ())
    version = settle_months(with_.metrics, customer.id, months)
    if before and before.digest not in {drop.digest for drop in with_.metrics.drops(customer.id)}:  # as it is now: others drop, too
        _forget_parts(with_, customer, before)
    _put_export_state(with_, customer, FOCUS_EXPORT, [drop for drop in drops.values() if drop.kind == "focus"], version)
    _sign_off(with_, customer, after)


def _sign_off(with_: Collaborators, customer: Customer, drop: Drop | None) -> None:
    """Says, last of all, that whatever the drop brings can be asked for now."""
    if drop:
        with_.metrics.put_drop(customer.id, replace(drop, taken_at=with_.clock()))


def _rejected(before: Drop | None, key: str, kind: str, seen: str, received: datetime, reason: str) -> Drop:
    """The record of a file that can't be read; what the key brought before stays live."""
    kept = before or Drop(key, kind, "", received, REJECTED)
    return replace(kept, state=REJECTED, reason=reason, etag=seen, received_at=received, taken_at=None)


def months_of(parts: tuple[CostPart, ...]) -> dict[date, tuple[tuple[str, ...], date]]:
    """Per month (its first day) the accounts that have rows in it, and the last day with one."""
    months: dict[date, tuple[set[str], date]] = {}
    for part in parts:
        accounts, last = months.get(month_start(part.day), (set(), part.day))
        months[month_start(part.day)] = accounts | {line.account for line in part.lines}, max(last, part.day)
    return {month: (tuple(sorted(accounts)), last) for month, (accounts, last) in sorted(months.items())}


def _forget_parts(with_: Collaborators, customer: Customer, drop: Drop) -> None:
    gone = [
        (part.day, part.source, part.origin)
        for month, (_, last) in drop.months.items()
        for part in with_.metrics.cost_parts(customer.id, month, last)
        if part.origin == drop.digest
    ]
    with_.metrics.delete_cost_parts(customer.id, gone)


def _put_export_state(with_: Collaborators, customer: Customer, source: str, drops: list[Drop], version: str) -> None:
    """data_through is the end of the last day with a row (for findings, the last good drop); rejected files are named, one by one."""
    if not drops:
        with_.metrics.put_state(customer.id, SourceState(source, NO_DATA, with_.clock(), version=version))
        return
    rejected = tuple((drop.key, drop.reason) for drop in drops if drop.state == REJECTED)
    state = OK if not rejected else PARTIAL if len(rejected) < len(drops) else FAILING
    received = max(drop.received_at for drop in drops)
    last = max((last for drop in drops for _, last in drop.months.values()), default=None)
    through = midnight(last + DAY) if last else None
    if source == FINDINGS_EXPORT:
        through = max((drop.received_at for drop in drops if drop.state == OK), default=None)
    with_.metrics.put_state(customer.id, SourceState(source, state, received, through, received, rejected, version))


def take_findings(with_: Collaborators, customer: Customer, key: str) -> None:
    """Findings of all the customer's keys are one set; Security Hub's own score is never replaced by them."""
    drops = {drop.key: drop for drop in with_.metrics.drops(customer.id) if drop.kind == "findings"}
    before = drops.pop(key, None)
    opened = with_.exports.open(customer.id, key)
    if opened is None:
        with_.metrics.delete_findings(customer.id, key)
        with_.metrics.delete_drop(customer.id, key)
    else:
        file, digest, received = opened
        try:
            findings = with_.read_findings_export(file)
        except RejectedDrop as reason:
            drops[key] = _rejected(before, key, "findings", digest, received, str(reason))
        else:
            with_.metrics.put_findings(customer.id, key, received, findings)
            drops[key] = Drop(key, "findings", digest, received, OK, digest, rows=len(findings))
        with_.metrics.put_drop(customer.id, drops[key])
    now = with_.clock()
    if not _from_security_hub(with_, customer):
        assess_findings(with_, customer, now)
    version = ",".join(sorted(drop.digest for drop in drops.values()))
    _put_export_state(with_, customer, FINDINGS_EXPORT, list(drops.values()), version)
    _sign_off(with_, customer, drops.get(key))


def _from_security_hub(with_: Collaborators, customer: Customer) -> bool:
    state = with_.metrics.status(customer.id).sources.get(SECURITY_HUB)
    return state is not None and state.last_success_at is not None and state.state != NO_DATA


def assess_findings(with_: Collaborators, customer: Customer, now: datetime) -> bool:
    """Today's state of compliance from all dropped findings; False, with nothing written, when there are none."""
    found = [(received, finding) for received, findings in with_.metrics.findings(customer.id) for finding in findings]
    if not found:
        return False
    received = max(received for received, _ in found)
    day = assess(FINDINGS_EXPORT, headline_product(found) or "", (finding for _, finding in found), received)
    with_.metrics.put_compliance_days(customer.id, [replace(day, day=now.date())])
    return True
