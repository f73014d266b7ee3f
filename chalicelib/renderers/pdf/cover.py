"""A document's first page: whose it is, what it is, and what its figures are of."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Paragraph, Spacer
from reportlab.platypus import Table as Grid

from chalicelib.domain.figures import shown
from chalicelib.domain.report import Report
from chalicelib.renderers.pdf import look as style
from chalicelib.renderers.pdf.text import safe_text

BAND = 12.0
LOGO = (180.0, 64.0)
"""The box that a logo is fitted into."""
_LABELS = 130.0
ROUNDED = (
    "Figures are rounded here for reading: money and percentages to two places, what is smaller to its first two digits."
    " Totals are those of the exact figures, which the report's CSV and JSON documents hold to the last digit."
)


def band(look: style.Look) -> Any:
    """Draws the customer's colour along the cover's edge, before anything else."""

    def draw(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(look.accent)
        canvas.rect(0, 0, BAND, canvas._pagesize[1], stroke=0, fill=1)
        canvas.restoreState()

    return draw


def cover_of(report: Report, look: style.Look, width: float, height: float) -> Iterator[Flowable]:
    """The title stands a good third down the page."""
    yield _Logo(report.brand.logo) if report.brand.logo else Spacer(0, LOGO[1])
    yield Spacer(0, height * 0.3 - LOGO[1])
    yield Paragraph(safe_text(report.title), look.title(len(report.title)))
    yield Spacer(0, 6)
    yield Paragraph(safe_text(report.brand.name or report.customer_name), style.CUSTOMER)
    yield Spacer(0, height * 0.06)
    generated = ("Generated", f"{shown(report.generated_at.replace(microsecond=0), 'time')} UTC")
    yield _facts([*report.facts, generated], look, width)
    yield Paragraph(ROUNDED, style.NOTE)


def _facts(facts: list[tuple[str, str]], look: style.Look, width: float) -> Flowable:
    rows = [[Paragraph(safe_text(label), style.FACT_LABEL), Paragraph(safe_text(text), style.FACT)] for label, text in facts]
    lines = [("LINEABOVE", (0, 0), (-1, 0), 1.2, look.legible), ("LINEBELOW", (0, 0), (-1, -1), 0.4, style.RULE)]
    padding = [("TOPPADDING", (0, 0), (-1, -1), 4), ("BOTTOMPADDING", (0, 0), (-1, -1), 5), ("LEFTPADDING", (0, 0), (0, -1), 0)]
    return Grid(rows, colWidths=[_LABELS, width - _LABELS], style=[*lines, *padding, ("VALIGN", (0, 0), (-1, -1), "TOP")])


class _Logo(Flowable):
    """As large as its box allows, never distorted, and not enlarged beyond one pixel a point."""

    def __init__(self, png: bytes) -> None:
        super().__init__()
        self._image = ImageReader(io.BytesIO(png))
        width, height = self._image.getSize()
        scale = min(LOGO[0] / width, LOGO[1] / height, 1.0)
        self.width, self._height, self.height = width * scale, height * scale, LOGO[1]

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        self.canv.drawImage(self._image, 0, LOGO[1] - self._height, self.width, self._height, mask="auto")
