"""Report -> CSV: one tidy table in RFC 4180 and UTF-8, every digit carried, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from chalicelib.domain.report import Block, Cell, Chart, Column, KeyFigures, Report, Table, Text
from chalicelib.renderers.figures import exact, heading, storable, unique, unit_of

FIXED = ("section", "table", "row")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_Row = tuple[str, str, str, dict[str, Cell]]
"""section, table, row (1..n, "total" or "note"), then the cells by their column's name"""


def write(report: Report, file: BinaryIO) -> None:
    """A cell that its table lacks is empty, one that is unknown is n/a."""
    rows = list(_rows(report))
    names = list(dict.fromkeys(name for *_, cells in rows for name in cells))
    lines = (
        [field(section), field(title), row, *(field(cells[name]) if name in cells else "" for name in names)]
        for section, title, row, cells in rows
    )
    file.write(table((*FIXED, *names), lines))


def table(names: Iterable[str], lines: Iterable[Iterable[str]]) -> bytes:
    """RFC 4180 under a header; the cells of the lines are fields already."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow([field(name) for name in names])
    writer.writerows(lines)
    return content.getvalue().encode()


def field(value: Cell) -> str:
    """Foreign text that a spreadsheet would take for a formula gets an apostrophe; a number never does."""
    if not isinstance(value, str):
        return exact(value)
    text = storable(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _rows(report: Report) -> Iterator[_Row]:
    yield from _table_rows("Report", _facts(report))
    for section in report.sections:
        for block in section.blocks:
            yield from _table_rows(section.title, _as_table(block))


def _facts(report: Report) -> Table:
    said: list[tuple[str, Cell]] = [("Title", report.title), ("Customer", report.customer_name), ("Customer ID", report.customer_id)]
    said += [("Type", report.type), ("Generated", report.generated_at), *report.facts]
    return Table("Facts", (Column("Name"), Column("Value")), tuple(said))


def _as_table(block: Block) -> Table:
    match block:
        case Table():
            return block
        case KeyFigures():
            columns = (Column("Name"), Column("Value"), Column("Unit"))
            return Table(block.title, columns, tuple((figure.name, figure.value, unit_of(figure)) for figure in block.figures))
        case Chart():
            columns = (Column("Series"), Column("Point"), Column("Value", "number", block.unit))
            points = ((series.name, label, value) for series in block.series for label, value in series.points)
            return Table(block.title, columns, tuple(points))
        case Text():
            return Table("", (Column("Text"),), ((block.text,),))


def _table_rows(section: str, table: Table) -> Iterator[_Row]:
    taken = set(FIXED)
    names = [unique(heading(column), taken) for column in table.columns]
    for number, cells in enumerate(table.rows, start=1):
        yield section, table.title, str(number), dict(zip(names, cells, strict=True))
    if table.totals is not None:
        yield section, table.title, "total", dict(zip(names, table.totals, strict=True))
    if table.note:
        yield section, table.title, "note", {"Text": table.note}
