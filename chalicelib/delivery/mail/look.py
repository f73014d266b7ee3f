"""A mail's colours: the customer's own, with text that can be read on it."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.branding import Branding
from chalicelib.domain.colour import legible, or_ours, text_on


class Look(NamedTuple):
    """`accent` is the customer's colour as it is, `on_accent` what can be read on it; `legible` can be read on white, and white on it."""

    accent: str
    on_accent: str
    legible: str


def look_of(brand: Branding) -> Look:
    accent = or_ours(brand.colour)
    return Look(accent, text_on(accent), legible(accent))
