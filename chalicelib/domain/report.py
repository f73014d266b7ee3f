"""A report as a value: what every document says, before any format. Renderers turn it into bytes and know nothing of analytics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from chalicelib.domain.branding import Branding

Cell = str | Decimal | int | date | datetime | None
"""What a table cell may hold; None is unknown and never zero. datetimes are aware and UTC."""

Kind = Literal["text", "number", "money", "integer", "percent", "date", "time"]
Row = tuple[Cell, ...]


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
    rows: Sequence[Row]
    totals: Row | None = None
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line or set of bars; a None value is a gap."""

    name: str
    points: tuple[tuple[str, Decimal | None], ...]


@dataclass(frozen=True)
class Chart:
    """`line` runs over time; `stacked` sets its series' bars on one another, label by label; `bar` ranks names (every point is a bar);
    `gauge` shows the one point of its one series on a scale from 0 to `most`. `note` says what a reader should know of it."""

    title: str
    kind: Literal["line", "stacked", "bar", "gauge"]
    series: tuple[Series, ...]
    unit: str = ""
    most: Decimal | None = None
    note: str = ""


@dataclass(frozen=True)
class Change:
    """By how much a figure differs from what it is compared with, which `against` names; None is unknown.

    `good` is the direction that its reader hopes for, where there is one.
    """

    value: Decimal | int | None
    unit: str = "%"
    against: str = ""
    good: Literal["up", "down", ""] = ""

    @property
    def verdict(self) -> Literal["better", "worse", ""]:
        """How its reader takes it; '' of none, of an unknown one, or where nobody hopes for a direction."""
        if not self.value or not self.good or (isinstance(self.value, Decimal) and not self.value.is_finite()):
            return ""
        return "better" if (self.value > 0) == (self.good == "up") else "worse"


@dataclass(frozen=True)
class KeyFigure:
    """One headline number (or text), with its unit; None is unknown. `change` None: there is nothing to compare it with."""

    name: str
    value: Cell
    kind: Kind = "number"
    unit: str = ""
    change: Change | None = None


@dataclass(frozen=True)
class KeyFigures:
    title: str
    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Text:
    """A paragraph; plain text, no markup. A notice is what nobody may overlook."""

    text: str
    notice: bool = False


Block = Table | Chart | KeyFigures | Text


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """One document's whole content. `facts` are (label, text) pairs for the cover: period, data through, estimated or final, basis."""

    type: str
    title: str
    customer_id: str
    customer_name: str
    generated_at: datetime
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    template: str = ""
    brand: Branding = field(default_factory=Branding)

    @property
    def rows(self) -> int:
        """Of all its tables, totals not counted."""
        return sum(len(block.rows) for section in self.sections for block in section.blocks if isinstance(block, Table))
