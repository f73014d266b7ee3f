"""What a report says first, as its record keeps it: values of few kinds. usecases/reports/headlines.py makes them, and reads them again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class KeptChange:
    value: Decimal | None
    unit: str
    against: str
    good: str


@dataclass(frozen=True)
class KeptFigure:
    """`text` is of a figure that is no number."""

    name: str
    value: Decimal | None
    text: str | None
    kind: str
    unit: str
    change: KeptChange | None


@dataclass(frozen=True)
class KeptChart:
    """A ranked chart's bars."""

    title: str
    unit: str
    note: str
    points: tuple[tuple[str, Decimal | None], ...]


@dataclass(frozen=True)
class KeptHeadline:
    figures: tuple[KeptFigure, ...] = ()
    chart: KeptChart | None = None
    notices: tuple[str, ...] = ()
