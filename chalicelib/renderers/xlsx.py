"""Report -> XLSX: a summary sheet, one sheet per table, one for the charts; typed cells and not one formula."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import tostring

from chalicelib.domain.report import Block, Cell, Chart, Column, KeyFigures, Report, Table, Text
from chalicelib.renderers.figures import FIGURES, heading, storable, unique, unit_of
from chalicelib.renderers.xlsx_cells import cell_of, number_format, sheet_name
from chalicelib.renderers.xlsx_charts import add_charts

_PROPERTIES = "docProps/core.xml"


def write(report: Report, file: BinaryIO) -> None:
    """Equal reports give equal bytes: every date in the file is the report's own."""
    workbook = Workbook(write_only=True)
    blocks = [(section.title, block) for section in report.sections for block in section.blocks]
    used = {"history"}  # Excel keeps that name for itself
    _summary(workbook.create_sheet(unique("Summary", used, 31)), report)
    for title, block in blocks:
        if isinstance(block, Table):
            _table(workbook.create_sheet(sheet_name(block.title or title, used)), block)
    charts = [block for _, block in blocks if isinstance(block, Chart)]
    if charts:
        add_charts(workbook.create_sheet(unique("Charts", used, 31)), charts)
    _save(workbook, report, file)


def _summary(sheet: Any, report: Report) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width, sheet.column_dimensions["C"].width = 34, 44, 12
    sheet.append([cell_of(sheet, report.title, bold=True)])
    sheet.append([cell_of(sheet, report.customer_name)])
    facts: list[tuple[str, Cell]] = [*report.facts, ("Generated (UTC)", report.generated_at)]
    for label, fact in facts:
        sheet.append([cell_of(sheet, label), cell_of(sheet, fact, number_format("time", "", []))])
    for section in report.sections:
        lines = [line for block in section.blocks for line in _summary_lines(sheet, block)]
        for line in [[], [cell_of(sheet, section.title, bold=True)], *lines] if lines else []:
            sheet.append(line)


def _summary_lines(sheet: Any, block: Block) -> Iterator[list[Any]]:
    """What has no sheet of its own: texts and key figures."""
    if isinstance(block, Text):
        yield [cell_of(sheet, block.text)]
    if isinstance(block, KeyFigures):
        for figure in block.figures:
            value = cell_of(sheet, figure.value, number_format(figure.kind, figure.unit, [figure.value]))
            yield [cell_of(sheet, figure.name), value, cell_of(sheet, unit_of(figure))]


def _table(sheet: Any, table: Table) -> None:
    every = [*table.rows, *([table.totals] if table.totals else [])]
    formats = [number_format(column.kind, column.unit, [row[index] for row in every]) for index, column in enumerate(table.columns)]
    letters = [get_column_letter(index) for index in range(1, len(table.columns) + 1)]
    for letter, column, index in zip(letters, table.columns, range(len(letters)), strict=True):
        sheet.column_dimensions[letter].width = _width(column, [row[index] for row in every[:1000]])
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{letters[-1]}{len(table.rows) + 1}"
    sheet.append([cell_of(sheet, heading(column), bold=True) for column in table.columns])
    for row in table.rows:
        sheet.append([cell_of(sheet, value, format) for value, format in zip(row, formats, strict=True)])
    if table.totals:
        sheet.append([cell_of(sheet, value, format, bold=True) for value, format in zip(table.totals, formats, strict=True)])
    if table.note:
        sheet.append([])
        sheet.append([cell_of(sheet, table.note)])


def _width(column: Column, values: list[Cell]) -> float:
    """In characters: room for the heading and the longest value of the first thousand, between 10 and 60."""
    extra = 8 if column.kind in FIGURES else 2
    return float(min(60, max([10, len(heading(column)) + 4, *(len(str(value)[:60]) + extra for value in values)])))


def _save(workbook: Workbook, report: Report, file: BinaryIO) -> None:
    """openpyxl dates the file and each part of it with now: written once without compression, then again with the report's date."""
    moment = report.generated_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    workbook.properties.title, workbook.properties.creator = storable(report.title)[:300], "SecureBase Analytics"
    workbook.properties.created = moment
    draft = io.BytesIO()
    ExcelWriter(workbook, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED)).save()
    workbook.properties.modified = moment
    with zipfile.ZipFile(draft) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = tostring(workbook.properties.to_tree()) if name == _PROPERTIES else source.read(name)
            target.writestr(_part(name, moment), content)


def _part(name: str, moment: datetime) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, moment.timetuple()[:6])
    part.compress_type = zipfile.ZIP_DEFLATED
    return part
