"""Report -> PDF for reading and printing: facts, key figures, charts, and tables with every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from reportlab.lib.pagesizes import A4, landscape
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as Grid

from chalicelib.domain.report import Block, Chart, KeyFigure, KeyFigures, Report, Table, Text
from chalicelib.renderers import pdf_text as style
from chalicelib.renderers.figures import UNKNOWN, places, printable, shown, unit_of
from chalicelib.renderers.pdf_chart import drawings
from chalicelib.renderers.pdf_pages import MARGIN, Heading, Pages
from chalicelib.renderers.pdf_table import rows_of
from chalicelib.renderers.pdf_text import PROSE, safe_text

PORTRAIT_COLUMNS = 6
FIGURES_A_ROW = 4
LONGEST_FIGURE = 120


def write(report: Report, file: BinaryIO) -> None:
    """A4; landscape if any table has more than 6 columns. Table figures are rounded here and nowhere before (see figures.places)."""
    size = landscape(A4) if _widest(report) > PORTRAIT_COLUMNS else A4
    document = BaseDocTemplate(
        file,
        pagesize=size,
        title=printable(report.title)[: style.LONGEST],
        author="SecureBase Analytics",
        subject=printable(report.customer_name)[: style.LONGEST],
        creator="SecureBase Analytics",
        lang="en",
        invariant=1,
    )
    frame = Frame(MARGIN, MARGIN, size[0] - 2 * MARGIN, size[1] - 2 * MARGIN, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(list(_story(report, size[0] - 2 * MARGIN)), canvasmaker=lambda *args, **options: Pages(report, *args, **options))


def _widest(report: Report) -> int:
    tables = (block for section in report.sections for block in section.blocks if isinstance(block, Table))
    return max((len(table.columns) for table in tables), default=0)


def _story(report: Report, width: float) -> Iterator[Flowable]:
    yield Paragraph(safe_text(report.title), style.TITLE)
    yield Paragraph(safe_text(report.customer_name), style.CUSTOMER)
    yield _facts([*report.facts, ("Generated", f"{shown(report.generated_at.replace(microsecond=0), 'time')} UTC")], width)
    for section in report.sections:
        yield CondPageBreak(110)
        yield Heading(section.title)
        for block in section.blocks:
            yield from _block(block, width)


def _facts(facts: list[tuple[str, str]], width: float) -> Flowable:
    rows = [[Paragraph(safe_text(label), style.LABEL), Paragraph(safe_text(text), style.FACT)] for label, text in facts]
    lines = [("LINEABOVE", (0, 0), (-1, 0), 0.9, style.ACCENT), ("LINEBELOW", (0, 0), (-1, -1), 0.3, style.RULE)]
    padding = [("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    return Grid(rows, colWidths=[120, width - 120], style=[*lines, *padding, ("LEFTPADDING", (0, 0), (0, -1), 0)])


def _block(block: Block, width: float) -> Iterator[Flowable]:
    match block:
        case Table():
            yield from _table(block, width)
        case KeyFigures():
            yield from _key_figures(block, width)
        case Chart():
            yield from _chart(block, width)
        case Text():
            yield Paragraph(safe_text(block.text, PROSE), style.BODY)


def _title(text: str) -> Iterator[Flowable]:
    if text:
        yield Paragraph(safe_text(text), style.SUBHEADING)


def _table(table: Table, width: float) -> Iterator[Flowable]:
    yield CondPageBreak(90)
    yield from _title(table.title)
    yield rows_of(table, width)
    if not table.rows:
        yield Paragraph("No rows.", style.NOTE)
    if table.note:
        yield Paragraph(safe_text(table.note, PROSE), style.NOTE)
    yield Spacer(0, 6)


def _chart(chart: Chart, width: float) -> Iterator[Flowable]:
    found = drawings(chart, width)
    yield CondPageBreak(40 + (found[0].height if found else 0))
    yield from _title(f"{chart.title} ({chart.unit})" if chart.unit else chart.title)
    yield from found or [Paragraph("No data.", style.NOTE)]
    yield Spacer(0, 4)


def _key_figures(figures: KeyFigures, width: float) -> Iterator[Flowable]:
    yield CondPageBreak(70)
    yield from _title(figures.title)
    for start in range(0, len(figures.figures), FIGURES_A_ROW):
        cards = [_card(figure) for figure in figures.figures[start : start + FIGURES_A_ROW]]
        grid = Grid([cards + [""] * (FIGURES_A_ROW - len(cards))], colWidths=[width / FIGURES_A_ROW] * FIGURES_A_ROW)
        last = len(cards) - 1
        grid.setStyle([("BACKGROUND", (0, 0), (last, 0), style.SHADE), ("LINEABOVE", (0, 0), (last, 0), 1.2, style.ACCENT)])
        grid.setStyle([("INNERGRID", (0, 0), (last, 0), 4, "white"), ("VALIGN", (0, 0), (-1, -1), "TOP")])
        yield grid
        yield Spacer(0, 6)


def _card(figure: KeyFigure) -> list[Flowable]:
    text = shown(figure.value, figure.kind, places(figure.kind, [figure.value]))
    unit = unit_of(figure)
    value = f"{text} {unit}" if unit and text != UNKNOWN else text
    return [Paragraph(safe_text(figure.name, LONGEST_FIGURE), style.LABEL), Paragraph(safe_text(value, LONGEST_FIGURE), style.FIGURE)]
