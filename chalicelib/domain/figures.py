"""Values as text, the same in every format: which are unknown, how many places are shown, what a column is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from chalicelib.domain.report import Cell, Column, KeyFigure, Kind

UNKNOWN = "n/a"
FIGURES = ("money", "number", "integer", "percent")
MOST_PLACES = 11
LONGEST = 60
"""A number with more digits than this, before or behind the point, is written with an exponent."""
LONGEST_TEXT = 32_767
"""Of a spreadsheet's cell, in the units that spreadsheets count: a character beyond U+FFFF is two."""
LONGEST_NAME = 200
_CENT = Decimal("0.01")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_LINE_ENDS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing, and lets a name look like another."""


def known(value: Cell) -> Cell:
    """The value; None for the decimals that are no number (NaN and the infinities)."""
    return None if isinstance(value, Decimal) and not value.is_finite() else value


def unit_of(of: Column | KeyFigure) -> str:
    return of.unit or {"percent": "%", "time": "UTC"}.get(of.kind, "")


def heading(column: Column) -> str:
    """The column's title with its unit in brackets."""
    unit = unit_of(column)
    return f"{column.title} ({unit})" if unit else column.title


def printable(text: str) -> str:
    """The text with control characters and lone surrogates written as \\x1b or \\ud800; tabs and line ends stay."""
    if text.isprintable() or not _UNPRINTABLE.search(text):
        return text
    return text.translate(_notations())


@cache
def _notations() -> dict[int, str]:
    """A table, as a text of nothing but such characters would take a function ten times as long."""
    codes = (code for code in range(0x10000) if _UNPRINTABLE.match(chr(code)))
    return {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in codes}


def storable(text: str) -> str:
    """Printable, and at most as long as a spreadsheet's cell may be, with an ellipsis where cut."""
    text = printable(text[: LONGEST_TEXT + 1])  # what is cut off anyway isn't looked at
    return text if units(text) <= LONGEST_TEXT else cut(text, LONGEST_TEXT - 1) + "…"


def on_a_line(text: str, longest: int = LONGEST_NAME) -> str:
    """The text on one line, with an ellipsis where cut; what can't be printed is written as \\x1b."""
    flat = printable(_LINE_ENDS.sub(" ", text[: longest + 1])).strip()
    flat = TURNS.sub(lambda found: f"\\u{ord(found[0]):04x}", flat)
    return flat if len(text) <= longest else flat[:longest] + "…"


def units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def cut(text: str, longest: int) -> str:
    """As many whole characters of a printable text as `longest` units hold."""
    if 2 * len(text) <= longest:
        return text
    return text[:longest].encode("utf-16-le")[: 2 * longest].decode("utf-16-le", "ignore")


def unique(name: str, used: set[str], longest: int = 10**6) -> str:
    """`name`, with (2), (3)... behind it if that is taken; adds it to `used`. Case makes no difference."""
    candidate, number = cut(name, longest), 1
    while candidate.casefold() in used:
        number += 1
        candidate = cut(name, longest - len(f" ({number})")) + f" ({number})"
    used.add(candidate.casefold())
    return candidate


def is_tiny(value: Cell) -> bool:
    """Whether two places would show something as nothing, or as half as much again."""
    return isinstance(value, Decimal) and value.is_finite() and bool(value) and abs(value) < _CENT


def places_of(value: Decimal) -> int:
    """Of an amount of money or a percent: 2; where it is tiny as many as its first two digits take, at most 11."""
    return min(MOST_PLACES, stated_places(value), 1 - value.adjusted()) if is_tiny(value) else 2


def stated_places(value: Decimal) -> int:
    """Places behind the point that aren't trailing zeros."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= 0:
        return 0
    if exponent < -LONGEST:
        return LONGEST
    digits = format(value, "f")
    return len(digits.rstrip("0").partition(".")[2])


def shown(value: Cell, kind: Kind, decimals: int | None = None) -> str:
    """What people read. Money and percent have `decimals` places (None: see places_of), other numbers up to 6 without trailing zeros;
    half-even."""
    value = known(value)
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    value = Decimal(value)
    return _number(value, kind, places_of(value) if decimals is None else decimals)


def _number(value: Decimal, kind: Kind, decimals: int) -> str:
    """Thousands separated by commas; with an exponent where the places would turn something into 0."""
    if value == 0:
        value = Decimal(0)
    elif value.adjusted() > LONGEST or value.adjusted() < -MOST_PLACES:
        return f"{value:.3E}"
    if kind in ("money", "percent"):
        return f"{value:,.{decimals}f}"
    if value and abs(value) < Decimal("0.000001"):
        return f"{value:.{MOST_PLACES}f}".rstrip("0")
    text = f"{value:,.6f}"
    return text.rstrip("0").rstrip(".")


def exact(value: Cell) -> str:
    """Every digit, for machines: plain decimals, ISO 8601 dates, times with Z."""
    value = known(value)
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f") if -LONGEST <= value.adjusted() <= LONGEST else str(value)
    return str(value)


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def kind_of(values: Sequence[Decimal | None]) -> Kind:
    """Of a chart's values, which have none of their own: whole numbers as such, otherwise with places as money has them."""
    broken = any(value is not None and value.is_finite() and stated_places(value) for value in values)
    return "money" if broken else "integer"


def figures_of(values: Sequence[Decimal | None]) -> list[str]:
    kind = kind_of(values)
    return [shown(value, kind) for value in values]
