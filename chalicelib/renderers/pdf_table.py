"""A report's table on paper: every row over as many pages as it takes, in time linear in the rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from reportlab.platypus import Flowable

from chalicelib.domain.report import Cell, Column, Table
from chalicelib.renderers.figures import FIGURES, heading, places, shown
from chalicelib.renderers.pdf_text import BOLD, GREY, INK, PLAIN, RULE, SHADE, text_width, visible_text, wrapped

SIZES = (8.0, 7.0, 6.0, 5.0)
PAD = 4.0
LEADING = 1.3
MOST_LINES, MOST_HEADER_LINES = 30, 12
"""A cell of more lines, which only columns of a few millimetres lead to, ends in an ellipsis: header and row have to fit on a page."""
_Lines = list[list[str]]


@dataclass(frozen=True)
class _Layout:
    """A table, measured: `tops[i]` is how far below the header row i begins; the last row is the totals if `has_totals`."""

    size: float
    widths: tuple[float, ...]
    right: tuple[bool, ...]
    header: _Lines
    rows: list[_Lines]
    tops: list[float]
    has_totals: bool

    def height(self, row: _Lines) -> float:
        return max(len(lines) for lines in row) * self.size * LEADING + PAD


def rows_of(table: Table, width: float) -> Flowable:
    """The table's rows as one flowable that splits between any two rows and repeats its header."""
    decimals = _places(table)
    texts = [_texts(table.columns, decimals, row) for row in table.rows]
    texts += [_texts(table.columns, decimals, table.totals)] if table.totals else []
    return _Rows(_layout(table.columns, texts, width, bool(table.totals)), 0, len(texts))


def _places(table: Table) -> list[int]:
    every = [*table.rows, *([table.totals] if table.totals else [])]
    return [places(column.kind, (row[index] for row in every)) for index, column in enumerate(table.columns)]


def _texts(columns: tuple[Column, ...], decimals: list[int], row: tuple[Cell, ...]) -> list[str]:
    return [visible_text(shown(cell, column.kind, count)) for cell, column, count in zip(row, columns, decimals, strict=True)]


def _layout(columns: tuple[Column, ...], texts: list[list[str]], width: float, has_totals: bool) -> _Layout:
    titles = [visible_text(heading(column), 120) for column in columns]
    right = tuple(column.kind in FIGURES for column in columns)
    size, widths = _fit(titles, texts, tuple(column.kind != "text" for column in columns), width)
    plain = [_lines(row, PLAIN, size, widths) for row in (texts[:-1] if has_totals else texts)]
    rows = [*plain, _lines(texts[-1], BOLD, size, widths)] if has_totals else plain
    layout = _Layout(size, widths, right, _lines(titles, BOLD, size, widths, MOST_HEADER_LINES), rows, [], has_totals)
    layout.tops.extend(accumulate((layout.height(row) for row in rows), initial=0.0))
    return layout


def _lines(texts: Sequence[str], font: str, size: float, widths: tuple[float, ...], most: int = MOST_LINES) -> _Lines:
    lines = [wrapped(text, font, size, width - 2 * PAD) for text, width in zip(texts, widths, strict=True)]
    return [found if len(found) <= most else [*found[: most - 1], "…"] for found in lines]


def _fit(titles: list[str], texts: list[list[str]], whole: tuple[bool, ...], width: float) -> tuple[float, tuple[float, ...]]:
    """The largest size at which figures, dates and title words stay whole and text has room, and the column widths, which fill the page."""
    shapes = [_widest(column) for column in zip(*texts, strict=True)] if texts else [set() for _ in titles]
    for size in SIZES:
        wanted = [max((text_width(shape, BOLD, size) for shape in found), default=0.0) for found in shapes]
        words = [max((text_width(word, BOLD, size) for word in title.split()), default=0.0) for title in titles]
        least = [
            2 * PAD + max(min(word, 90), want if uncut else min(want, 60)) for word, want, uncut in zip(words, wanted, whole, strict=True)
        ]
        if sum(least) <= width:
            return size, _share(least, [want + 2 * PAD for want in wanted], width)
    return SIZES[-1], tuple(width / len(titles) for _ in titles)


def _widest(column: Sequence[str]) -> set[str]:
    """The few longest shapes of a column's texts; in these fonts all digits are equally wide."""
    shapes = set(column) if len(column) < 200 else {text.translate(_DIGITS) for text in set(column)}
    return set(sorted(shapes, key=lambda shape: (-len(shape), shape))[:12])


_DIGITS = str.maketrans("123456789", "000000000")


def _share(least: list[float], wanted: list[float], width: float) -> tuple[float, ...]:
    """Room beyond `least` goes to columns that want more, then to all in proportion, so that the table fills the page."""
    missing = [max(0.0, want - floor) for want, floor in zip(wanted, least, strict=True)]
    given = min(1.0, (width - sum(least)) / sum(missing)) if sum(missing) else 0.0
    widths = [floor + given * more for floor, more in zip(least, missing, strict=True)]
    return tuple(each * width / sum(widths) for each in widths)


class _Rows(Flowable):
    """Rows `start` to `end` of a layout, below its header."""

    def __init__(self, layout: _Layout, start: int, end: int) -> None:
        super().__init__()
        self._layout, self._start, self._end = layout, start, end
        self._head = layout.height(layout.header)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        tops = self._layout.tops
        self.width, self.height = sum(self._layout.widths), self._head + tops[self._end] - tops[self._start]
        return self.width, self.height

    def split(self, _width: float, height: float) -> list[Flowable]:
        tops = self._layout.tops
        last = bisect_right(tops, tops[self._start] + height - self._head + 0.01) - 1
        if last <= self._start:
            return []
        return [_Rows(self._layout, self._start, last), _Rows(self._layout, last, self._end)]

    def draw(self) -> None:
        layout, canvas = self._layout, self.canv
        _band(canvas, self.height - self._head, self._head, self.width)
        _draw_row(canvas, layout, layout.header, self.height, BOLD)
        _rule(canvas, self.height - self._head, self.width, 0.9)
        for index in range(self._start, self._end):
            top = self.height - self._head - layout.tops[index] + layout.tops[self._start]
            totals = layout.has_totals and index == len(layout.rows) - 1
            if totals:
                _rule(canvas, top, self.width, 0.9)
            elif index % 2:
                _band(canvas, top - layout.height(layout.rows[index]), layout.height(layout.rows[index]), self.width)
            _draw_row(canvas, layout, layout.rows[index], top, BOLD if totals else PLAIN)
        _rule(canvas, 0, self.width, 0.4)


def _band(canvas: Any, bottom: float, height: float, width: float) -> None:
    canvas.setFillColor(SHADE)
    canvas.rect(0, bottom, width, height, stroke=0, fill=1)


def _rule(canvas: Any, height: float, width: float, thickness: float) -> None:
    canvas.setStrokeColor(GREY if thickness > 0.5 else RULE)
    canvas.setLineWidth(thickness)
    canvas.line(0, height, width, height)


def _draw_row(canvas: Any, layout: _Layout, row: _Lines, top: float, font: str) -> None:
    canvas.setFillColor(INK)
    canvas.setFont(font, layout.size)
    left, first = 0.0, top - PAD / 2 - layout.size
    for lines, width, right in zip(row, layout.widths, layout.right, strict=True):
        for number, line in enumerate(lines):
            height = first - number * layout.size * LEADING
            if right:
                canvas.drawString(left + width - PAD - text_width(line, font, layout.size), height, line)
            else:
                canvas.drawString(left + PAD, height, line)
        left += width
