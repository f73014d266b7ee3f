"""Costs: what each source says of a day becomes one set of lines per customer and day, one source per account and month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from chalicelib.domain.amounts import Amounts, Columns
from chalicelib.domain.exact import ZERO, add_known
from chalicelib.domain.period import midnight, next_month
from chalicelib.domain.state import FOCUS_EXPORT

BASES = ("billed", "effective", "list")
USAGE_CHARGE = "Usage"
"""FOCUS's ChargeCategory of what was used; the others are Purchase, Tax, Credit and Adjustment."""
SUMS = len(BASES)
"""The place of the first column of a day's sums."""
FINAL_AFTER_CLOSE = timedelta(days=14)
"""Exports are rewritten until two weeks after a month's close; what came before that is estimated."""


class CostKey(NamedTuple):
    """What a line is of: its dimensions ('' where the source has none) and its currency."""

    account: str
    service: str
    region: str
    category: str
    provider: str
    charge_category: str
    currency: str
    tags: tuple[tuple[str, str], ...] = ()

    def tag(self, key: str) -> str:
        return dict(self.tags).get(key, "")


@dataclass(frozen=True, slots=True)
class CostLine:
    """One day's amounts of one combination of dimensions ('' where the source has none), in one currency. None is unknown."""

    account: str
    service: str
    region: str
    category: str
    provider: str
    charge_category: str
    currency: str
    billed: Decimal | None
    effective: Decimal | None
    list: Decimal | None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> CostKey:
        tags = tuple(sorted(self.tags.items()))
        return CostKey(self.account, self.service, self.region, self.category, self.provider, self.charge_category, self.currency, tags)

    def amount(self, basis: str) -> Decimal | None:
        value: Decimal | None = getattr(self, basis)
        return value


@dataclass(frozen=True, slots=True)
class SourceTotal:
    """The source's own total of one account and day, taken apart from the lines, to hold them against."""

    account: str
    currency: str
    billed: Decimal | None
    effective: Decimal | None
    list: Decimal | None

    def amount(self, basis: str) -> Decimal | None:
        value: Decimal | None = getattr(self, basis)
        return value


@dataclass(frozen=True)
class CostPart:
    """What one source (one drop, or Cost Explorer) says of one day; `origin` tells parts of a day apart."""

    day: date
    source: str
    origin: str
    lines: tuple[CostLine, ...]
    totals: tuple[SourceTotal, ...]
    estimated: bool
    basis: str = ""


Owner = tuple[str, str]
"""(account, currency)"""


@dataclass(slots=True)
class CostDay:
    """What counts for a customer's day: its columns of amounts, and per owner the sources' own totals in BASES' order.

    `amounts` are, in BASES' order, a column with an amount per key and then one with what those sum to per currency.
    `own` is empty where those totals are, to the last digit, what the lines sum to.
    `basis` names what `billed` is where it isn't the net amount. `since` is when this version of the day was kept and `restated`
    whether it replaced another one; two versions are equal when they say the same. Nothing ever changes a day, but it isn't frozen:
    that would take most of reading two years of them.
    """

    day: date
    keys: tuple[CostKey, ...]
    amounts: Columns
    owners: tuple[Owner, ...]
    own: Sequence[Amounts]
    estimated: bool
    sources: tuple[str, ...]
    basis: str = ""
    since: datetime | None = field(default=None, compare=False)
    restated: bool = field(default=False, compare=False)

    @staticmethod
    def of(
        day: date, lines: Iterable[CostLine], totals: Iterable[SourceTotal], estimated: bool, sources: tuple[str, ...], basis: str = ""
    ) -> CostDay:
        """From lines of distinct keys and totals of distinct owners."""
        lines, totals = sorted(lines, key=lambda line: line.key), sorted(totals, key=lambda total: (total.account, total.currency))
        agreed = tuple(totals) == totals_of(lines)
        keys = tuple(line.key for line in lines)
        columns = [Amounts.of([line.amount(name) for line in lines]) for name in BASES]
        return CostDay(
            day,
            keys,
            Columns.of(keys, [*columns, *sums_of(keys, columns)]),
            tuple((total.account, total.currency) for total in totals),
            () if agreed else tuple(Amounts.of([total.amount(name) for total in totals]) for name in BASES),
            estimated,
            sources,
            basis,
        )

    @property
    def lines(self) -> tuple[CostLine, ...]:
        """The same as one value per key."""
        return tuple(
            CostLine(*key[:-1], *amounts, dict(key.tags))  # type: ignore[call-arg]
            for key, *amounts in zip(self.keys, *(self.amounts[place].values() for place in range(SUMS)), strict=True)
        )

    @property
    def totals(self) -> tuple[SourceTotal, ...]:
        if not self.own:
            return totals_of(self.lines)
        return tuple(
            SourceTotal(*owner, *amounts) for owner, *amounts in zip(self.owners, *(amounts.values() for amounts in self.own), strict=True)
        )


def currencies_of(keys: Iterable[CostKey]) -> tuple[str, ...]:
    """In order."""
    return tuple(sorted({key.currency for key in keys}))


def sums_of(keys: Sequence[CostKey], columns: Iterable[Amounts]) -> Iterator[Amounts]:
    """Per column the sum of every currency."""
    places = [[place for place, key in enumerate(keys) if key.currency == currency] for currency in currencies_of(keys)]
    return (Amounts.of([column.total(its_places) for its_places in places]) for column in columns)


class LineSums:
    """Lines of equal dimensions and currency, added up as they come: what is kept grows with distinct ones, not with lines."""

    def __init__(self) -> None:
        self._sums: dict[CostKey, tuple[Decimal | None, ...]] = {}

    def add(self, line: CostLine) -> None:
        key = line.key
        before = self._sums.get(key, (ZERO, ZERO, ZERO))
        self._sums[key] = tuple(add_known(pair) for pair in zip(before, (line.billed, line.effective, line.list), strict=True))

    @property
    def lines(self) -> tuple[CostLine, ...]:
        """One per key, in a stable order."""
        return tuple(CostLine(*key[:-1], *self._sums[key], dict(key.tags)) for key in sorted(self._sums))  # type: ignore[call-arg,arg-type]


def add_lines(lines: Iterable[CostLine]) -> tuple[CostLine, ...]:
    """Lines of equal dimensions and currency added up, in a stable order."""
    sums = LineSums()
    for line in lines:
        sums.add(line)
    return sums.lines


def totals_of(lines: Iterable[CostLine | SourceTotal]) -> tuple[SourceTotal, ...]:
    """The total per account and currency."""
    grouped: dict[tuple[str, str], list[CostLine | SourceTotal]] = {}
    for line in lines:
        grouped.setdefault((line.account, line.currency), []).append(line)
    return tuple(
        SourceTotal(account, currency, *(add_known(line.amount(basis) for line in grouped[account, currency]) for basis in BASES))
        for account, currency in sorted(grouped)
    )


def export_is_final(received: date, month_of: date) -> bool:
    """Whether an export received on that day is past the time in which the month's bill is still rewritten."""
    return midnight(received) >= midnight(next_month(month_of)) + FINAL_AFTER_CLOSE


def settle(day: date, parts: Iterable[CostPart], exported: frozenset[str], exported_day: bool) -> CostDay | None:
    """The day's one truth. `exported` are the accounts that an export tells of in this month: Cost Explorer's lines of them don't count.

    `exported_day` says that an export covers the day even if it has no line in it. None when no source covers the day.
    """
    ordered = sorted(parts, key=lambda part: (part.source, part.origin))
    lines: list[CostLine] = []
    totals: list[SourceTotal] = []
    counted: list[CostPart] = []
    for part in ordered:
        keep = [line for line in part.lines if part.source == FOCUS_EXPORT or line.account not in exported]
        kept_totals = [total for total in part.totals if part.source == FOCUS_EXPORT or total.account not in exported]
        if part.source == FOCUS_EXPORT or keep or kept_totals or part.origin not in exported:
            counted.append(part)
        lines += keep
        totals += kept_totals
    if not counted and not exported_day:
        return None
    return CostDay.of(
        day,
        add_lines(lines),
        totals_of(totals),
        any(part.estimated for part in counted),
        tuple(sorted({part.source for part in counted} | ({FOCUS_EXPORT} if exported_day else set()))),
        next((part.basis for part in counted if part.basis), ""),
    )
