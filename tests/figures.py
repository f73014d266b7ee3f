"""Every value of a report's JSON document, with where it stands: what its other documents are compared with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from chalicelib.domain.figures import storable

UNKNOWN = "n/a"
FIXED = ("section", "table", "row")
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n")
Value = Decimal | str | None


@dataclass(frozen=True)
class Figure:
    """One value of a document: in which section and block, in which row (a number, "total" or "most"), under which heading."""

    section: str
    block: str
    row: str
    column: str
    value: Value


def read_json(document: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document, parse_float=Decimal, parse_int=Decimal, parse_constant=_refused)
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def figures_of_json(report: dict[str, Any]) -> Iterator[Figure]:
    for section in report["sections"]:
        for block in section["blocks"]:
            for row, cells in _rows(block):
                yield from in_order(Figure(section["title"], block.get("title", ""), row, column, value) for column, value in cells)


def in_order(row: Iterable[Figure]) -> list[Figure]:
    """One row's, as documents that share columns between tables have their columns in other orders."""
    return sorted(row, key=lambda figure: guarded(figure.column))


def _rows(block: dict[str, Any]) -> Iterator[tuple[str, Iterable[tuple[str, Value]]]]:
    if block["kind"] == "table":
        names = numbered(map(guarded, headings(block["columns"])), FIXED)
        totals = [] if block["totals"] is None else [("total", block["totals"])]
        for label, row in [*((str(number), row) for number, row in enumerate(block["rows"], start=1)), *totals]:
            yield label, zip(names, row, strict=True)
    elif block["kind"] == "key_figures":
        yield from ((str(number), _key_figure(figure)) for number, figure in enumerate(block["figures"], start=1))
    elif block["kind"] == "chart":
        names = ["Series", "Point", f"Value ({block['unit']})" if block["unit"] else "Value"]
        points = [(series["name"], *point) for series in block["series"] for point in series["points"]]
        yield from ((str(number), zip(names, cells, strict=True)) for number, cells in enumerate(points, start=1))
        if block["most"] is not None:
            yield "most", [(names[2], block["most"])]
    else:
        yield "notice" if block["notice"] else "1", [("Text", block["text"])]
    if block.get("note"):
        yield "note", [("Text", block["note"])]


def _key_figure(figure: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    yield from (("Name", figure["name"]), ("Value", figure["value"]), ("Unit", unit_of(figure)))
    if change := figure["change"]:
        yield from (("Change", change["value"]), ("Change unit", change["unit"]), ("Against", change["against"]))


def unit_of(of: dict[str, Any]) -> str:
    return of["unit"] or {"percent": "%", "time": "UTC"}.get(of["kind"], "")


def headings(columns: list[dict[str, Any]]) -> list[str]:
    """Title and unit."""
    return [f"{column['title']} ({unit_of(column)})" if unit_of(column) else column["title"] for column in columns]


def numbered(names: Iterable[str], taken: tuple[str, ...] = ()) -> list[str]:
    """A name that is there already, in whatever case, has a number behind it."""
    found = list(taken)
    for name in names:
        tried = (f"{name} ({number})" if number > 1 else name for number in count(1))
        found.append(next(new for new in tried if new.casefold() not in [old.casefold() for old in found]))
    return found[len(taken) :]


def guarded(text: str) -> str:
    """As a spreadsheet runs no cell of it; what is guarded already stays."""
    text = storable(text)
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text
