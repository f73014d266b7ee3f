"""The pages of a PDF: footers, dates, outline; each page is compressed as soon as it is done."""

from __future__ import annotations

import sys
import zlib
from datetime import UTC
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream
from reportlab.pdfgen.canvas import Canvas

from chalicelib.domain.figures import printable
from chalicelib.domain.report import Report
from chalicelib.renderers.pdf.contents import Contents
from chalicelib.renderers.pdf.look import GREY, MARGIN, RULE
from chalicelib.renderers.pdf.text import LONGEST, PLAIN, fitting, text_width, visible_text

FOOT = 26.0
_SIZE = 8.0
_TOTAL = "total"


class Pages(Canvas):
    """Page x of y needs y, which is known last: all pages show one drawing of it, made at the end.

    The table of contents is made then, too, and bound behind the cover, whose last page is `cover`.
    """

    def __init__(self, report: Report, contents: Contents, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        moment = report.generated_at.astimezone(UTC).timetuple()
        self._doc._timeStamp.lt, self._doc._timeStamp.YMDhms = moment, tuple(moment)[:6]
        self._right = visible_text(f"{report.brand.name or report.customer_name} · {report.title}", 160)
        self._contents, self._last = contents, 0
        self.cover = sys.maxsize
        self.leaves: dict[str, int] = {}

    @property
    def leaf(self) -> int:
        """The number of the current page as the reader counts; the contents come last here and early there."""
        number = int(self._pageNumber)
        if self._last:
            return self.cover + number - self._last
        return number if number <= self.cover else number + self._contents.pages

    def mark(self, key: str, height: float, title: str = "", level: int = 0) -> None:
        """A place to jump to at `height` above the current origin; with a title it is an entry of the outline."""
        self.bookmarkHorizontal(key, 0, height)
        self.leaves[key] = self.leaf
        if title:
            self.addOutlineEntry(printable(title)[:LONGEST], key, level, closed=level > 0)

    def showPage(self) -> None:
        self._footer()
        super().showPage()
        page = self._doc.Pages.pages[-1]
        packed = zlib.compress(page.stream.encode("latin-1"))
        page.Contents, page.stream = PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode")}), packed), None

    def save(self) -> None:
        if self._code:
            self.showPage()
        self._last = self._pageNumber - 1
        self._contents.draw(self)
        if self._contents.pages:
            self.showOutline()
        pages = self._doc.Pages.pages
        pages[self.cover :] = pages[self._last :] + pages[self.cover : self._last]
        self._total(len(pages))
        super().save()

    def _total(self, pages: int) -> None:
        self.beginForm(_TOTAL, 0, 0, 200, 20)
        self.setFillColor(GREY)
        self.setFont(PLAIN, _SIZE)
        self.drawString(0, 4, f"of {pages}")
        self.endForm()

    def _footer(self) -> None:
        right, page = self._pagesize[0] - MARGIN, f"Page {self.leaf} "
        self.setStrokeColor(RULE)
        self.setLineWidth(0.4)
        self.line(MARGIN, FOOT + 12, right, FOOT + 12)
        self.setFillColor(GREY)
        self.setFont(PLAIN, _SIZE)
        self.drawString(MARGIN, FOOT, page)
        self.drawRightString(right, FOOT, fitting(self._right, PLAIN, _SIZE, right - MARGIN - 120))
        self.saveState()
        self.translate(MARGIN + text_width(page, PLAIN, _SIZE), FOOT - 4)
        self.doForm(_TOTAL)
        self.restoreState()
