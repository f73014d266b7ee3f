"""Lists by pages: a page ends in a cursor, which says only where in one's own list to go on, and names no customer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re

from chalicelib.domain.errors import InvalidInput
from chalicelib.usecases.questions.parameters import Parameters, one

PAGE = ("limit", "cursor")
USUAL_PAGE, LARGEST_PAGE = 50, 100
LONGEST_CURSOR = 2048
_COUNT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
Position = tuple[int | str, ...]
"""The place of a page's last line in its list."""


def limit_of(parameters: Parameters, usual: int = USUAL_PAGE, most: int = LARGEST_PAGE) -> int:
    text = one(parameters, "limit")
    if text is not None and not (_COUNT.fullmatch(text) and int(text) <= most):
        raise InvalidInput(("limit", f"must be a whole number from 1 to {most}"))
    return usual if text is None else int(text)


def place_of(text: str) -> tuple[str, str]:
    """Where a text stands among others: by its beginning, and a digest, so that a position stays short however long the text is."""
    return text[:200], hashlib.sha256(text.encode()).hexdigest()[:16]


def cursor_of(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()).decode()


def position_of(parameters: Parameters, *kinds: type) -> Position | None:
    """Where to go on, of values of these kinds; InvalidInput for what no page gave."""
    given = tuple(parameters.get("cursor", ()))
    if not given:
        return None
    try:
        if len(given) > 1 or len(given[0]) > LONGEST_CURSOR:
            raise ValueError
        position = json.loads(base64.b64decode(given[0], altchars=b"-_", validate=True))
        if not isinstance(position, list) or [type(value) for value in position] != list(kinds):
            raise ValueError
    except (binascii.Error, ValueError, RecursionError):
        raise no_such_cursor() from None
    return tuple(position)


def no_such_cursor() -> InvalidInput:
    return InvalidInput(("cursor", "is none that this list gave"))
