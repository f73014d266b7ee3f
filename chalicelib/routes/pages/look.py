"""How a customer's pages look: its name, its logo, its colour as it can be read on light and on dark."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache

from chalicelib.domain.branding import Branding
from chalicelib.domain.colour import OURS as OUR_COLOUR
from chalicelib.domain.colour import legible, or_ours, text_on
from chalicelib.domain.customer import Customer
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.ports.metrics import MetricStore

LIGHT, DARK = "#f4f6f9", "#161e28"
"""The least contrast that a colour meets on either page: --ground and --surface in page.css."""
OURS_ON_DARK = "#6cb8f0"
LARGEST_LOGO = 30_000
"""Bytes of a logo that every page carries; a larger one is left to the documents."""
OURS = "SecureBase Analytics"


@dataclass(frozen=True)
class Look:
    """`light` and `dark` are the accent as it can be read on those grounds, `on_light` and `on_dark` text on it, `logo` a data address."""

    name: str
    light: str
    on_light: str
    dark: str
    on_dark: str
    logo: str = ""


def of_colour(name: str, colour: str, logo: str = "") -> Look:
    own = or_ours(colour)
    light, dark = legible(own, LIGHT), OURS_ON_DARK if own == OUR_COLOUR else legible(own, DARK)
    return Look(name, light, text_on(light), dark, text_on(dark), logo)


@cache
def our_look() -> Look:
    return of_colour(OURS, "")


def look_of(store: MetricStore, customer: Customer, status: CustomerStatus) -> Look:
    held = choice_of(store, customer.id, Branding, status)
    logo = f"data:image/png;base64,{base64.b64encode(held.logo).decode()}" if 0 < len(held.logo) <= LARGEST_LOGO else ""
    return of_colour(held.name or OURS, held.colour, logo)
