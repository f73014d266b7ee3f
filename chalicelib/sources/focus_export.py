"""FOCUS 1.0-1.2 cost exports (CSV, plain or gzipped) -> cost parts by day. A file that can't be read exactly is refused as a whole."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from chalicelib.domain.cost import EXPORT, CostLine, CostPart, add_lines, export_is_final, totals_of
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.reading import CostExport

REQUIRED = ("BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart")
FIELD_LIMIT = 16 * 2**20


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
    return CostPart(day, EXPORT, origin, add_lines(lines), totals_of(lines), estimated)


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
        for number, fields in enumerate(reader, start=2):
            if not fields:
                continue
            if len(fields) != len(header):
                raise RejectedDrop(f"row {number}: {len(fields)} fields under {len(header)} columns")
            yield {column: "" if field in ("NULL", "null") else field for column, field in zip(header, fields, strict=True)}
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise RejectedDrop(f"not readable as a UTF-8 CSV file: {type(error).__name__}") from error


def to_line(row: dict[str, str], number: int, tags: dict[str, str]) -> CostLine:
    return CostLine(
        account=row.get("SubAccountId", ""),
        service=row.get("ServiceName", ""),
        region=row.get("RegionId", "") or row.get("Region", ""),
        category=row.get("ServiceCategory", ""),
        provider=row.get("ProviderName", ""),
        charge_category=row.get("ChargeCategory", ""),
        currency=row["BillingCurrency"] or _refuse(number, "BillingCurrency", "is empty"),
        billed=_amount(row, "BilledCost", number),
        effective=_amount(row, "EffectiveCost", number),
        list=_amount(row, "ListCost", number),
        tags=tags,
    )


def _refuse(number: int, column: str, problem: str) -> str:
    raise RejectedDrop(f"row {number}: {column} {problem}")


def _amount(row: dict[str, str], column: str, number: int) -> Decimal | None:
    text = row.get(column, "").strip()
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or abs(amount.adjusted()) > 60:
        _refuse(number, column, "is not a number")
    return amount


def _day(text: str, number: int) -> date:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        _refuse(number, "ChargePeriodStart", "is not a time")
        raise
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).date()


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
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in tags.items() if value is not None}
