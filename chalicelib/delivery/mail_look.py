"""A mail's colours: the customer's own, with text that can be read on it, in whole numbers and Decimals."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from chalicelib.domain.report import Brand

OURS, WHITE, BLACK = "#0b4a7a", "#ffffff", "#000000"
LEGIBLE = Decimal("4.5")
"""Contrast that WCAG asks of text."""
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
_DIM = Decimal("0.05")


class Look(NamedTuple):
    """`accent` is the customer's colour as it is, `on_accent` what can be read on it; `legible` can be read on white, and white on it."""

    accent: str
    on_accent: str
    legible: str


def look_of(brand: Brand) -> Look:
    """A colour that isn't #rrggbb is ours."""
    return _look(brand.colour.lower() if _COLOUR.fullmatch(brand.colour) else OURS)


@lru_cache(maxsize=256)
def _look(accent: str) -> Look:
    parts = [int(accent[at : at + 2], 16) for at in (1, 3, 5)]
    on_accent = WHITE if contrast(parts) >= LEGIBLE else BLACK  # one of the two always has 4.5
    while contrast(parts) < LEGIBLE:
        parts = [part * 95 // 100 for part in parts]
    return Look(accent, on_accent, "#" + "".join(f"{part:02x}" for part in parts))


def contrast(parts: list[int]) -> Decimal:
    """Of red, green and blue (0 to 255) against white, as WCAG counts it."""
    luminance = sum((weight * _linear(Decimal(part) / 255) for weight, part in zip(_WEIGHTS, parts, strict=True)), Decimal(0))
    return (1 + _DIM) / (luminance + _DIM)


def _linear(part: Decimal) -> Decimal:
    return part / Decimal("12.92") if part <= Decimal("0.04045") else ((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
