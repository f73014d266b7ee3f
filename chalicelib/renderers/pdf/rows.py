"""A table's rows on paper: as many as a page takes, below a repeated header, written straight into the page's stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from chalicelib.renderers.pdf.look import GREY, INK, RULE, SHADE
from chalicelib.renderers.pdf.table import PAD, Layout, Lines, Texts
from chalicelib.renderers.pdf.text import BOLD, PLAIN, encoded, subset_name, text_width

STRETCH = 2000
"""Every so many rows of a table there is a place to jump to."""


@dataclass(frozen=True)
class _Row:
    """`top` is how far below the header's end it begins; `lines` None: one line a cell."""

    index: int
    top: float
    height: float
    lines: Lines | None


class Rows(Flowable):
    """The rows of a layout from `start` on; only those of one page are measured at a time. `key` names the places to jump to."""

    def __init__(self, layout: Layout, key: str, start: int = 0, only: list[_Row] | None = None) -> None:
        super().__init__()
        self._layout, self._key, self._start, self._only = layout, key, start, only
        self._tried: tuple[float, list[_Row]] = (0.0, [])
        self._head = layout.height(max(map(len, layout.header), default=1))
        self.width = sum(layout.widths)

    @property
    def least(self) -> float:
        """The header and the first row."""
        return self._head + sum(row.height for row in self._measured(1.0))

    def wrap(self, _width: float, height: float) -> tuple[float, float]:
        rows = self._rows(height)
        every = self._only is not None or self._start + len(rows) == len(self._layout.texts)
        self.height = self._head + (rows[-1].top + rows[-1].height if rows else 0.0)
        return self.width, self.height if every else height + 1

    def split(self, _width: float, height: float) -> list[Flowable]:
        rows = self._rows(height)
        if not rows:
            return []
        return [Rows(self._layout, self._key, self._start, rows), Rows(self._layout, self._key, rows[-1].index + 1)]

    def _rows(self, height: float) -> list[_Row]:
        if self._only is not None:
            return self._only
        if self._tried[0] != height:
            room = height - self._head
            self._tried = height, [row for row in self._measured(room) if row.top + row.height <= room + 0.01]
        return self._tried[1]

    def _measured(self, room: float) -> Iterator[_Row]:
        """Until one begins beyond the room."""
        top = 0.0
        for index in range(self._start, len(self._layout.texts)):
            lines = self._layout.lines(index)
            row = _Row(index, top, self._layout.height(max(map(len, lines)) if lines else 1), lines)
            yield row
            top += row.height
            if top >= room:
                return

    def draw(self) -> None:
        rows, layout, ground = self._rows(self.height), self._layout, self.height - self._head
        for row in rows:
            if row.index % STRETCH == 0 and row.index < len(layout.texts) - layout.has_totals:
                self.canv.mark(f"{self._key}-{row.index}", ground - row.top)
        code = self.canv._code
        shaded = [_box(ground - row.top - row.height, row.height, self.width) for row in rows if self._is_shaded(row)]
        code += [_fill(SHADE), *shaded, "f"] if shaded else []
        code.append(f"{_fill(INK)} BT")
        code += self._texts(BOLD, [(layout.header, self.height)])
        for font, bold in ((PLAIN, False), (BOLD, True)):
            found = [(row.lines or layout.texts[row.index], ground - row.top) for row in rows if layout.is_totals(row.index) == bold]
            code += self._texts(font, found)
        code.append("ET")
        self._rules(rows, ground)

    def _is_shaded(self, row: _Row) -> bool:
        return row.index % 2 == 1 and not self._layout.is_totals(row.index)

    def _rules(self, rows: list[_Row], ground: float) -> None:
        _rule(self.canv._code, ground, self.width, GREY, 0.9)
        for row in rows:
            if self._layout.is_totals(row.index):
                _rule(self.canv._code, ground - row.top, self.width, GREY, 0.9)
        _rule(self.canv._code, 0, self.width, RULE, 0.5)

    def _texts(self, font: str, rows: list[tuple[Lines | Texts, float]]) -> Iterator[str]:
        """The operators for rows of cells, each with the height of its upper edge."""
        size, line, document = self._layout.size, self._layout.line, self.canv._doc
        cells = list(zip(self._lefts(), self._layout.widths, self._layout.right, strict=True))
        yield f"{subset_name(font, document)} {size:g} Tf"
        for row, top in rows:
            first = top - PAD / 2 - size * 0.98
            for cell, (left, width, right) in zip(row, cells, strict=True):
                for number, text in enumerate((cell,) if isinstance(cell, str) else cell):
                    x = left + width - PAD - text_width(text, font, size) if right else left + PAD
                    yield f"1 0 0 1 {x:.2f} {first - number * line:.2f} Tm {encoded(text, font, size, document)}"

    def _lefts(self) -> list[float]:
        widths = self._layout.widths
        return [sum(widths[:at]) for at in range(len(widths))]


def _fill(colour: Color) -> str:
    return f"{colour.red:.3f} {colour.green:.3f} {colour.blue:.3f} rg"


def _box(bottom: float, height: float, width: float) -> str:
    return f"0 {bottom:.2f} {width:.2f} {height:.2f} re"


def _rule(code: list[str], height: float, width: float, colour: Color, thickness: float) -> None:
    code.append(f"{colour.red:.3f} {colour.green:.3f} {colour.blue:.3f} RG {thickness} w 0 {height:.2f} m {width:.2f} {height:.2f} l S")
