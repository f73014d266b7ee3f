"""Key figures as a row of cards: the figure, and by how much it differs from what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer
from reportlab.platypus import Table as Grid

from chalicelib.domain.figures import UNKNOWN, known, shown, unit_of
from chalicelib.domain.report import Change, KeyFigure, KeyFigures
from chalicelib.renderers.pdf import look as style
from chalicelib.renderers.pdf.text import safe_text, text_width

LONGEST_FIGURE = 120
GAP = 8.0
CELL_PADDING = 6.0
"""Left and right within a card."""
UNIT_SIZE, SMALLEST, ROUNDING = 10, 7.0, 1.0
_BESIDE = {1: 2, 2: 2, 3: 3, 5: 3, 6: 3, 9: 3}
"""How many cards stand side by side, by how many there are; 4 otherwise."""


def cards_of(figures: KeyFigures, look: style.Look, width: float) -> Iterator[Flowable]:
    beside = _BESIDE.get(len(figures.figures), 4)
    each = (width + GAP) / beside - GAP
    for start in range(0, len(figures.figures), beside):
        cells: list[list[Flowable]] = []
        for figure in figures.figures[start : start + beside]:
            card = _card(figure, each - 2 * CELL_PADDING)
            cells += [[], card] if cells else [card]
        grid = Grid([cells], colWidths=[GAP if at % 2 else each for at in range(len(cells))], hAlign="LEFT")
        for at in range(0, len(cells), 2):
            grid.setStyle([("BACKGROUND", (at, 0), (at, 0), style.SHADE), ("LINEABOVE", (at, 0), (at, 0), 2, look.legible)])
        grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 7), ("BOTTOMPADDING", (0, 0), (-1, -1), 8)])
        yield CondPageBreak(90)
        yield grid
        yield Spacer(0, GAP)


def _card(figure: KeyFigure, room: float) -> list[Flowable]:
    text = shown(figure.value, figure.kind)
    unit = unit_of(figure) if text != UNKNOWN else ""
    value = safe_text(text, LONGEST_FIGURE)
    if unit:
        value += f' <font size="{UNIT_SIZE}">{safe_text(unit, LONGEST_FIGURE)}</font>'
    lines = [
        Paragraph(safe_text(figure.name, LONGEST_FIGURE), style.LABEL),
        Paragraph(value, _fitting(text, unit, room)),  # nosemgrep: pdf-text-goes-through-one-place  its parts are escaped above
    ]
    return [*lines, *(_change(figure.change, figure) if figure.change else ())]


def _fitting(text: str, unit: str, room: float) -> ParagraphStyle:
    """A figure that isn't text stands on one line with its unit, in smaller type if it has to."""
    needed = max(1.0, text_width(text, style.FIGURE.fontName, 1))
    beside = room - (text_width(f"  {unit}", style.FIGURE.fontName, UNIT_SIZE) if unit else 0) - ROUNDING
    size = max(SMALLEST, min(style.FIGURE.fontSize, beside / needed))
    if size >= style.FIGURE.fontSize or not text.isascii() or " " in text:
        return style.FIGURE
    return ParagraphStyle("small figure", parent=style.FIGURE, fontSize=size)


def _change(change: Change, figure: KeyFigure) -> Iterator[Flowable]:
    """Arrow, sign and word say it all; the colour only says it again."""
    value = known(change.value)
    number = Decimal(0) if value is None or not isinstance(value, Decimal | int) else Decimal(value)
    verdict = change.verdict
    yield Paragraph(safe_text(_change_text(change, number, value is None, figure), LONGEST_FIGURE), style.CHANGES[verdict])
    said = {"better": "better than", "worse": "worse than", "": "against"}[verdict]
    if change.against or verdict:
        yield Paragraph(safe_text(f"{said} {change.against}" if change.against else verdict, LONGEST_FIGURE), style.AGAINST)


def _change_text(change: Change, number: Decimal, unknown: bool, figure: KeyFigure) -> str:
    if unknown:
        return UNKNOWN
    kind = "percent" if change.unit == "%" else figure.kind
    sign = "▲ +" if number > 0 else "▼ " if number < 0 else ""
    unit = f" {change.unit}" if change.unit else ""
    return f"{sign}{shown(number, kind)}{unit}{'' if number else ' (unchanged)'}"
