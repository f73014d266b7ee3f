"""What comes in over HTTP, as plain values: query parameters, and a JSON body as parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from chalice.app import Request

from chalicelib.domain.errors import InvalidInput, TooLarge

LARGEST_BODY = 256 * 1024
LONGEST_WAIT = 20
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,5})\"?\s*(?:[,;]|$)", re.ASCII | re.IGNORECASE)
_MISSING = re.compile(r"missing required field `([^`]+)`")
Body = TypeVar("Body")
Values = dict[str, list[str]]


def of_query(request: Request) -> tuple[Values, str | None]:
    """(every parameter with its values, the customer named)."""
    query = request.query_params
    values = {name: query.getlist(name) for name in query} if query else {}
    return _without_customer(values)


def of_body(request: Request) -> tuple[Values, str | None]:
    """The JSON object's members as parameters: text stays, a list of texts is a repeated one, null is absent."""
    raw = _checked_size(request.raw_body)
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(("body", "is not valid JSON")) from None
    if not isinstance(body, dict):
        raise InvalidInput(("body", "must be a JSON object"))
    return _without_customer({name: _texts(name, value) for name, value in body.items() if value is not None})


def of_body_as(request: Request, kind: type[Body]) -> tuple[Body, str | None]:
    """The JSON object as a value of that kind, numbers exact, and the customer named; InvalidInput names the member that is wrong."""
    raw = _checked_size(request.raw_body)
    try:
        body = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        named = msgspec.json.decode(body.pop("customer_id", b"null"), type=str | None)
        unknown = sorted(body.keys() - kind.__annotations__.keys())
        if unknown:
            raise InvalidInput(*((name, "is not a member here") for name in unknown))
        return msgspec.json.decode(msgspec.json.encode(body), type=kind), (named or "").strip() or None
    except msgspec.ValidationError as error:
        raise InvalidInput(_told(str(error))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(("body", "is not valid JSON")) from None


def _told(text: str) -> tuple[str, str]:
    """From msgspec's words: (the member, what is wrong)."""
    message, _, path = text.partition(" - at `")
    missing = _MISSING.search(message)
    return (missing[1], "must be given") if missing else (path.rstrip("`").removeprefix("$.") or "body", message[:1].lower() + message[1:])


def _checked_size(raw: bytes) -> bytes:
    if len(raw) > LARGEST_BODY:
        raise TooLarge(f"the body is over {LARGEST_BODY} bytes")
    return raw


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
