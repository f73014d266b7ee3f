"""FOCUS 1.0-1.2 cost exports (CSV, plain or gzipped) -> cost parts by day. A file that can't be read exactly is refused as a whole."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO, NoReturn

from chalicelib.domain.cost import CostLine, CostPart, add_lines, export_is_final, totals_of
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.reading import CostExport
from chalicelib.domain.state import FOCUS_EXPORT

REQUIRED = ("BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart")
FIELD_LIMIT = 16 * 2**20
LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read(file: BinaryIO, origin: str, received: datetime) -> CostExport:
    """The file's parts, one per day that has a row; RejectedDrop names row and column."""
    days: dict[date, list[CostLine]] = {}
    rows = untagged = 0
    for number, row in enumerate(_rows(file), start=2):
        tags = _tags(row.get("Tags"))
        rows += 1
        untagged += tags is None
        days.setdefault(_day(row["ChargePeriodStart"], number), []).append(to_line(row, number, tags or {}))
    notes = (f"the tags of {untagged} rows are not a JSON object; those rows count as untagged",) if untagged else ()
    return CostExport(tuple(_part(day, lines, origin, received) for day, lines in sorted(days.items())), rows, notes)


def _part(day: date, lines: list[CostLine], origin: str, received: datetime) -> CostPart:
    estimated = not export_is_final(received.date(), day)
    return CostPart(day, FOCUS_EXPORT, origin, add_lines(lines), totals_of(lines), estimated)


def _rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Every row by column name, blank where it says NULL or nothing."""
    magic = file.read(2)
    file.seek(0)
    binary = gzip.GzipFile(fileobj=file, mode="rb") if magic == b"\x1f\x8b" else file
    csv.field_size_limit(FIELD_LIMIT)
    try:
        reader = csv.reader(io.TextIOWrapper(binary, encoding="utf-8-sig", newline=""), strict=True)
        header = next(reader, [])
        missing = [column for column in REQUIRED if column not in header]
        if missing:
            raise RejectedDrop(f"no column {', '.join(missing)}")
        if len(set(header)) != len(header):
            raise RejectedDrop("a column stands twice in the header")
        for number, fields in enumerate(reader, start=2):
            if not fields:
                continue
            if len(fields) != len(header):
                raise RejectedDrop(f"row {number}: {len(fields)} fields under {len(header)} columns")
            yield {column: "" if field in ("NULL", "null") else field for column, field in zip(header, fields, strict=True)}
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
    return any("\ud800" <= character <= "\udfff" for character in text)
