"""A long document's table of contents: what is where, and which rows of a long table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.figures import shown
from chalicelib.domain.report import Report, Section, Table
from chalicelib.renderers.pdf.look import GREY, INK, MARGIN, RULE, Look
from chalicelib.renderers.pdf.rows import STRETCH
from chalicelib.renderers.pdf.text import BOLD, PLAIN, fitting, text_width, visible_text

if TYPE_CHECKING:
    from chalicelib.renderers.pdf.pages import Pages

MOST_ROWS = 2000
"""A document with a section of more rows has a table of contents."""
_LINE, _HEADING = 17.0, 44.0
UNTITLED = "Untitled"


@dataclass(frozen=True)
class Entry:
    """`key` is a place that some page marks; level 0 is a section, 1 a table, 2 rows of a table."""

    level: int
    title: str
    key: str


def section_key(section: int) -> str:
    return f"section-{section}"


def table_key(section: int, block: int) -> str:
    return f"table-{section}-{block}"


def entries_of(report: Report) -> list[Entry]:
    """None if no section is long."""
    if max((_rows(section) for section in report.sections), default=0) <= MOST_ROWS:
        return []
    return [entry for number, section in enumerate(report.sections) for entry in _entries(number, section)]


def _rows(section: Section) -> int:
    return sum(len(block.rows) for block in section.blocks if isinstance(block, Table))


def _entries(number: int, section: Section) -> Iterator[Entry]:
    yield Entry(0, section.title.strip() or UNTITLED, section_key(number))
    for at, block in enumerate(section.blocks):
        if isinstance(block, Table):
            key = table_key(number, at)
            yield Entry(1, block.title.strip() or UNTITLED, key)
            yield from _stretches(block, key) if len(block.rows) > STRETCH else ()


def _stretches(table: Table, key: str) -> Iterator[Entry]:
    """Each tells what its first row's first cell says."""
    for start in range(0, len(table.rows), STRETCH):
        first = shown(table.rows[start][0], table.columns[0].kind) if table.columns else ""
        yield Entry(2, f"Rows {start + 1:,} to {min(start + STRETCH, len(table.rows)):,}, from {first}", f"{key}-{start}")


class Contents:
    """Knows how many pages it takes before any page is drawn; is drawn when all others are, for then it's known where they are."""

    def __init__(self, report: Report, size: tuple[float, float], look: Look) -> None:
        self._entries, self._size, self._look = entries_of(report), size, look
        a_page = int((size[1] - 2 * MARGIN - _HEADING) / _LINE)
        self._pages = [self._entries[start : start + a_page] for start in range(0, len(self._entries), a_page)]

    @property
    def pages(self) -> int:
        return len(self._pages)

    def draw(self, canvas: Pages) -> None:
        for page in self._pages:
            top = self._size[1] - MARGIN - 17
            canvas.setFillColor(self._look.legible)
            canvas.setFont(BOLD, 17)
            canvas.drawString(MARGIN, top, "Contents")
            for number, entry in enumerate(page):
                self._line(canvas, entry, top - _HEADING + 14 - number * _LINE)
            canvas.showPage()

    def _line(self, canvas: Pages, entry: Entry, height: float) -> None:
        left, right, font = MARGIN + 14 * entry.level, self._size[0] - MARGIN, PLAIN if entry.level else BOLD
        page, size = str(canvas.leaves[entry.key]), 10.0 if entry.level < 2 else 9.0
        title = fitting(visible_text(entry.title), font, size, right - left - 50)
        canvas.setFillColor(INK if entry.level < 2 else GREY)
        canvas.setFont(font, size)
        canvas.drawString(left, height, title)
        canvas.drawRightString(right, height, page)
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        start = left + text_width(title, font, size) + 6
        canvas.setDash(0.5, 3)
        canvas.line(start, height + 1, right - text_width(page, font, size) - 6, height + 1)
        canvas.setDash()
        canvas.linkRect("", entry.key, (left, height - 4, right, height + _LINE - 5))
