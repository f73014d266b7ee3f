"""What Excel demands of names: those of sheets, of tables, of a table's columns, and number formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from chalicelib.domain.figures import MOST_PLACES, cut, heading, is_tiny, printable, stated_places, unique
from chalicelib.domain.report import Cell, Column, Kind
from chalicelib.renderers.xlsx.cells import DAY, GENERAL, TIME

LONGEST_NAME = 31
LONGEST_HEADING = 255
USUAL_PLACES = 6
_TINY = Decimal("0.000001")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\r\n\t]")
_PLAIN_UNIT = re.compile(r"[A-Z]{3}")


def number_format(kind: Kind, unit: str, values: Iterable[Cell]) -> str:
    """One format for a column: money with its currency, numbers with the places they state, percent as points."""
    if kind == "time":
        return TIME
    if kind == "date":
        return DAY
    if kind == "money":
        return _of_two_places(rf"\ [${unit}]" if _PLAIN_UNIT.fullmatch(unit) else "", values)
    if kind == "percent":
        return _of_two_places('"%"', values)
    return GENERAL if kind == "text" else _digits(_most_places(values))


def _of_two_places(behind: str, values: Iterable[Cell]) -> str:
    """In a column with something tiny what is below a cent has as many places as it takes: a format may have two conditions."""
    usual = _digits(2) + behind
    tiny = f"{_digits(2)}{'#' * (MOST_PLACES - 2)}{behind}"
    return f"[>=0.01]{usual};[<=-0.01]-{usual};{tiny}" if any(map(is_tiny, values)) else usual


def signed(format: str) -> str:
    """The same with a plus for what is above zero; a format with conditions has its sign already."""
    return format if ";" in format else f"+{format};-{format};{format}"


def _most_places(values: Iterable[Cell]) -> int:
    """At most 6, but as many as it takes, up to 11, where something would be shown as nothing."""
    most = 0
    for value in values:
        if isinstance(value, Decimal) and value.is_finite() and (most < USUAL_PLACES or -_TINY < value < _TINY):
            most = max(most, min(stated_places(value), MOST_PLACES if -_TINY < value < _TINY else USUAL_PLACES))
    return most


def _digits(decimals: int) -> str:
    return "#,##0." + "0" * decimals if decimals else "#,##0"


def sheet_name(title: str, used: set[str]) -> str:
    """A name that Excel accepts and no other sheet has."""
    name = _NOT_IN_NAMES.sub(" ", printable(title)).strip().strip("'").strip()
    return unique(cut(name, LONGEST_NAME).strip("' ") or "Table", used, LONGEST_NAME)


def headings(columns: Sequence[Column]) -> list[str]:
    """As a table's columns must be: one line each, none empty, none twice."""
    used: set[str] = set()
    found = [" ".join(printable(heading(column)[:LONGEST_HEADING]).split()) or "Column" for column in columns]
    return [unique(name, used, LONGEST_HEADING) for name in found]
