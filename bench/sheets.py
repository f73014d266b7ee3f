"""The sides of the benchmarks of workbooks, CSV and JSON, each a process of its own: python -m bench.sheets SIDE ROWS, as bench.papers."""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench import papers
from chalicelib.domain.report import Column, Report, Section, Table
from chalicelib.renderers import write

FORMATS = ("xlsx", "csv", "json")
COLUMNS = (*papers.COLUMNS, Column("Amortized", "money", "USD"), Column("Seen", "time"))
MONEY = r"#,##0.00\ [$USD]"
NUMBER_FORMATS = (*[""] * 4, "yyyy-mm-dd", "#,##0.000", MONEY, '#,##0.00"%"', MONEY, "yyyy-mm-dd hh:mm:ss")


def wide(count: int) -> Report:
    made, first = random.Random(3), datetime(2026, 10, 1, tzinfo=UTC)
    rows = tuple(
        (*row, Decimal(made.randrange(10**9)) / 10000, first + timedelta(seconds=index)) for index, row in enumerate(papers.rows(count))
    )
    return papers.report(Section("Detail", (Table("Resources", COLUMNS, rows),)))


def in_memory(format: str) -> Callable[[Report], None]:
    return lambda made: write(made, format, io.BytesIO())


def on_disk(format: str) -> Callable[[Report], None]:
    def ours(made: Report) -> None:
        with tempfile.TemporaryFile() as file:
            write(made, format, file)

    return ours


def bare_openpyxl(made: Report) -> None:
    """The same rows in the same formats, as openpyxl's manual has it."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    table = _table(made)
    workbook = Workbook(write_only=True)
    sheet: Any = workbook.create_sheet("Resources")
    sheet.append([column.title for column in table.columns])
    for row in table.rows:
        cells: list[Any] = list(row)
        for index, format in enumerate(NUMBER_FORMATS):
            if format:
                value = cells[index]
                cells[index] = WriteOnlyCell(sheet, value.replace(tzinfo=None) if isinstance(value, datetime) else value)
                cells[index].number_format = format
        sheet.append(cells)
    workbook.save(io.BytesIO())


def bare_json(made: Report) -> None:
    """The same document with floats."""
    table = _table(made)
    columns = [{"title": column.title, "kind": column.kind, "unit": column.unit} for column in table.columns]
    block = {"kind": "table", "title": table.title, "columns": columns, "rows": table.rows, "totals": None, "note": ""}
    document = {"title": made.title, "sections": [{"title": "Detail", "blocks": [block]}]}
    io.BytesIO().write(json.dumps(document, indent=2, default=_plain).encode())


def _table(made: Report) -> Table:
    return next(block for block in made.sections[0].blocks if isinstance(block, Table))


def _plain(value: Decimal | date) -> float | str:
    return float(value) if isinstance(value, Decimal) else value.isoformat()


SIDES: dict[str, tuple[Callable[[int], Report], Callable[[Report], Any]]] = {
    "openpyxl": (wide, bare_openpyxl),
    "dumps": (wide, bare_json),
    **{format: (wide, in_memory(format)) for format in FORMATS},
    **{f"{format} on disk": (wide, on_disk(format)) for format in FORMATS},
    **{f"{format} hostile": (lambda count: papers.said(papers.HOSTILE, count), in_memory(format)) for format in FORMATS},
    **{f"{format} harmless": (papers.harmless, in_memory(format)) for format in FORMATS},
    **{f"{format} names": (lambda count: papers.said(papers.SERVICES, count), in_memory(format)) for format in FORMATS},
}

if __name__ == "__main__":
    papers.SIDES.update(SIDES)
    papers.main(sys.argv[1], int(sys.argv[2]), "warm" in sys.argv)
