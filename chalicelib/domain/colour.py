"""Colours that can be read: contrast as WCAG counts it, in whole numbers and Decimals, the same everywhere."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

OURS, WHITE, BLACK = "#0b4a7a", "#ffffff", "#000000"
LEGIBLE = Decimal("4.5")
"""Contrast that WCAG asks of text."""
_COLOUR = re.compile("#[0-9a-f]{6}")
_WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
_DIM = Decimal("0.05")


def or_ours(colour: str) -> str:
    """A colour that isn't #rrggbb is ours."""
    return colour.lower() if _COLOUR.fullmatch(colour.lower()) else OURS


@lru_cache(maxsize=1024)
def legible(colour: str, on: str = WHITE) -> str:
    """The colour, as much darker (on a light ground) or lighter (on a dark one) as it takes to read it there."""
    parts, light = _parts(colour), luminance(on) > Decimal("0.18")
    while contrast(_written(parts), on) < LEGIBLE:
        parts = [part * 95 // 100 if light else 255 - (255 - part) * 95 // 100 for part in parts]
    return _written(parts)


def text_on(colour: str) -> str:
    """White where it can be read on the colour, else black: one of the two always has 4.5."""
    return WHITE if contrast(WHITE, colour) >= LEGIBLE else BLACK


def contrast(one: str, other: str) -> Decimal:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + _DIM) / (darker + _DIM)


def luminance(colour: str) -> Decimal:
    """From 0 (black) to 1 (white)."""
    linear = (_linear(Decimal(part) / 255) for part in _parts(colour))
    return sum((weight * part for weight, part in zip(_WEIGHTS, linear, strict=True)), Decimal(0))


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _written(parts: list[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in parts)


def _linear(part: Decimal) -> Decimal:
    return part / Decimal("12.92") if part <= Decimal("0.04045") else ((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
