"""A report as a value: what every document says, before any format. Renderers turn it into bytes and know nothing of analytics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Cell = str | Decimal | int | date | datetime | None
"""What a table cell may hold; None is unknown and never zero. datetimes are aware and UTC."""

Kind = Literal["text", "number", "money", "integer", "percent", "date", "time"]


@dataclass(frozen=True)
class Column:
    """One column of a table; `unit` is a currency code for money ("USD"), a unit for numbers ("GB"), else empty."""

    title: str
    kind: Kind = "text"
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns. `totals` is computed from unrounded values by whoever builds the table, never by a renderer."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[Cell, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line or set of bars; a None value is a gap."""

    name: str
    points: tuple[tuple[str, Decimal | None], ...]


@dataclass(frozen=True)
class Chart:
    """`line` runs over time; `bar` ranks names (every point is a bar)."""

    title: str
    kind: Literal["line", "bar"]
    series: tuple[Series, ...]
    unit: str = ""


@dataclass(frozen=True)
class KeyFigure:
    """One headline number (or text), with its unit; None is unknown."""

    name: str
    value: Cell
    kind: Kind = "number"
    unit: str = ""


@dataclass(frozen=True)
class KeyFigures:
    title: str
    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Text:
    """A paragraph; plain text, no markup."""

    text: str


Block = Table | Chart | KeyFigures | Text


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """One document's whole content. `facts` are (label, text) pairs for the title block: period, data through, basis."""

    type: str
    title: str
    customer_id: str
    customer_name: str
    generated_at: datetime
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
