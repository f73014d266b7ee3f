"""Tables as worksheets: each a real Excel table with filters, bands and a frozen header, its totals below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table as ExcelTable
from openpyxl.worksheet.table import TableColumn, TableStyleInfo

from chalicelib.domain import report
from chalicelib.domain.figures import FIGURES
from chalicelib.domain.report import Cell, Table
from chalicelib.renderers.xlsx.cells import BOLD, Column, Styles, literal, row_xml, rows_xml
from chalicelib.renderers.xlsx.names import headings, number_format

MOST_ROWS = 1_048_576
"""Of a sheet, its header among them."""
_RIGHT: dict[str, Any] = {"alignment": Alignment(horizontal="right")}
"""For headings and n/a above and among figures."""
_STYLE = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)


def parts(table: Table) -> list[Table]:
    """The table as often as it needs sheets, each with rows of its own, the last with the totals and the note."""
    room = MOST_ROWS - 1 - (1 if table.totals else 0) - (2 if table.note else 0)
    starts = range(0, len(table.rows), room) or range(1)
    found = [report.Table(table.title, table.columns, table.rows if len(starts) == 1 else table.rows[at : at + room]) for at in starts]
    return [*found[:-1], report.Table(table.title, table.columns, found[-1].rows, table.totals, table.note)]


def add_table(sheet: Any, table: Table, number: int, formats: list[str]) -> Iterator[str]:
    """Prepares the sheet and gives its rows; `number` is the table's in the workbook."""
    names = headings(table.columns)
    values = list(islice(table.rows, 1000)) + ([table.totals] if table.totals else [])
    for index, name in enumerate(names):
        sheet.column_dimensions[get_column_letter(index + 1)].width = _width(name, table.columns[index], (row[index] for row in values))
    sheet.freeze_panes, sheet.print_title_rows = "A2", "1:1"
    if table.rows:  # Excel repairs a file with a table that has none
        sheet.tables.add(_excel_table(names, len(table.rows), number))
    return _rows(Styles(sheet), names, table, formats)


def _rows(styles: Styles, names: list[str], table: Table, formats: list[str]) -> Iterator[str]:
    looks = [{} if column.kind == "text" else _RIGHT for column in table.columns]
    plain = [Column(index, styles, format, **look) for index, (format, look) in enumerate(zip(formats, looks, strict=True), start=1)]
    bold = [Column(index, styles, format, **look, **BOLD) for index, (format, look) in enumerate(zip(formats, looks, strict=True), start=1)]
    yield from rows_xml([names], bold, 1)
    yield from rows_xml(table.rows, plain, 2)
    after = len(table.rows) + 2
    if table.totals:
        yield from rows_xml([table.totals], bold, after)
        after += 1
    if table.note:
        yield row_xml(after + 1, [Column(1, styles).cell(str(after + 1), table.note)])


def _excel_table(names: list[str], rows: int, number: int) -> ExcelTable:
    """Its columns' names have to be the header's."""
    columns = [TableColumn(id=index, name=literal(name)) for index, name in enumerate(names, start=1)]
    ref = f"A1:{get_column_letter(len(names))}{rows + 1}"
    return ExcelTable(displayName=f"Table{number}", ref=ref, tableColumns=columns, autoFilter=AutoFilter(ref=ref), tableStyleInfo=_STYLE)


def formats_of(table: Table) -> list[str]:
    return [number_format(column.kind, column.unit, _values(table, index)) for index, column in enumerate(table.columns)]


def _values(table: Table, index: int) -> Iterator[Cell]:
    yield from (row[index] for row in table.rows)
    if table.totals:
        yield table.totals[index]


def _width(name: str, column: report.Column, values: Iterable[Cell]) -> float:
    """In characters: room for the heading with its button and the longest of the values, between 10 and 60."""
    extra = 8 if column.kind in FIGURES else 2
    return float(min(60, max([10, len(name) + 4, *(len(str(value)[:60]) + extra for value in values)])))
