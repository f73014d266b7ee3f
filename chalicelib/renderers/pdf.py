"""Report -> PDF for reading and printing: a cover, key figures, charts, and tables with every row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, NextPageTemplate, PageBreak, PageTemplate, Paragraph, Spacer

from chalicelib.domain.report import Block, Chart, KeyFigures, Report, Table, Text
from chalicelib.renderers import pdf_look as style
from chalicelib.renderers.figures import printable
from chalicelib.renderers.pdf_chart import drawings
from chalicelib.renderers.pdf_contents import MARGIN, UNTITLED, Contents, section_key, table_key
from chalicelib.renderers.pdf_cover import band, cover_of
from chalicelib.renderers.pdf_figures import cards_of
from chalicelib.renderers.pdf_pages import Pages
from chalicelib.renderers.pdf_rows import Rows
from chalicelib.renderers.pdf_table import layout_of
from chalicelib.renderers.pdf_text import LONGEST, PROSE, safe_text

PORTRAIT_COLUMNS = 6
NAME = "SecureBase Analytics"


def write(report: Report, file: BinaryIO) -> None:
    """A4; landscape if any table has more than 6 columns. Table figures are rounded here and nowhere before (see figures.places)."""
    size, look = landscape(A4) if _widest(report) > PORTRAIT_COLUMNS else A4, style.look_of(report.brand)
    title, subject = (printable(text)[:LONGEST] for text in (report.title, report.brand.name or report.customer_name))
    document = BaseDocTemplate(file, pagesize=size, title=title, author=NAME, subject=subject, creator=NAME, lang="en", invariant=1)
    width, height = size[0] - 2 * MARGIN, size[1] - 2 * MARGIN
    frame = Frame(MARGIN, MARGIN, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
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
    for number, section in enumerate(report.sections):
        yield from (CondPageBreak(180),) if number else (NextPageTemplate("pages"), PageBreak())
        yield _Heading(section.title, look.heading, section_key(number), 0, UNTITLED)
        for at, block in enumerate(section.blocks):
            yield from _block(block, table_key(number, at), look, width)


def _block(block: Block, key: str, look: style.Look, width: float) -> Iterator[Flowable]:
    match block:
        case Table():
            yield from _table(block, key, width)
        case KeyFigures():
            yield from _title(block.title)
            yield from cards_of(block, look, width)
        case Chart():
            yield from _chart(block, look, width)
        case Text():
            yield Paragraph(safe_text(block.text, PROSE), style.NOTICE if block.notice else style.BODY)


def _title(text: str) -> Iterator[Flowable]:
    if text:
        yield CondPageBreak(110)
        yield Paragraph(safe_text(text), style.SUBHEADING)


def _note(text: str) -> Iterator[Flowable]:
    if text:
        yield Paragraph(safe_text(text, PROSE), style.NOTE)


def _table(table: Table, key: str, width: float) -> Iterator[Flowable]:
    rows = Rows(layout_of(table, width), key)
    yield CondPageBreak(rows.least + 45)
    yield _Heading(table.title, style.SUBHEADING, key, 1, UNTITLED)
    yield rows
    yield from _note("" if table.rows else "No rows.")
    yield from _note(table.note)
    yield Spacer(0, 8)


def _chart(chart: Chart, look: style.Look, width: float) -> Iterator[Flowable]:
    found = drawings(chart, width, look)
    yield CondPageBreak(50 + (found[0].height if found else 0))
    yield from _title(f"{chart.title} ({chart.unit})" if chart.unit else chart.title)
    yield from found or [Paragraph("No data.", style.NOTE)]
    yield from _note(chart.note)
    yield Spacer(0, 6)
