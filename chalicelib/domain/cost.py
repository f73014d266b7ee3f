"""Costs: what each source says of a day becomes one set of lines per customer and day, one source per account and month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from chalicelib.domain.exact import add_known
from chalicelib.domain.period import midnight, next_month
from chalicelib.domain.state import FOCUS_EXPORT

BASES = ("billed", "effective", "list")
FINAL_AFTER_CLOSE = timedelta(days=14)
"""Exports are rewritten until two weeks after a month's close; what came before that is estimated."""


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

    def tag(self, key: str) -> str:
        return self.tags.get(key, "")

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


@dataclass(frozen=True)
class CostDay:
    """What counts for a customer's day. `basis` names what `billed` is where it isn't the net amount."""

    day: date
    lines: tuple[CostLine, ...]
    totals: tuple[SourceTotal, ...]
    estimated: bool
    sources: tuple[str, ...]
    basis: str = ""


def add_lines(lines: Iterable[CostLine]) -> tuple[CostLine, ...]:
    """Lines of equal dimensions and currency added up, in a stable order."""
    grouped: dict[tuple[object, ...], list[CostLine]] = {}
    for line in lines:
        tags = tuple(sorted(line.tags.items()))
        key = (line.account, line.service, line.region, line.category, line.provider, line.charge_category, line.currency, tags)
        grouped.setdefault(key, []).append(line)
    return tuple(_sum_of(grouped[key]) for key in sorted(grouped))


def _sum_of(lines: list[CostLine]) -> CostLine:
    first = lines[0]
    sums = {basis: add_known(line.amount(basis) for line in lines) for basis in BASES}
    return CostLine(
        first.account,
        first.service,
        first.region,
        first.category,
        first.provider,
        first.charge_category,
        first.currency,
        sums["billed"],
        sums["effective"],
        sums["list"],
        first.tags,
    )


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
    return CostDay(
        day,
        add_lines(lines),
        totals_of(totals),
        any(part.estimated for part in counted),
        tuple(sorted({part.source for part in counted} | ({FOCUS_EXPORT} if exported_day else set()))),
        next((part.basis for part in counted if part.basis), ""),
    )


def currencies(days: Iterable[CostDay]) -> list[str]:
    """Every currency that the days' lines are in."""
    return sorted({line.currency for day in days for line in day.lines})


def total(lines: Iterable[CostLine], basis: str) -> Decimal | None:
    """The exact sum; None when a line's amount in that basis is unknown."""
    return add_known(line.amount(basis) for line in lines)


def difference_of(days: Iterable[CostDay], basis: str, currency: str) -> tuple[Decimal | None, Decimal | None]:
    """(sum of the lines, the sources' own total) in that currency, to be equal."""
    held = list(days)
    lines = (line for day in held for line in day.lines if line.currency == currency)
    own = (total.amount(basis) for day in held for total in day.totals if total.currency == currency)
    return total(lines, basis), add_known(own)
