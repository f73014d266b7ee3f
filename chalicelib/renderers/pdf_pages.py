"""The pages of a PDF: footers, outline, dates."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from chalicelib.domain.report import Report
from chalicelib.renderers.figures import printable
from chalicelib.renderers.pdf_text import GREY, HEADING, LONGEST, PLAIN, RULE, safe_text, text_width, visible_text

MARGIN = 45.0
FOOT = 26.0


class Heading(Paragraph):
    """A section's heading, which is also an entry of the document's outline."""

    def __init__(self, title: str) -> None:
        super().__init__(safe_text(title), HEADING)
        self._title = title

    def draw(self) -> None:
        self.canv.sections += 1
        key = f"section-{self.canv.sections}"
        self.canv.bookmarkHorizontal(key, 0, self.height)
        self.canv.addOutlineEntry(printable(self._title)[:LONGEST], key)
        super().draw()


class Pages(Canvas):
    """Draws footers when all pages are there, for "Page x of y" needs y; dates the document with the report's own time."""

    def __init__(self, report: Report, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        moment = report.generated_at.astimezone(UTC).timetuple()
        self._doc._timeStamp.lt, self._doc._timeStamp.YMDhms = moment, tuple(moment)[:6]
        self._left = visible_text(f"{report.customer_name} · {report.title}", 90)
        self._states: list[dict[str, Any]] = []
        self.sections = 0

    def showPage(self) -> None:
        self._states.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, state in enumerate(self._states, start=1):
            self.__dict__.update(state)
            self._footer(f"Page {number} of {len(self._states)}")
            super().showPage()
        super().save()

    def _footer(self, page: str) -> None:
        right = self._pagesize[0] - MARGIN
        self.setStrokeColor(RULE)
        self.setLineWidth(0.4)
        self.line(MARGIN, FOOT + 11, right, FOOT + 11)
        self.setFillColor(GREY)
        self.setFont(PLAIN, 7)
        self.drawString(MARGIN, FOOT, self._left)
        self.drawString(right - text_width(page, PLAIN, 7), FOOT, page)
