"""Report -> XLSX: a summary sheet with native charts, one sheet per table, one for the charts' points; typed cells and not one formula."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from chalicelib.domain.figures import storable, unique
from chalicelib.domain.report import Chart, Report, Table
from chalicelib.renderers.xlsx.archive import Archive
from chalicelib.renderers.xlsx.charts import Charts
from chalicelib.renderers.xlsx.names import LONGEST_NAME, sheet_name
from chalicelib.renderers.xlsx.summary import Summary
from chalicelib.renderers.xlsx.tables import add_table, formats_of, parts

_LONGEST_PROPERTY = 255


def write(report: Report, file: BinaryIO) -> None:
    """Equal reports give equal bytes: every date in the file is the report's own."""
    workbook = Workbook(write_only=True)
    rows: list[Iterable[str]] = []
    used = {"history"}  # Excel keeps that name for itself
    summary = workbook.create_sheet(unique("Summary", used, LONGEST_NAME))
    rows.append(Summary(summary, report).rows)
    number = 0
    for title, table in _tables(report):
        formats = formats_of(table)
        for part in parts(table):
            number += 1
            rows.append(add_table(workbook.create_sheet(sheet_name(title, used)), part, number, formats))
    if charts := [block for section in report.sections for block in section.blocks if isinstance(block, Chart)]:
        points = workbook.create_sheet(unique("Charts", used, LONGEST_NAME))
        rows.append(Charts(points, summary, charts, report.brand.colour).rows)
    for sheet in workbook.worksheets:
        _as_pages(sheet)
    _describe(workbook, report)
    named = {f"xl/worksheets/sheet{index}.xml": each for index, each in enumerate(rows, start=1)}
    ExcelWriter(workbook, Archive(file, report.generated_at, named)).save()


def _tables(report: Report) -> Iterable[tuple[str, Table]]:
    """Each with what its sheet is called after."""
    return ((block.title or section.title, block) for section in report.sections for block in section.blocks if isinstance(block, Table))


def _as_pages(sheet: Any) -> None:
    """Printed, a sheet is as wide as a page and as many pages long as it takes."""
    sheet.oddFooter.center.text = "Page &P of &N"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation, sheet.page_setup.paperSize, sheet.page_setup.fitToHeight = "landscape", Worksheet.PAPERSIZE_A4, 0


def _describe(workbook: Workbook, report: Report) -> None:
    about = workbook.properties
    about.title, about.subject = (storable(text)[:_LONGEST_PROPERTY] for text in (report.title, report.customer_name))
    about.creator, about.language = "SecureBase Analytics", "en"
    about.keywords = ", ".join(filter(None, (report.type, report.template, report.brand.name)))[:_LONGEST_PROPERTY]
    about.created = about.modified = report.generated_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
