"""Report -> PDF for reading and printing: a cover, key figures, charts, and tables with every row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, NextPageTemplate, PageBreak, PageTemplate, Paragraph, Spacer

from chalicelib.domain.figures import printable
from chalicelib.domain.report import Block, Chart, KeyFigures, Report, Section, Table, Text
from chalicelib.renderers.pdf import look as style
from chalicelib.renderers.pdf.chart import drawings
from chalicelib.renderers.pdf.contents import UNTITLED, Contents, section_key, table_key
from chalicelib.renderers.pdf.cover import band, cover_of
from chalicelib.renderers.pdf.figures import cards_of
from chalicelib.renderers.pdf.pages import Pages
from chalicelib.renderers.pdf.rows import Rows
from chalicelib.renderers.pdf.table import layout_of
from chalicelib.renderers.pdf.text import LONGEST, PROSE, safe_text

PORTRAIT_COLUMNS = 6
HEADED, TITLED = 50.0, 45.0
"""Room for a section's heading, and for the title of a block."""
MOST_TOGETHER = 370.0
"""What stands below both headings still has to fit on a landscape page."""
_Part = tuple[float, list[Flowable]]
"""How much room has to be left on a page for a block to begin there, and the block."""
NAME = "SecureBase Analytics"


def write(report: Report, file: BinaryIO) -> None:
    """A4; landscape if any table has more than 6 columns. Table figures are rounded here and nowhere before (see figures.places_of)."""
    size, look = landscape(A4) if _widest(report) > PORTRAIT_COLUMNS else A4, style.look_of(report.brand)
    title, subject = (printable(text)[:LONGEST] for text in (report.title, report.brand.name or report.customer_name))
    document = BaseDocTemplate(file, pagesize=size, title=title, author=NAME, subject=subject, creator=NAME, lang="en", invariant=1)
    width, height = (side - 2 * style.MARGIN for side in size)
    frame = Frame(style.MARGIN, style.MARGIN, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates([PageTemplate("cover", [frame], onPage=band(look)), PageTemplate("pages", [frame])])
    story = [*cover_of(report, look, width, height), _CoverEnd(), *_sections(report, look, width)]
    document.build(story, canvasmaker=partial(Pages, report, Contents(report, size, look)))


def _widest(report: Report) -> int:
    tables = (block for section in report.sections for block in section.blocks if isinstance(block, Table))
    return max((len(table.columns) for table in tables), default=0)


class _CoverEnd(Flowable):
    """Tells the pages which of them is the cover's last."""

    def draw(self) -> None:
        self.canv.cover = self.canv._pageNumber


class _Mark(Flowable):
    """An entry of the outline without a heading of its own: the section's, right above, says the same."""

    def __init__(self, title: str, key: str) -> None:
        super().__init__()
        self._mark = (key, title, 1)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        key, title, level = self._mark
        self.canv.mark(key, 0, title, level)


class _Heading(Paragraph):
    """A heading that is also an entry of the document's outline; `entry` is what that is called where there is no title."""

    def __init__(self, title: str, look: ParagraphStyle, key: str, level: int, entry: str) -> None:
        super().__init__(safe_text(title), look)
        self._mark = (key, title.strip() or entry, level)

    def draw(self) -> None:
        key, title, level = self._mark
        self.canv.mark(key, self.height, title, level)
        super().draw()


def _sections(report: Report, look: style.Look, width: float) -> Iterator[Flowable]:
    """A heading is never parted from what it stands above."""
    for number, section in enumerate(report.sections):
        parts = [_part(block, table_key(number, at), look, width, _said(section, at)) for at, block in enumerate(section.blocks)]
        yield from (CondPageBreak(HEADED + (parts[0][0] if parts else 0)),) if number else (NextPageTemplate("pages"), PageBreak())
        yield _Heading(section.title, look.heading, section_key(number), 0, UNTITLED)
        for least, flowables in parts:
            yield CondPageBreak(least)
            yield from flowables


def _said(section: Section, at: int) -> bool:
    """Whether the section's title, which stands right above, is the block's own."""
    block = section.blocks[at]
    return at == 0 and not isinstance(block, Text) and bool(block.title) and block.title == section.title


def _part(block: Block, key: str, look: style.Look, width: float, said: bool) -> _Part:
    """`said`: the block's title stands above it already."""
    match block:
        case Table():
            return _table(block, key, width, said)
        case KeyFigures():
            return 110, [*_title("" if said else block.title), *cards_of(block, look, width)]
        case Chart():
            return _chart(block, look, width, said)
        case Text():
            return 30, [Paragraph(safe_text(block.text, PROSE), style.NOTICE if block.notice else style.BODY)]


def _title(text: str) -> Iterator[Flowable]:
    if text:
        yield Paragraph(safe_text(text), style.SUBHEADING)


def _note(text: str) -> Iterator[Flowable]:
    if text:
        yield Paragraph(safe_text(text, PROSE), style.NOTE)


def _table(table: Table, key: str, width: float, said: bool) -> _Part:
    rows = Rows(layout_of(table, width), key)
    heading = _Mark(table.title, key) if said else _Heading(table.title, style.SUBHEADING, key, 1, UNTITLED)
    notes = [*_note("" if table.rows else "No rows."), *_note(table.note)]
    return TITLED + rows.least, [heading, rows, *notes, Spacer(0, 8)]


def _chart(chart: Chart, look: style.Look, width: float, said: bool) -> _Part:
    """Ranked bars may be parted, other charts and their legends not."""
    found = drawings(chart, width, look)
    together = found[:1] if chart.kind == "bar" else found
    title = _title(f"{chart.title} ({chart.unit})" if chart.unit else "" if said else chart.title)
    shown = found or [Paragraph("No data.", style.NOTE)]
    return TITLED + min(MOST_TOGETHER, sum(drawing.height for drawing in together)), [*title, *shown, *_note(chart.note), Spacer(0, 6)]
