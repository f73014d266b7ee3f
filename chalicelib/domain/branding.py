"""How a customer wants its documents to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Branding:
    """A name for the cover ('' is the customer's own), a colour (#rrggbb or ''), a logo (a PNG that we made ourselves, or nothing)."""

    NAME: ClassVar[str] = "branding"
    name: str = ""
    colour: str = ""
    logo: bytes = b""
