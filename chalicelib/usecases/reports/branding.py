"""How a customer's documents look: its name for the cover, its colour, its logo."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.branding import Branding
from chalicelib.domain.errors import InvalidInput
from chalicelib.usecases.answers.values import Answer

LONGEST_NAME, LARGEST_LOGO = 100, 150_000
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)


@dataclass(frozen=True)
class BrandingBody:
    """What is sent: a logo is a PNG or JPEG in base64. What isn't sent is as it was before anything was said."""

    name: str = ""
    colour: str | None = None
    logo: str | None = None


def branding_of(body: BrandingBody, as_png: Callable[[bytes], bytes]) -> Branding:
    """InvalidInput names what is wrong; `as_png` decodes a picture and makes a PNG of it, or raises ValueError with what is wrong."""
    problems: list[tuple[str, str]] = []
    if len(body.name) > LONGEST_NAME:
        problems.append(("name", f"must hold at most {LONGEST_NAME} characters"))
    if body.colour is not None and not _COLOUR.fullmatch(body.colour):
        problems.append(("colour", "must be like #0b4a7a"))
    logo = b""
    if body.logo is not None:
        try:
            logo = as_png(_decoded(body.logo))
        except ValueError as problem:
            problems.append(("logo", str(problem)))
    if problems:
        raise InvalidInput(*problems)
    return Branding(body.name.strip(), (body.colour or "").lower(), logo)


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be a picture in base64") from None
    if not 0 < len(content) <= LARGEST_LOGO:
        raise ValueError(f"must be at most {LARGEST_LOGO} bytes")
    return content


def shown_branding(held: Branding) -> Answer:
    """Of the logo what tells it from another."""
    logo = {"sha256": hashlib.sha256(held.logo).hexdigest(), "size_bytes": len(held.logo)} if held.logo else None
    return {"name": held.name or None, "colour": held.colour or None, "logo": logo}
