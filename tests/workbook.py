"""A report's XLSX document, compared cell by cell with its JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from chalicelib.domain.figures import storable
from tests.figures import UNKNOWN, headings, numbered, unit_of

BLANK = ""
MOST = Decimal("1.7976931348623157E+308")
Grid = list[Any]


def workbook_differences(report: dict[str, Any], workbook: Any) -> Iterator[str]:
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    summary, *sheets = workbook.worksheets
    expected = [_figure_row(figure) for block in blocks if block["kind"] == "key_figures" for figure in block["figures"]]
    yield from _grid_differences("Summary", expected, list(_figure_rows(summary, len(expected))))
    grids = [_table_grid(block) for block in blocks if block["kind"] == "table"]
    if points := [row for block in blocks if block["kind"] == "chart" for row in _chart_grid(block)]:
        grids.append(points)
    if len(grids) != len(sheets):
        yield f"xlsx: {len(grids)} sheets expected, {len(sheets)} found"
    for grid, sheet in zip(grids, sheets, strict=False):
        yield from _grid_differences(sheet.title, grid, list(sheet.iter_rows(values_only=True)))


def _figure_row(figure: dict[str, Any]) -> Grid:
    change = figure["change"]
    return [figure["name"], figure["value"], unit_of(figure), *([change["value"], change["unit"], change["against"]] if change else [])]


def _figure_rows(sheet: Any, count: int) -> Iterator[tuple[Any, ...]]:
    """Below each header of key figures, as far as there are rows with a value."""
    within = False
    for row in sheet.iter_rows(values_only=True) if count else ():
        header = row[:3] == ("Figure", "Value", "Unit")
        within = header or (within and row[1] is not None)
        if within and not header:
            yield row


def _table_grid(table: dict[str, Any]) -> list[Grid]:
    names = numbered(" ".join(storable(name).split()) or "Column" for name in headings(table["columns"]))
    totals = [] if table["totals"] is None else [table["totals"]]
    return [names, *table["rows"], *totals, *([[], [table["note"]]] if table["note"] else [])]


def _chart_grid(chart: dict[str, Any]) -> Iterator[Grid]:
    yield [f"{chart['title']} ({chart['unit']})" if chart["unit"] else chart["title"]]
    yield ["Point (blank: unknown)", *(series["name"] for series in chart["series"])]
    found = [_numbered(series["points"]) for series in chart["series"]]
    for label in dict.fromkeys(label for points in found for label in points):
        yield [label[0], *(BLANK if points.get(label) is None else points[label] for points in found)]
    if chart["most"] is not None:
        yield ["Scale ends at", chart["most"]]
    if chart["note"]:
        yield [chart["note"]]
    yield []


def _numbered(points: list[list[Any]]) -> dict[tuple[str, int], Any]:
    labels = [label for label, _ in points]
    return {(label, labels[:index].count(label)): value for index, (label, value) in enumerate(points)}


def _grid_differences(sheet: str, expected: list[Grid], found: list[tuple[Any, ...]]) -> Iterator[str]:
    for number, (one, other) in enumerate(zip_longest(expected, found, fillvalue=()), start=1):
        for column, (value, cell) in enumerate(zip_longest(one, other, fillvalue=BLANK), start=1):
            if not _same_in_excel(value, cell):
                yield f"xlsx: {value!r} expected, {cell!r} found in {sheet}, row {number}, column {column}"


def _same_in_excel(expected: Any, found: Any) -> bool:
    """A number is the double next to it, which has fifteen digits of it; a date or time is one, not its text."""
    if expected == BLANK:
        return found in (None, BLANK)
    if expected is None:
        return bool(found == UNKNOWN)
    if isinstance(expected, Decimal):
        return found == str(expected) if abs(expected) > MOST else type(found) in (int, float) and float(expected) == found
    if isinstance(found, datetime):
        return expected in (found.date().isoformat(), found.isoformat() + "Z")
    return storable(expected) == (found or "").replace("_x005F_", "_")
