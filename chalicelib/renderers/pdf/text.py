"""Foreign text on paper: the one place where it is cut, made visible and escaped before reportlab sees it."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from xml.sax.saxutils import escape  # it parses nothing  # nosec B406

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "SourceSansPro-Regular", "SourceSansPro-Bold"
LONGEST = 300
PROSE = 4000
LONGEST_WORD, MOST_KNOWN = 120, 4096
ROUNDING = 0.01
"""Points that a column may be narrower than what it was made for: sums of floats."""
_LONG_WORD = re.compile(rf"(\S{{{LONGEST_WORD - 1}}})\S{{2,}}")


class _Widths(dict[str, float]):
    """Advance of a character in thousandths of the font's size."""

    def __init__(self, font: TTFont) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, character: str) -> float:
        self[character] = width = float(self._font.face.getCharWidth(ord(character)))
        return width


def _registered(name: str) -> TTFont:
    font = TTFont(name, str(files("font_source_sans_pro").joinpath("files", f"{name}.ttf")), asciiReadable=True)
    pdfmetrics.registerFont(font)
    return font


FONTS = {name: _registered(name) for name in (PLAIN, BOLD)}
_WIDTHS = {name: _Widths(font) for name, font in FONTS.items()}
_GLYPHS = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in FONTS.values())) - {0xFFFF}


def visible_text(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters on one line, 120 a word, an ellipsis where cut; what the fonts can't draw as \\x1b or <U+4E2D>."""
    if len(text) <= min(longest, LONGEST_WORD) and text.isascii() and text.isprintable():
        return text
    return _visible_text(text[: longest + 1], longest)


@lru_cache(maxsize=4096)
def _visible_text(text: str, longest: int) -> str:
    pieces = list(map(_VISIBLE.__getitem__, unicodedata.normalize("NFC", text)))
    length = sum(map(len, pieces))
    if length > longest or len(text) > longest:
        while pieces and length > longest - 1:
            length -= len(pieces.pop())
        pieces.append("…")
    return _LONG_WORD.sub(r"\1…", "".join(pieces))


class _Visible(dict[str, str]):
    """Invisible formatting characters, which may turn the order of what follows, are named like those without a glyph."""

    def __missing__(self, character: str) -> str:
        self[character] = shown = self._shown(character, unicodedata.category(character))
        return shown

    @staticmethod
    def _shown(character: str, category: str) -> str:
        if character in "\t\n\r" or category == "Zs":
            return " "
        if category == "Cc":
            return f"\\x{ord(character):02x}"
        return character if ord(character) in _GLYPHS and category != "Cf" else f"<U+{ord(character):04X}>"


_VISIBLE = _Visible()


def safe_text(text: str, longest: int = LONGEST) -> str:
    """Visible text with markup escaped: all that may ever be given to a Paragraph."""
    return escape(visible_text(text, longest))


def text_width(text: str, font: str, size: float) -> float:
    return sum(map(_WIDTHS[font].__getitem__, text)) * size / 1000


def fitting(text: str, font: str, size: float, width: float) -> str:
    """The text, cut with an ellipsis where it is wider than `width` points."""
    if text_width(text, font, size) <= width:
        return text
    return next(_pieces(text, font, size, width - text_width("…", font, size))).rstrip() + "…"


@lru_cache(maxsize=4096)
def wrapped(text: str, font: str, size: float, width: float, most: int) -> tuple[str, ...]:
    """The text on at most so many lines no wider than `width` points, between words where possible, inside words where not."""
    width += ROUNDING
    if text_width(text, font, size) <= width:
        return (text,)
    space = text_width(" ", font, size)
    lines: list[str] = []
    line, used = "", math.inf
    for word in text.split():
        advance = text_width(word, font, size)
        if used + space + advance <= width:
            line, used = f"{line} {word}", used + space + advance
            continue
        lines += [line] if line else []
        *full, line = _pieces(word, font, size, width) if advance > width else (word,)
        lines += full
        used = text_width(line, font, size) if full else advance
        if len(lines) >= most:
            return (*lines[: most - 1], "…")
    return (*lines, line)


def _pieces(word: str, font: str, size: float, width: float) -> Iterator[str]:
    """As long as fits, at least one character each."""
    ends, start, before = list(accumulate(map(_WIDTHS[font].__getitem__, word))), 0, 0.0
    while start < len(word):
        end = max(start + 1, bisect_right(ends, before + width * 1000 / size))
        yield word[start:end]
        start, before = end, ends[end - 1]


def encoded(text: str, font: str, size: float, document: object) -> str:
    """The operators that show a text in a content stream; a subset of a font holds 256 characters, the first has all of ASCII."""
    if text.isascii():
        return f"({_escaped(text)}) Tj"
    known = vars(document).setdefault("shown_before", {})  # the same few names stand in most tables, row after row
    if (text, font, size) not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[text, font, size] = _encoded(text, font, size, document)
    return str(known[text, font, size])


def _encoded(text: str, font: str, size: float, document: object) -> str:
    parts = FONTS[font].splitString(text, document)
    shown = [f"{subset_name(font, document, subset)} {size:g} Tf ({_escaped(part.decode('latin-1'))}) Tj" for subset, part in parts]
    return f"{' '.join(shown)} {subset_name(font, document)} {size:g} Tf"


def subset_name(font: str, document: object, subset: int = 0) -> str:
    FONTS[font].splitString("", document)  # makes the document know the font
    return str(FONTS[font].getSubsetInternalName(subset, document))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").replace("\r", "\\r")
