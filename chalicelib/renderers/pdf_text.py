"""Foreign text on paper: the one place where it is cut, made visible and escaped before reportlab sees it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "Vera", "VeraBd"
INK, GREY, RULE, SHADE, ACCENT = HexColor("#1b2733"), HexColor("#5b6875"), HexColor("#b8c1ca"), HexColor("#f3f5f7"), HexColor("#0b4a7a")
LONGEST = 300
PROSE = 4000

for _name in (PLAIN, BOLD):
    pdfmetrics.registerFont(TTFont(_name, f"{_name}.ttf"))
_GLYPHS = frozenset(pdfmetrics.getFont(PLAIN).face.charToGlyph) & frozenset(pdfmetrics.getFont(BOLD).face.charToGlyph) - {0xFFFF}


def _style(name: str, size: float, **options: object) -> ParagraphStyle:
    return ParagraphStyle(name, **{"fontName": PLAIN, "fontSize": size, "leading": size * 1.4, "textColor": INK, **options})


TITLE = _style("title", 19, fontName=BOLD, textColor=ACCENT, spaceAfter=2)
CUSTOMER = _style("customer", 11, textColor=GREY, spaceAfter=8)
HEADING = _style("heading", 13, fontName=BOLD, textColor=ACCENT, spaceBefore=16, spaceAfter=4)
SUBHEADING = _style("subheading", 9.5, fontName=BOLD, spaceBefore=8, spaceAfter=4)
BODY = _style("body", 9, spaceBefore=2, spaceAfter=6)
NOTE = _style("note", 7.5, textColor=GREY, spaceBefore=3, spaceAfter=6)
LABEL = _style("label", 7.5, textColor=GREY)
FIGURE = _style("figure", 12, fontName=BOLD)
FACT = _style("fact", 8.5)


def visible_text(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters on one line, an ellipsis where cut; what the fonts can't draw as \\x1b or <U+4E2D>."""
    return _visible_text(text[: longest + 1], longest)


@lru_cache(maxsize=4096)
def _visible_text(text: str, longest: int) -> str:
    pieces, length = [], 0
    for character in text:
        piece = _visible(character)
        length += len(piece)
        pieces.append(piece)
    if length <= longest and len(text) <= longest:
        return "".join(pieces)
    while pieces and length > longest - 1:
        length -= len(pieces.pop())
    return "".join(pieces) + "…"


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if unicodedata.category(character) == "Cc":
        return f"\\x{ord(character):02x}"
    return character if ord(character) in _GLYPHS else f"<U+{ord(character):04X}>"


def safe_text(text: str, longest: int = LONGEST) -> str:
    """Visible text with markup escaped: all that may ever be given to a Paragraph."""
    return escape(visible_text(text, longest))


@lru_cache(maxsize=20_000)
def text_width(text: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, font, size))


def wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """The text on lines no wider than `width` points, between words where possible, inside words where not."""
    if text_width(text, font, size) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, font, size) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, font, size, width)
        lines += full
    return [*lines, line]


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    """A word that may be too long for a line, in pieces that fit (at least one character each)."""
    pieces, piece, used = [], "", 0.0
    for character in word:
        advance = text_width(character, font, size)
        if piece and used + advance > width:
            pieces.append(piece)
            piece, used = "", 0.0
        piece, used = piece + character, used + advance
    return [*pieces, piece]
