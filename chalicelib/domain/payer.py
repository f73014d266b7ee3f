"""The provider's payer-wide export: what stands of a billing period, whose each row is, and which source tells of a month."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from chalicelib.domain.cost import CostLine, CostPart, LineSums, export_is_final
from chalicelib.domain.customer import Customer, owner_of
from chalicelib.domain.period import month_start
from chalicelib.domain.state import FOCUS_EXPORT, OK, Drop, origin_of

_PLACE = re.compile(r"focus-export/([^/]+)/(?:.*/)?BILLING_PERIOD=(2[0-9]{3})-(0[1-9]|1[0-2])/", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """What an export's manifest says: the data files (whole S3 keys) that are all of the billing period (its first day)."""

    key: str
    export: str
    period: date
    files: tuple[str, ...]

    @property
    def period_key(self) -> str:
        """What the period of the export is known by, whatever wrote it."""
        return f"focus-export/{self.export}/BILLING_PERIOD={self.period:%Y-%m}"


def place_of(key: str) -> Manifest | None:
    """The export and billing period that a key names, with no files; None when it doesn't."""
    found = _PLACE.match(key)
    return Manifest(key, found[1], date(int(found[2]), int(found[3]), 1), ()) if found else None


@dataclass(frozen=True)
class Incoming:
    """A version whose parts are being put, not counted yet, and the manifest that it is of."""

    version: str
    modified: datetime
    manifest: str


@dataclass(frozen=True)
class PayerExport:
    """One billing period of one export. `version` is what counts, from the manifest that was written at `modified`.

    `months` and `owners` are all that any version has had rows of, `through` the last days with one in this version's months. `untold`
    are owners who haven't been sent to settle yet. `state` and `reason` are of the manifest that was looked at last.
    """

    key: str
    export: str
    period: date
    revision: int = 0
    version: str = ""
    manifest: str = ""
    modified: datetime | None = None
    rows: int = 0
    notes: tuple[str, ...] = ()
    months: tuple[date, ...] = ()
    through: dict[date, date] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    incoming: tuple[Incoming, ...] = ()
    untold: tuple[str, ...] = ()
    state: str = OK
    reason: str = ""

    def newer_than(self, modified: datetime, manifest: str) -> bool:
        """Whether what counts was written after that manifest; of one second, the one of the greater key is the later."""
        return self.modified is not None and (self.modified, self.manifest) > (modified, manifest)

    def confirmed(self, manifest: str, modified: datetime) -> PayerExport:
        """The record once a manifest has said again what counts already."""
        if self.newer_than(modified, manifest):
            return self
        return replace(self, manifest=manifest, modified=modified, state=OK, reason="")

    def begun(self, coming: Incoming, months: Iterable[date], owners: Iterable[str]) -> PayerExport:
        """The record before the first part of a version is put, so that whoever takes over knows where parts may lie."""
        return replace(
            self,
            incoming=(*(other for other in self.incoming if other.version != coming.version), coming),
            months=tuple(sorted({*self.months, *months})),
            owners=tuple(sorted({*self.owners, *owners})),
        )

    def promoted(self, coming: Incoming, rows: int, notes: tuple[str, ...], through: dict[date, date]) -> PayerExport:
        """The record once all parts of a version are there: it counts now, and what older manifests were bringing never will.

        Everybody who has ever had rows is told, so that a message lost for good is made up for by the next version.
        """
        return replace(
            self,
            version=coming.version,
            manifest=coming.manifest,
            modified=coming.modified,
            rows=rows,
            notes=notes,
            through=through,
            incoming=tuple(other for other in self.incoming if (other.modified, other.manifest) > (coming.modified, coming.manifest)),
            untold=self.owners,
            state=OK,
            reason="",
        )


def is_of(key: str, part: CostPart) -> bool:
    """Whether the part is of that period of that export, in whatever version."""
    return part.source == FOCUS_EXPORT and part.origin.endswith(origin_of(key, ""))


class Split:
    """Rows added up by owner and day as they come, each to whose its account is on its day.

    A customer that is read through a billing view of its own gets none: what the payer pays isn't for it to see.
    """

    def __init__(self, customers: Iterable[Customer]) -> None:
        customers = list(customers)
        self._viewing = {customer.id for customer in customers if customer.billing_view}
        self._claiming: dict[str, list[Customer]] = {}
        for customer in customers:
            for account in {claim.id for claim in customer.claims}:
                self._claiming.setdefault(account, []).append(customer)
        self._owners: dict[tuple[str, date], str] = {}
        self.sums: dict[str, dict[date, LineSums]] = {}

    def add(self, day: date, line: CostLine) -> None:
        place = (line.account, day)
        if place not in self._owners:
            self._owners[place] = owner_of(self._claiming.get(line.account, ()), line.account, day)
        if self._owners[place] in self._viewing:
            return
        self.sums.setdefault(self._owners[place], {}).setdefault(day, LineSums()).add(line)

    @property
    def through(self) -> dict[date, date]:
        """Per month with a row (its first day) the last day with one, whoever's it is."""
        last: dict[date, date] = {}
        for day in sorted({day for days in self.sums.values() for day in days}):
            last[month_start(day)] = day
        return last


def version_of(manifest: Manifest, files: Iterable[tuple[str, str]], modified: datetime, customers: Iterable[Customer]) -> str:
    """A digest of what decides every part: the data files' contents, whose each account is when, and whether the bill is final."""
    claims = sorted(
        (claim.id, str(claim.since), str(claim.until), one.id, one.disabled, one.billing_view) for one in customers for claim in one.claims
    )
    final = export_is_final(modified.date(), manifest.period)
    return hashlib.sha256(repr((manifest.period_key, sorted(files), final, claims)).encode()).hexdigest()


@dataclass(frozen=True)
class Claims:
    """Who tells of a customer's month: accounts that Cost Explorer isn't asked about, up to which day an export covers the month,
    and per origin of a payer's export the accounts that another source tells of."""

    exported: frozenset[str]
    through: date | None
    elsewhere: Mapping[str, frozenset[str]]

    def counted(self, part: CostPart) -> CostPart | None:
        """The part without what another source tells of; None when that is all of it."""
        accounts = self.elsewhere.get(part.origin) if part.source == FOCUS_EXPORT else None
        if not accounts:
            return part
        lines = tuple(line for line in part.lines if line.account not in accounts)
        return replace(part, lines=lines, totals=tuple(total for total in part.totals if total.account not in accounts)) if lines else None


def claims_of(month: date, drops: Iterable[Drop], in_cost_explorer: frozenset[str]) -> Claims:
    """One source per account and month: the customer's own drops, else the payer's export, else Cost Explorer.

    Of several exports the one whose manifest came last. A bill of another month (a late refund) adds to its own export's month; on its
    own it doesn't take the month from Cost Explorer.
    """
    told = [drop for drop in drops if month in drop.months]
    own = {account for drop in told if not drop.export for account in drop.months[month][0]}
    payers = [drop for drop in told if drop.export]
    whole = [drop for drop in payers if drop.period == month]
    strong = {account for drop in whole for account in drop.months[month][0]}
    chosen: dict[str, str] = {}
    for drop in sorted(payers, key=lambda drop: (drop.period == month, drop.received_at, drop.export)):
        chosen.update(dict.fromkeys(drop.months[month][0], drop.export))
    elsewhere = {
        drop.origin: frozenset(
            account
            for account in drop.months[month][0]
            if account in own or chosen[account] != drop.export or (account in in_cost_explorer and account not in strong)
        )
        for drop in payers
    }
    through = max((drop.months[month][1] for drop in told if not drop.export or drop.period == month), default=None)
    return Claims(frozenset(own | strong), through, elsewhere)
