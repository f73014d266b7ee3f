"""The Summary sheet: what the report is, its key figures with their changes, its texts; charts stand to the right."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Font

from chalicelib.domain.figures import unit_of
from chalicelib.domain.report import Block, Cell, Change, KeyFigure, KeyFigures, Report, Text
from chalicelib.renderers.xlsx.cells import BOLD, GENERAL, TIME, Column, Styles, row_xml
from chalicelib.renderers.xlsx.names import number_format, signed

WIDTHS = {"A": 34, "B": 34, "C": 10, "D": 14, "E": 10, "F": 28}
LOGO = (220, 72)
"""Pixels."""
A_LINE = 125
"""Characters across all columns, about."""
_HEADER = ("Figure", "Value", "Unit", "Change", "Unit", "Compared with")
_Styled = tuple[Cell, str]
"""value, number format"""


class Summary:
    """Puts rows one below the other; `rows` is their XML."""

    def __init__(self, sheet: Any, report: Report) -> None:
        self._sheet, self._styles, self.rows = sheet, Styles(sheet), list[str]()
        for letter, width in WIDTHS.items():
            sheet.column_dimensions[letter].width = width
        sheet.sheet_view.showGridLines = False
        if report.brand.logo:
            sheet.add_image(_logo(report.brand.logo), "E1")
        self._cover(report)
        for section in report.sections:
            if any(isinstance(block, KeyFigures | Text) for block in section.blocks):
                self._add([])
                self._add([(section.title, GENERAL)], **BOLD)
            for block in section.blocks:
                self._block(block, section.title)

    def _cover(self, report: Report) -> None:
        self._add([(report.title, GENERAL)], font=Font(bold=True, size=16))
        for line in (report.brand.name, report.customer_name):
            self._add([(line, GENERAL)] if line else [])
        facts: list[tuple[str, Cell]] = [*report.facts, ("Generated (UTC)", report.generated_at)]
        for label, fact in facts:
            self._add([(label, GENERAL), (fact, TIME)], alignment=Alignment(horizontal="left", vertical="top"))

    def _block(self, block: Block, section: str) -> None:
        """Of what has no sheet of its own."""
        if isinstance(block, Text):
            self._text(block)
        if isinstance(block, KeyFigures):
            if block.title not in ("", section):
                self._add([(block.title, GENERAL)], **BOLD)
            changed = any(figure.change for figure in block.figures)
            self._add([(name, GENERAL) for name in _HEADER[: 6 if changed else 3]], **BOLD)
            for figure in block.figures:
                self._add([*_own(figure), *(_change(figure.change) if figure.change else ())])

    def _text(self, text: Text) -> None:
        number = len(self.rows) + 1
        lines = sum(1 + len(line) // A_LINE for line in text.text.splitlines())
        self._sheet.merged_cells.add(f"A{number}:F{number}")
        look: dict[str, Any] = {"alignment": Alignment(wrap_text=True, vertical="top"), **(BOLD if text.notice else {})}
        self._add([(text.text, GENERAL)], height=15.0 * max(1, min(27, lines)), **look)

    def _add(self, cells: list[_Styled], height: float | None = None, **look: Any) -> None:
        number = len(self.rows) + 1
        columns = [Column(index, self._styles, format, **look) for index, (_, format) in enumerate(cells, start=1)]
        cells_xml = [column.cell(str(number), value) for column, (value, _) in zip(columns, cells, strict=True)]
        self.rows.append(row_xml(number, cells_xml, height))


def _logo(png: bytes) -> Image:
    """Within the room beside the title, never distorted."""
    image = Image(io.BytesIO(png))
    scale = min(LOGO[0] / image.width, LOGO[1] / image.height, 1)
    image.width, image.height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image


def _own(figure: KeyFigure) -> Iterator[_Styled]:
    yield figure.name, GENERAL
    yield figure.value, number_format(figure.kind, figure.unit, [figure.value])
    yield unit_of(figure), GENERAL


def _change(change: Change) -> Iterator[_Styled]:
    yield change.value, signed(number_format("percent" if change.unit == "%" else "number", "", [change.value]))
    yield change.unit, GENERAL
    yield change.against, GENERAL
