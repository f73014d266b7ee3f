"""A report's values as cells of a workbook: numbers typed, text never a formula, nothing that Excel refuses."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from chalicelib.domain.report import Cell, Kind
from chalicelib.renderers.figures import UNKNOWN, known, places, printable, stated_places, storable, unique

LONGEST_NAME = 31
FIRST_YEAR = 1900
MOST_PLACES = 6
_BOLD = Font(bold=True)
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\r\n\t]")
_PLAIN_UNIT = re.compile(r"[A-Z]{3}")


def cell_of(sheet: Any, value: Cell, format: str = "General", bold: bool = False) -> Any:
    """Typed: a number, date or time with `format`, or a string; unknown is the text n/a."""
    stored = _stored(known(value))
    cell = WriteOnlyCell(sheet, stored)
    if isinstance(stored, str):
        cell.data_type = "s"
    elif format != "General":
        cell.number_format = "yyyy-mm-dd" if isinstance(stored, date) and not isinstance(stored, datetime) else format
    if bold:
        cell.font = _BOLD
    return cell


def _stored(value: Cell) -> Any:
    """What openpyxl is given. Dates before 1900 and numbers beyond a double, which Excel can't hold, become text."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return value if value.year > FIRST_YEAR else value.isoformat()
    return value if math.isfinite(_double(value)) else str(value)


def _double(value: Decimal | int) -> float:
    return float(Decimal(value))


def number_format(kind: Kind, unit: str, values: Sequence[Cell]) -> str:
    """One format for a column: money with its currency, numbers with the places they state (at most 6), percent as points."""
    if kind == "time":
        return "yyyy-mm-dd hh:mm:ss"
    if kind == "date":
        return "yyyy-mm-dd"
    if kind == "money":
        currency = rf"\ [${unit}]" if _PLAIN_UNIT.fullmatch(unit) else ""
        return _digits(places(kind, values)) + currency
    if kind == "percent":
        return _digits(places(kind, values)) + '"%"'
    stated = [stated_places(value) for value in values if isinstance(value, Decimal) and value.is_finite()]
    return "General" if kind == "text" else _digits(min(MOST_PLACES, max(stated, default=0)))


def _digits(decimals: int) -> str:
    return "#,##0." + "0" * decimals if decimals else "#,##0"


def sheet_name(title: str, used: set[str]) -> str:
    """A name that Excel accepts and no other sheet has."""
    name = _NOT_IN_NAMES.sub(" ", printable(title)).strip().strip("'").strip()
    return unique(name[:LONGEST_NAME].strip("' ") or "Table", used, LONGEST_NAME)
