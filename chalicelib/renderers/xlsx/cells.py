"""A report's values as the XML of a worksheet's cells: numbers typed, text never a formula, nothing that Excel refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from chalicelib.domain.figures import UNKNOWN, storable
from chalicelib.domain.report import Cell

DAY, TIME, GENERAL = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "General"
BOLD: dict[str, Any] = {"font": Font(bold=True)}
FIRST_YEAR = 1900
_BEFORE_DAY_1 = date(1899, 12, 30).toordinal()
_DAY_SECONDS = 86_400
_ESCAPES = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NOT_AS_IT_IS = re.compile("[&<>\r]|_x")


class Styles:
    """The workbook's styles by their numbers."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def number(self, format: str, **look: Any) -> int:
        """`look` may have font and alignment."""
        cell: Any = WriteOnlyCell(self._sheet)
        cell.number_format = format
        for name, value in look.items():
            setattr(cell, name, value)
        number: int = cell.style_id
        return number


class Column:
    """Where and how a column's cells stand, so that each takes one formatting: a cell object for each would take five times as long."""

    def __init__(self, index: int, styles: Styles, format: str = GENERAL, **look: Any) -> None:
        self._start = f'<c r="{get_column_letter(index)}'
        self._number = f'" s="{styles.number(format, **look)}"><v>'
        self._day = f'" s="{styles.number(DAY, **look)}"><v>'
        self._text = f'" s="{styles.number(GENERAL, **look)}" t="inlineStr"><is><t xml:space="preserve">'

    def cell(self, row: str, value: Cell) -> str:
        """Unknown is the text n/a. Dates before 1901 and numbers beyond a double, which Excel can't hold, are text."""
        if isinstance(value, Decimal | int):
            if isfinite(number := double(value)):
                return f"{self._start}{row}{self._number}{number!r}</v></c>"
        elif isinstance(value, date) and value.year > FIRST_YEAR:
            day = not isinstance(value, datetime)
            return f"{self._start}{row}{self._day if day else self._number}{_serial(value)}</v></c>"
        return f"{self._start}{row}{self._text}{escaped(_said(value))}</t></is></c>"


def double(value: Decimal | int) -> float:
    """Infinity for what is too large; no number for what is none."""
    try:
        return float(value)
    except (OverflowError, ValueError):
        return float("inf")


def _serial(moment: date) -> str:
    """Days as Excel counts them, in UTC."""
    if not isinstance(moment, datetime):
        return str(moment.toordinal() - _BEFORE_DAY_1)
    moment = moment.astimezone(UTC)
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 10**6
    return repr(moment.toordinal() - _BEFORE_DAY_1 + seconds / _DAY_SECONDS)


def _said(value: Cell) -> str:
    """What has no number in Excel."""
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return UNKNOWN
    return storable(value) if isinstance(value, str) else value.isoformat() if isinstance(value, date) else str(value)


def escaped(text: str) -> str:
    """For XML; and _x000D_ and the like, which Excel would take for a character, as _x005F_x000D_."""
    if not _NOT_AS_IT_IS.search(text):
        return text
    return literal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def literal(text: str) -> str:
    return _ESCAPES.sub("_x005F_", text) if "_x" in text else text


def row_xml(number: int, cells: Iterable[str], height: float | None = None) -> str:
    tall = f' ht="{height:g}" customHeight="1"' if height else ""
    return f'<row r="{number}"{tall}>{"".join(cells)}</row>'


def rows_xml(rows: Iterable[Sequence[Cell]], columns: Sequence[Column], first: int) -> Iterator[str]:
    """Rows from number `first` on, each with a cell in every column."""
    makers = [column.cell for column in columns]
    for number, row in enumerate(rows, start=first):
        text = str(number)
        yield row_xml(number, [make(text, value) for make, value in zip(makers, row, strict=True)])
