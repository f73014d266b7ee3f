"""A mail's colours: the customer's own, with text that can be read on it."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.colour import legible, or_ours, text_on
from chalicelib.domain.report import Brand


class Look(NamedTuple):
    """`accent` is the customer's colour as it is, `on_accent` what can be read on it; `legible` can be read on white, and white on it."""

    accent: str
    on_accent: str
    legible: str


def look_of(brand: Brand) -> Look:
    accent = or_ours(brand.colour)
    return Look(accent, text_on(accent), legible(accent))
