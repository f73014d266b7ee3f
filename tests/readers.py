"""A report's documents read back and compared: the JSON one, which has every digit, says what the other three have to say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count, dropwhile, zip_longest
from typing import Any

import openpyxl

from chalicelib.renderers.figures import storable
from tests.paper import missing_on_paper

UNKNOWN = "n/a"
FIXED = ("section", "table", "row")
BLANK = ""
MOST = Decimal("1.7976931348623157E+308")
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n")
Value = Decimal | str | None
Grid = list[Any]


@dataclass(frozen=True)
class Figure:
    """One value of a document: in which section and block, in which row (a number, "total" or "most"), under which heading."""

    section: str
    block: str
    row: str
    column: str
    value: Value


def disagreements(json_document: bytes, format: str, document: bytes) -> list[str]:
    """What a CSV, XLSX or PDF document says otherwise than the JSON document of the same report; nothing, if all is well."""
    report = read_json(json_document)
    if format == "csv":
        return list(_csv_differences(figures_of_json(report), figures_of_csv(document)))
    if format == "xlsx":
        return list(_workbook_differences(report, openpyxl.load_workbook(io.BytesIO(document))))
    return missing_on_paper(report, document)


def read_json(document: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document, parse_float=Decimal, parse_int=Decimal, parse_constant=_refused)
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def figures_of(format: str, document: bytes) -> list[Figure]:
    """Every value of a JSON or CSV document in its order, facts left out."""
    return figures_of_csv(document) if format == "csv" else list(figures_of_json(read_json(document)))


def figures_of_json(report: dict[str, Any]) -> Iterator[Figure]:
    for section in report["sections"]:
        for block in section["blocks"]:
            for row, cells in _rows(block):
                yield from _sorted(Figure(section["title"], block.get("title", ""), row, column, value) for column, value in cells)


def _sorted(row: Iterable[Figure]) -> list[Figure]:
    """One row's, as documents that share columns between tables have their columns in other orders."""
    return sorted(row, key=lambda figure: _guarded(figure.column))


def _rows(block: dict[str, Any]) -> Iterator[tuple[str, Iterable[tuple[str, Value]]]]:
    if block["kind"] == "table":
        names = numbered(headings(block["columns"]), FIXED)
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


def figures_of_csv(document: bytes) -> list[Figure]:
    header, *rows = csv.reader(io.StringIO(document.decode(), newline=""), strict=True)
    assert tuple(header[:3]) == FIXED
    assert {len(row) for row in rows} == {len(header)}
    assert len(set(header)) == len(header)
    told = dropwhile(lambda row: row[:2] == ["Report", "Facts"], rows)
    cells = ([Figure(*row[:3], name, cell) for name, cell in zip(header[3:], row[3:], strict=True) if cell] for row in told)
    return [figure for row in cells for figure in _sorted(row)]


def _csv_differences(expected: Iterable[Figure], found: list[Figure]) -> Iterator[str]:
    for one, other in zip_longest((figure for figure in expected if figure.value != ""), found):
        if one is None or other is None or _where(one) != _where(other) or not _same_in_csv(one.value, other.value):
            yield f"csv: {one} expected, {other} found"


def _where(figure: Figure) -> tuple[str, ...]:
    return tuple(_guarded(part) for part in (figure.section, figure.block, figure.row, figure.column))


def _same_in_csv(expected: Value, found: Value) -> bool:
    if isinstance(expected, Decimal):
        return Decimal(str(found)) == expected
    return found == (UNKNOWN if expected is None else _guarded(expected))


def _guarded(text: str) -> str:
    """As a spreadsheet runs no cell of it; what is guarded already stays."""
    text = storable(text)
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text


def _workbook_differences(report: dict[str, Any], workbook: Any) -> Iterator[str]:
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
