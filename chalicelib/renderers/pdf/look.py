"""How a document looks: colours, type and what a customer's brand makes of them."""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle

from chalicelib.domain import colour
from chalicelib.domain.branding import Branding
from chalicelib.renderers.pdf.text import BOLD, PLAIN

INK, GREY, RULE, SHADE = HexColor("#1b2733"), HexColor("#5b6875"), HexColor("#c9d0d7"), HexColor("#f4f6f8")
BETTER, WORSE, NOTICE_EDGE, NOTICE_FILL = HexColor("#0b6b3a"), HexColor("#b42318"), HexColor("#b45309"), HexColor("#fff8eb")
MARGIN = 48.0


def _style(name: str, size: float, **options: object) -> ParagraphStyle:
    return ParagraphStyle(name, **{"fontName": PLAIN, "fontSize": size, "leading": size * 1.35, "textColor": INK, **options})


SUBHEADING = _style("subheading", 11, fontName=BOLD, spaceBefore=10, spaceAfter=5)
BODY = _style("body", 10, spaceBefore=2, spaceAfter=7)
NOTE = _style("note", 8.5, textColor=GREY, spaceBefore=3, spaceAfter=6)
LABEL = _style("label", 9, textColor=GREY)
FACT, FACT_LABEL = _style("fact", 10.5), _style("fact label", 10.5, textColor=GREY)
AGAINST = _style("against", 8.5, textColor=GREY)
CHANGES = {
    word: _style(f"change {word}", 10, fontName=BOLD, textColor=colour, spaceBefore=3)
    for word, colour in (("", INK), ("better", BETTER), ("worse", WORSE))
}
FIGURE = _style("figure", 17, fontName=BOLD, leading=20)
CUSTOMER = _style("customer", 15, leading=20, textColor=GREY)
NOTICE = _style(
    "notice",
    10,
    backColor=NOTICE_FILL,
    borderColor=NOTICE_EDGE,
    borderWidth=0.8,
    borderPadding=7,
    leftIndent=8,
    rightIndent=8,
    spaceBefore=12,
    spaceAfter=15,
)


@dataclass(frozen=True)
class Look:
    """`accent` is the customer's colour as it is, for areas; `legible` the same, darkened until it can be read on white."""

    accent: Color
    legible: Color

    def title(self, length: int) -> ParagraphStyle:
        """Smaller for a title of many characters."""
        size = 30 if length <= 60 else 20
        return _style("title", size, fontName=BOLD, leading=size * 1.2, textColor=self.legible)

    @property
    def heading(self) -> ParagraphStyle:
        return _style("heading", 17, fontName=BOLD, leading=22, textColor=self.legible, spaceBefore=16, spaceAfter=9)


def look_of(brand: Branding) -> Look:
    accent = colour.or_ours(brand.colour)
    return Look(HexColor(accent), HexColor(colour.legible(accent)))
