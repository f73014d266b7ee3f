"""Values as they stand in HTML: text for everybody, and beside it what a script needs to put them into the reader's locale."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from markupsafe import Markup

from chalicelib.domain.figures import UNKNOWN, exact, known, moment, printable, shown
from chalicelib.domain.report import Cell, Kind
from chalicelib.web.markup import tag

_DAY = re.compile(r"[12]\d{3}-\d{2}-\d{2}", re.ASCII)
"""A day that documents write as text."""


def value(cell: Cell, kind: Kind = "text", unit: str = "", decimals: int | None = None) -> Markup:
    """A number is <data> with every digit in `value`, a day or an instant is <time>, text is escaped. `decimals` None: as documents do;
    of a plain number they are the most that are shown."""
    cell, unit = known(cell), unit or ("%" if kind == "percent" else "")
    if cell is None:
        return tag("span", UNKNOWN, class_="unknown")
    if isinstance(cell, int | Decimal):
        rounded = round(Decimal(cell), decimals) if kind == "number" and decimals is not None else cell
        text = shown(rounded, kind, decimals) + (f" {printable(unit)}" if unit else "")
        return tag("data", text, value=exact(cell), data_kind=kind, data_unit=printable(unit) or None)
    return _told(cell)


def bare(number: Decimal | None, kind: Kind) -> Markup:
    """A number among words whose table tells its kind and unit."""
    return tag("data", shown(number, kind), value=exact(number)) if known(number) is not None else value(None)


def cell(value: Cell, kind: Kind = "text", decimals: int | None = None) -> Markup:
    """A table's cell, as short as it can be: a number's <td> has every digit in `data-v`; kind and unit are its column's to tell."""
    value = known(value)
    if value is None:
        return tag("td", UNKNOWN, class_="unknown")
    if isinstance(value, int | Decimal):
        return tag("td", shown(value, kind, decimals), data_v=exact(value))
    return tag("td", _told(value))


def _told(value: str | date | datetime) -> Markup:
    if isinstance(value, str):
        return tag("time", value, datetime=value) if _DAY.fullmatch(value) else Markup.escape(printable(value))
    return tag("time", moment(value) if isinstance(value, datetime) else value.isoformat(), datetime=exact(value))
