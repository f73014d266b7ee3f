"""What comes in over HTTP, as plain values: query parameters, and a JSON body as parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import Request

from chalicelib.domain.errors import InvalidInput, TooLarge

LARGEST_BODY = 256 * 1024
LONGEST_WAIT = 20
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,5})\"?\s*(?:[,;]|$)", re.ASCII | re.IGNORECASE)
Values = dict[str, list[str]]


def of_query(request: Request) -> tuple[Values, str | None]:
    """(every parameter with its values, the customer named)."""
    query = request.query_params
    values = {name: query.getlist(name) for name in query} if query else {}
    return _without_customer(values)


def of_body(request: Request) -> tuple[Values, str | None]:
    """The JSON object's members as parameters: text stays, a list of texts is a repeated one, null is absent."""
    raw: bytes = request.raw_body
    if len(raw) > LARGEST_BODY:
        raise TooLarge(f"the body is over {LARGEST_BODY} bytes")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(("body", "is not valid JSON")) from None
    if not isinstance(body, dict):
        raise InvalidInput(("body", "must be a JSON object"))
    return _without_customer({name: _texts(name, value) for name, value in body.items() if value is not None})


def _texts(name: str, value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    if not values or not all(isinstance(text, str) for text in values):
        raise InvalidInput((name, "must be text"))
    return values


def _without_customer(values: Values) -> tuple[Values, str | None]:
    """A blank customer_id is fine; given several times, the one that isn't ours must not hide behind the first."""
    named = [name for name in values.pop("customer_id", []) if name.strip()]
    return values, "\n".join(dict.fromkeys(named)) or None


def limited(values: Values, name: str, largest: int, default: int, take: Callable[[Values, str], str | None]) -> int:
    """A whole number from 1 to `largest`."""
    text = take(values, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
        raise InvalidInput((name, f"must be a whole number from 1 to {largest}"))
    return int(text)


def wait_of(request: Request) -> int:
    """Seconds of `Prefer: wait=N` (RFC 7240), at most 20; 0 without one."""
    match = _WAIT.search(request.headers.get("prefer", ""))
    return min(int(match[1]), LONGEST_WAIT) if match else 0
