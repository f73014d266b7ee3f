"""FOCUS 1.0-1.2 cost exports (CSV, plain or gzipped) -> cost parts by day. A file that can't be read exactly is refused as a whole."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO, NoReturn

from chalicelib.domain.cost import CostLine, CostPart, LineSums, export_is_final, totals_of
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.reading import CostExport, CostRows
from chalicelib.domain.state import FOCUS_EXPORT

REQUIRED = ("BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart")
READ = {
    *REQUIRED,
    *("ListCost", "SubAccountId", "ServiceName", "ServiceCategory", "RegionId", "Region", "ProviderName", "ChargeCategory", "Tags"),
}
FIELD_LIMIT = 16 * 2**20
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read(file: BinaryIO, origin: str, received: datetime) -> CostExport:
    """The file's parts, one per day that has a row; RejectedDrop names row and column."""
    days: dict[date, LineSums] = {}
    counted = scan(file, lambda day, line: days.setdefault(day, LineSums()).add(line))
    parts = tuple(to_part(day, sums.lines, origin, received) for day, sums in sorted(days.items()))
    return CostExport(parts, counted.rows, counted.notes)


def scan(file: BinaryIO, take: Callable[[date, CostLine], None]) -> CostRows:
    """Hands every row over as it is read, so that nobody need hold them all; RejectedDrop names row and column."""
    rows = untagged = 0
    for number, row in enumerate(_rows(file), start=2):
        tags = _tags(row.get("Tags"))
        rows += 1
        untagged += tags is None
        take(_day(row["ChargePeriodStart"], number), to_line(row, number, tags or {}))
    return CostRows(rows, untagged)


def to_part(day: date, lines: tuple[CostLine, ...], origin: str, received: datetime) -> CostPart:
    """An export's day; it is estimated until the export is past rewriting."""
    return CostPart(day, FOCUS_EXPORT, origin, lines, totals_of(lines), not export_is_final(received.date(), day))


def _rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Of every row the columns that are read, by name, blank where it says NULL or nothing."""
    magic = file.read(4)
    file.seek(0)
    if magic == b"PAR1":
        raise RejectedDrop("a Parquet file; exports are read as CSV, plain or gzipped")
    binary = gzip.GzipFile(fileobj=file, mode="rb") if magic[:2] == b"\x1f\x8b" else file
    csv.field_size_limit(FIELD_LIMIT)
    try:
        reader = csv.reader(io.TextIOWrapper(binary, encoding="utf-8-sig", newline=""), strict=True)
        header = next(reader, [])
        missing = [column for column in REQUIRED if column not in header]
        if missing:
            raise RejectedDrop(f"no column {', '.join(missing)}")
        if len(set(header)) != len(header):
            raise RejectedDrop("a column stands twice in the header")
        wanted = [(column, place) for place, column in enumerate(header) if column in READ]
        for number, fields in enumerate(reader, start=2):
            if not fields:
                continue
            if len(fields) != len(header):
                raise RejectedDrop(f"row {number}: {len(fields)} fields under {len(header)} columns")
            yield {column: "" if fields[place] in ("NULL", "null") else fields[place] for column, place in wanted}
    except (csv.Error, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
        raise RejectedDrop(f"not readable as a UTF-8 CSV file: {type(error).__name__}") from error


def to_line(row: dict[str, str], number: int, tags: dict[str, str]) -> CostLine:
    return CostLine(
        account=row.get("SubAccountId", ""),
        service=row.get("ServiceName", ""),
        region=row.get("RegionId", "") or row.get("Region", ""),
        category=row.get("ServiceCategory", ""),
        provider=row.get("ProviderName", ""),
        charge_category=row.get("ChargeCategory", ""),
        currency=_currency(row, number),
        billed=_amount(row, "BilledCost", number),
        effective=_amount(row, "EffectiveCost", number),
        list=_amount(row, "ListCost", number),
        tags=tags,
    )


def _refuse(number: int, column: str, problem: str) -> NoReturn:
    raise RejectedDrop(f"row {number}: {column} {problem}")


def _amount(row: dict[str, str], column: str, number: int) -> Decimal | None:
    """Up to 40 digits on either side of the point: sums of such stay exact."""
    text = row.get(column, "").strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        _refuse(number, column, "is not a number")
    amount = Decimal(text)
    _, digits, exponent = amount.as_tuple()
    if len(digits) > LONGEST_NUMBER or not isinstance(exponent, int) or not -LONGEST_NUMBER <= exponent <= LONGEST_NUMBER:
        _refuse(number, column, "has too many digits")
    return amount


def _currency(row: dict[str, str], number: int) -> str:
    currency = row["BillingCurrency"].strip()
    if not _CURRENCY.fullmatch(currency):
        _refuse(number, "BillingCurrency", "is not a three-letter code")
    return currency


def _day(text: str, number: int) -> date:
    try:
        instant = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
        day = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        day = date.min
    if not 1970 <= day.year <= 2999:
        _refuse(number, "ChargePeriodStart", "is not a time")
    return day


def _tags(text: str | None) -> dict[str, str] | None:
    """The row's tags; {} when it has none, None when they can't be read."""
    if not text:
        return {}
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tags, dict):
        return None
    texts = {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in tags.items() if value is not None}
    return None if any(has_surrogate(text) for tag in texts.items() for text in tag) else texts


def has_surrogate(text: str) -> bool:
    """Whether it holds half a character, which JSON can spell and UTF-8 can't."""
    return _HALF.search(text) is not None
