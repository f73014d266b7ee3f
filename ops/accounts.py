"""Whose an AWS account is, from which day until which: claims that never overlap, and what is read again when one changes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from chalicelib.domain.cost import SourceTotal
from chalicelib.domain.customer import UNALLOCATED, Account, Customer
from chalicelib.domain.exact import add_known, plain
from chalicelib.domain.period import LONGEST_MONTHS, hour_floor, iso, midnight, minus_months, month_start, next_month
from chalicelib.wiring import Services
from ops.audit import note
from ops.common import customer_of

BACKFILL = timedelta(days=90)
MOVED_BACK = timedelta(days=365)
"""How far back a moved account's usage and Cost Explorer's days are read again; Cost Explorer keeps 14 months."""
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


def claimed(with_: Services, customer: Customer, accounts: Iterable[str], since: date | None) -> tuple[Customer, list[Customer]]:
    """The customer with the accounts, and the disabled ones whose time with them ends by that; SystemExit when somebody has one."""
    claims = [Account(account, since=since) for account in dict.fromkeys(accounts)]
    wrong = [claim.id for claim in claims if not _ACCOUNT.fullmatch(claim.id)]
    if wrong:
        raise SystemExit(f"--account: {', '.join(wrong)} is not a 12-digit AWS account id")
    if since is not None and since > with_.clock().date():
        raise SystemExit(f"--since: {since} hasn't come yet")
    ids = {claim.id for claim in claims}
    everybody = with_.customers.all()
    freed = [_freed(one, ids, since) for one in everybody if one.disabled and since is not None and ids & set(one.account_ids)]
    now = {one.id: one for one in [*everybody, *freed]}
    for other in now.values():
        for mine in claims:
            _refuse_taken(mine, other)
    return replace(customer, accounts=(*customer.accounts, *claims)), freed


def _refuse_taken(claim: Account, other: Customer) -> None:
    """An account belongs to one customer at a time: it must not be read, or shown, for two."""
    for theirs in other.claims:
        if claim.overlaps(theirs):
            state = ", which is disabled" if other.disabled else ""
            how = "`move` it" if theirs.until is None and not other.disabled else "say since when it is another's (--since)"
            raise SystemExit(f"account {told(theirs)} belongs to customer {other.id}{state}: {how}")


def closed(customer: Customer, accounts: set[str], on: date) -> Customer:
    """The customer whose time with these accounts ended before that day; a time of no day at all leaves no trace."""
    ending = [replace(claim, until=on) for claim in customer.accounts if claim.id in accounts]
    kept = tuple(claim for claim in customer.accounts if claim.id not in accounts)
    return replace(customer, accounts=kept, former=(*customer.former, *(claim for claim in ending if claim.since != on)))


def _freed(customer: Customer, accounts: set[str], on: date) -> Customer:
    """A disabled customer without those of the accounts that it had before that day; what it has since then stays in the way."""
    before = {claim.id for claim in customer.accounts if claim.id in accounts and (claim.since is None or claim.since < on)}
    return closed(customer, before, on)


def move(with_: Services, account: str, to: str, on: date) -> Customer:
    """Ends the account's time with whoever has it and begins it with another customer, both or neither; returns that customer."""
    receiver, now = customer_of(with_, to), with_.clock()
    if receiver.disabled:
        raise SystemExit(f"{to} is disabled")
    if on > now.date():
        raise SystemExit(f"--on: {on} hasn't come yet")
    holder = next((one for one in with_.customers.all() if account in one.account_ids), None)
    if holder is None or holder.id == to:
        raise SystemExit(f"account {account} is {'of no customer: `assign` it' if holder is None else f'of {to} already'}")
    if not holder.owns(account, on):
        raise SystemExit(f"--on: account {account} wasn't {holder.id}'s on {on}")
    receiver = replace(receiver, accounts=(*receiver.accounts, Account(account, since=on)))
    with_.customers.put_together([closed(holder, {account}, on), receiver])
    again = [*splits(with_, on), {"job": "moved", "customer_id": holder.id, "account": account, "start": iso(midnight(on))}]
    again += [backfill(one.id, on, now, MOVED_BACK) for one in (holder, receiver) if not one.disabled]
    with_.collaborators.queue.send(again)
    for one in (holder, receiver):
        note(with_, one.id, "customers move", f"accounts/{account}")
    print(f"account {account} is {to}'s from {on} and was {holder.id}'s before; what it used and cost since is read again", file=sys.stderr)
    return receiver


def backfill(customer_id: str, since: date | None, now: datetime, longest: timedelta = BACKFILL) -> dict[str, str]:
    """The job that reads a customer's costs and usage again from that day on, as far back as `longest`."""
    start = max((now - longest).date(), since or date.min)
    return {"job": "backfill", "customer_id": customer_id, "start": iso(midnight(start)), "end": iso(hour_floor(now))}


def splits(with_: Services, since: date | None) -> list[dict[str, str]]:
    """A job for every period of the payer's exports that has rows of that day or later: whose they are may have changed."""
    exports = [export for export in with_.payer_exports.all() if export.manifest]
    again = [export for export in exports if since is None or any(last >= since for last in export.through.values())]
    return [{"job": "payer_export", "export": export.export, "key": export.manifest} for export in again]


def told(claim: Account) -> str:
    """123456789012 (from 2026-01-01 until 2026-11-10)"""
    days = [f"{word} {day}" for word, day in (("from", claim.since), ("until", claim.until)) if day is not None]
    return f"{claim.id} ({' '.join(days)})" if days else claim.id


def show_unallocated(with_: Services) -> None:
    """Every billing period that the payer's exports brought, then per month and currency what is nobody's, and of which accounts.

    What Cost Explorer tells of nobody's accounts is of the last thirteen months.
    """
    exports, today = with_.payer_exports.all(), with_.clock().date()
    for export in exports:
        received = iso(export.modified) if export.modified else "-"
        print("\t".join([export.key, received, f"{export.rows} rows", export.state, export.reason or "-"]))
    first = min([minus_months(month_start(today), LONGEST_MONTHS), *(month for export in exports for month in export.months)])
    by_month: dict[date, list[SourceTotal]] = {}
    for day in with_.metrics.costs.read(UNALLOCATED, first, max([today, *(next_month(m) for e in exports for m in e.months)])):
        by_month.setdefault(month_start(day.day), []).extend(day.totals)
    for month, totals in by_month.items():
        for currency in sorted({total.currency for total in totals}):
            mine = [total for total in totals if total.currency == currency]
            billed = add_known(total.billed for total in mine)
            accounts = sorted({total.account for total in mine})
            amount = "-" if billed is None else f"{plain(billed):f}"
            print("\t".join([f"{month:%Y-%m}", currency, amount, f"{len(accounts)} accounts", ",".join(accounts)]))
