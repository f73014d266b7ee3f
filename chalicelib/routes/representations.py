"""Which form of an answer a request asks for: JSON, or by its Accept header CSV or NDJSON."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Representation:
    """`form` is the renderer's name; JSON, in which answers are made and kept, has none."""

    media_type: str
    content_type: str
    form: str | None = None

    def of(self, answer: bytes) -> bytes:
        """The kept answer in this form. What that takes is imported on the first use: most requests want JSON."""
        if self.form is None:
            return answer
        from chalicelib.renderers import tidy

        return tidy.RENDERERS[self.form](answer)


JSON = Representation("application/json", "application/json")
REPRESENTATIONS = (
    JSON,
    Representation("text/csv", "text/csv; charset=utf-8", "csv"),
    Representation("application/x-ndjson", "application/x-ndjson; charset=utf-8", "ndjson"),
)
"""The first is for whoever has no preference."""
LONGEST_ACCEPT = 1024
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def chosen(accept: str | None) -> Representation:
    """By RFC 9110: the highest quality, of equal ones what is named most exactly, else our order; JSON where nothing fits."""
    if accept is None or accept in ("*/*", JSON.media_type) or len(accept) > LONGEST_ACCEPT:
        return JSON
    ranges = [_range(part) for part in accept.lower().split(",")]
    return max(REPRESENTATIONS, key=lambda one: _preference(one.media_type, ranges))


def takes_html(accept: str | None) -> bool:
    """Whether HTML is named, as browsers do; */* is anybody's."""
    if accept is None or len(accept) > LONGEST_ACCEPT:
        return False
    return any(name == "text/html" and quality for name, quality in map(_range, accept.lower().split(",")))


def _preference(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """(quality, how exactly it is named) by the range that names it most exactly; (0, 0) where none does."""
    kinds = ("*/*", media_type.partition("/")[0] + "/*", media_type)
    named = [(kinds.index(name), quality) for name, quality in ranges if name in kinds]
    exactness, quality = max(named, default=(0, 0.0))
    return (quality, exactness) if quality else (0.0, 0)


def _range(part: str) -> tuple[str, float]:
    """(media range, quality); one whose q is none by RFC 9110 isn't wanted."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    given = [value.strip() for key, _, value in (parameter.partition("=") for parameter in parameters) if key.strip() == "q"]
    if not given:
        return name, 1.0
    return name, float(given[0]) if _QUALITY.fullmatch(given[0]) else 0.0
