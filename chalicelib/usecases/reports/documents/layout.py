"""Small pieces that sections are laid out with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.period import DAY, midnight
from chalicelib.domain.report import Block, Column, Row, Table, Text

Answer = Mapping[str, Any]


def words(name: str) -> str:
    """newly_failing -> Newly failing."""
    return name.replace("_", " ").capitalize()


def instant(text: str | None) -> datetime | None:
    """An answer's instant as a typed cell."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def point_label(start: str) -> str:
    """A bucket's start as charts name it: a day, or an hour where it is one."""
    return start[:10] if start.endswith("T00:00:00Z") else start[:13]


def span(window: Answer) -> str:
    """Whole days by their first and last, one by itself, else hours, which end before the second of them."""
    start, end = (datetime.fromisoformat(window[edge]) for edge in ("start", "end"))
    if end <= start:
        return "nothing: none of it is over yet"
    if start == midnight(start.date()) and end == midnight(end.date()):
        return f"{start:%Y-%m-%d}" + (f" to {end - DAY:%Y-%m-%d}" if end - start > DAY else "")
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, the end not included"


def total_of(counts: Iterable[int | None]) -> int | None:
    """None as soon as one is unknown."""
    found = list(counts)
    known = [count for count in found if count is not None]
    return sum(known) if len(known) == len(found) else None


def decimal(count: int | Decimal | None) -> Decimal | None:
    return None if count is None else Decimal(count)


def table_or(text: str, title: str, columns: Sequence[Column], rows: Iterable[Row], totals: Row | None = None, note: str = "") -> Block:
    """The table, or that text where it would have no rows."""
    found = tuple(rows)
    return Table(title, tuple(columns), found, totals, note) if found else Text(text)


def joined(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)
