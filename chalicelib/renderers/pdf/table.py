"""A report's table measured for paper: its texts, the size of its type and its columns' widths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.figures import FIGURES, heading, shown
from chalicelib.domain.report import Cell, Column, Table
from chalicelib.renderers.pdf.text import BOLD, PLAIN, text_width, visible_text, wrapped

SIZES = (9.0, 8.25, 7.5, 6.75, 6.0, 5.0)
READABLE = 3
"""Of the sizes, so many are preferred to breaking a text."""
PAD = 4.5
LEADING = 1.25
MOST_LINES, MOST_HEADER_LINES = 25, 10
"""A cell of more lines, which only columns of a few millimetres lead to, ends in an ellipsis: header and row have to fit on a page."""
Texts = Sequence[str]
Lines = list[tuple[str, ...]]
_DIGITS = str.maketrans("123456789", "000000000")


@dataclass(frozen=True)
class Layout:
    """`texts` has a row per row and one for the totals if `has_totals`; `broken` are the columns with texts wider than themselves."""

    size: float
    widths: tuple[float, ...]
    right: tuple[bool, ...]
    header: Lines
    texts: list[Texts]
    broken: tuple[int, ...]
    has_totals: bool

    @property
    def line(self) -> float:
        return self.size * LEADING

    def height(self, lines: int) -> float:
        return lines * self.line + PAD

    def is_totals(self, index: int) -> bool:
        return self.has_totals and index == len(self.texts) - 1

    def lines(self, index: int) -> Lines | None:
        """Of a row's cells; None when each has only one."""
        row, font = self.texts[index], BOLD if self.is_totals(index) else PLAIN
        found = {at: wrapped(row[at], font, self.size, self.widths[at] - 2 * PAD, MOST_LINES) for at in self.broken}
        if all(len(lines) == 1 for lines in found.values()):
            return None
        return [found.get(at, (text,)) for at, text in enumerate(row)]


def layout_of(table: Table, width: float) -> Layout:
    """In time linear in the rows."""
    texts = _texts(table)
    titles = [visible_text(heading(column), 120) for column in table.columns]
    shapes = [_widest(column) for column in zip(*texts, strict=True)] if texts else [set() for _ in titles]
    size, widths = _fit(titles, shapes, tuple(column.kind != "text" for column in table.columns), width)
    broken = tuple(at for at, found in enumerate(shapes) if _width(found, size) > widths[at] - 2 * PAD + 0.001)
    header = [wrapped(title, BOLD, size, each - 2 * PAD, MOST_HEADER_LINES) for title, each in zip(titles, widths, strict=True)]
    return Layout(size, widths, tuple(column.kind in FIGURES for column in table.columns), header, texts, broken, bool(table.totals))


def _texts(table: Table) -> list[Texts]:
    every = [*table.rows, *([table.totals] if table.totals else [])]
    columns = list(zip(*every, strict=True)) or [() for _ in table.columns]
    return list(zip(*(_column(column, cells) for column, cells in zip(table.columns, columns, strict=True)), strict=True))


def _column(column: Column, cells: Sequence[Cell]) -> list[str]:
    kind = column.kind
    return [visible_text(cell if isinstance(cell, str) else shown(cell, kind)) for cell in cells]


def _width(shapes: set[str], size: float) -> float:
    return max((text_width(shape, BOLD, size) for shape in shapes), default=0.0)


def _fit(titles: list[str], shapes: list[set[str]], whole: tuple[bool, ...], width: float) -> tuple[float, tuple[float, ...]]:
    """The largest readable size at which nothing is broken, else the largest at which figures, dates and title words stay whole and text
    has room; and the column widths, which fill the page."""
    for most, sizes in ((math.inf, SIZES[:READABLE]), (70.0, SIZES)):
        for size in sizes:
            wanted = [_width(found, size) for found in shapes]
            words = [max((text_width(word, BOLD, size) for word in title.split()), default=0.0) for title in titles]
            rooms = [want if uncut else min(want, most) for want, uncut in zip(wanted, whole, strict=True)]
            least = [2 * PAD + max(min(word, 90), room) for word, room in zip(words, rooms, strict=True)]
            if sum(least) <= width:
                return size, _share(least, [want + 2 * PAD for want in wanted], width)
    return SIZES[-1], tuple(width / len(titles) for _ in titles)


def _widest(column: Sequence[str]) -> set[str]:
    """The few longest shapes of a column's texts; in these fonts all digits are equally wide."""
    shapes = set(column) if len(column) < 200 else {text.translate(_DIGITS) for text in set(column)}
    return set(sorted(shapes, key=lambda shape: (-len(shape), shape))[:12])


def _share(least: list[float], wanted: list[float], width: float) -> tuple[float, ...]:
    """Room beyond `least` goes to columns that want more, then to all in proportion, so that the table fills the page."""
    missing = [max(0.0, want - floor) for want, floor in zip(wanted, least, strict=True)]
    given = min(1.0, (width - sum(least)) / sum(missing)) if sum(missing) else 0.0
    widths = [floor + given * more for floor, more in zip(least, missing, strict=True)]
    return tuple(each * width / sum(widths) for each in widths)
