"""What comes in over HTTP, as plain values: query parameters, and a JSON body as parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from chalice.app import Request

from chalicelib.domain.errors import InvalidInput, TooLarge

CUSTOMER = "customer_id"
LARGEST_BODY = 256 * 1024
LONGEST_WAIT, LONGEST_KEY = 20, 255
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,5})\"?\s*(?:[,;]|$)", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_MISSING = re.compile(r"missing required field `([^`]+)`")
Body = TypeVar("Body")
Values = dict[str, list[str]]


def never(name: str) -> bool:
    return False


def of_query(request: Request) -> tuple[Values, str | None]:
    """(every parameter with its values, the customer named)."""
    query = request.query_params
    values = {name: query.getlist(name) for name in query} if query else {}
    return _without_customer(values)


def of_body(request: Request, repeatable: Callable[[str], bool] = never, whole: Container[str] = ()) -> tuple[Values, str | None]:
    """The JSON object's members as parameters: text stays, null is absent; a list of texts is one that is `repeatable`, and only
    those in `whole` may be whole numbers."""
    raw = checked_size(request.raw_body)
    try:
        body = msgspec.json.decode(raw)
        _check_twins(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(("body", "is not valid JSON")) from None
    if not isinstance(body, dict):
        raise InvalidInput(("body", "must be a JSON object"))
    texts = {name: _texts(name, value, repeatable(name), name in whole) for name, value in body.items() if value is not None}
    return _without_customer(texts)


def of_body_as(request: Request, kind: type[Body]) -> tuple[Body, str | None]:
    """The JSON object as a value of that kind, numbers exact, and the customer named; InvalidInput names the member that is wrong."""
    raw = checked_size(request.raw_body)
    try:
        body = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        _check_twins(raw)
        named = msgspec.json.decode(body.pop(CUSTOMER, b"null"), type=str | None)
        problems = sorted(_problems(kind, {name: msgspec.json.decode(member) for name, member in body.items()}))
        if problems:
            raise InvalidInput(*problems)
        return msgspec.json.decode(msgspec.json.encode(body), type=kind), (named or "").strip() or None
    except msgspec.ValidationError as error:
        raise InvalidInput(_told(str(error))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInput(("body", "is not valid JSON")) from None


def _problems(kind: Any, value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What msgspec lets pass, at any depth: members that a dataclass hasn't, and texts for numbers that are no plain decimals."""
    if is_dataclass(kind) and isinstance(value, dict):
        kinds = get_type_hints(kind)
        for name, member in value.items():
            where = f"{path}.{name}" if path else name
            yield from _problems(kinds[name], member, where) if name in kinds else [(where, "is not a member here")]
    elif kind is Decimal and isinstance(value, str) and not _PLAIN.fullmatch(value):
        yield path, "must be a number"
    else:
        items = value if isinstance(value, list) else [value]
        yield from (problem for inner in get_args(kind) for item in items for problem in _problems(inner, item, path))


def _told(text: str) -> tuple[str, str]:
    """From msgspec's words: (the member, what is wrong)."""
    message, _, path = text.partition(" - at `")
    missing, where = _MISSING.search(message), path.rstrip("`").removeprefix("$.").replace("[...]", "")
    if missing:
        return f"{where}.{missing[1]}" if where else missing[1], "must be given"
    return where or "body", message[:1].lower() + message[1:]


def _check_twins(raw: bytes) -> None:
    """What numbers are is none of its business: they stay text, however long."""
    json.loads(raw, object_pairs_hook=_once_each, parse_int=str, parse_float=str, parse_constant=str)


def _once_each(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """A member that stands twice is refused: of two parsers each may take another one."""
    names = [name for name, _ in members]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InvalidInput(*((name, "is given more than once") for name in twice))
    return dict(members)


def checked_size(raw: bytes) -> bytes:
    if len(raw) > LARGEST_BODY:
        raise TooLarge(f"the body is over {LARGEST_BODY} bytes")
    return raw


def _texts(name: str, value: Any, repeatable: bool, whole: bool) -> list[str]:
    if whole and isinstance(value, int) and not isinstance(value, bool):
        return [str(value)]
    values = value if isinstance(value, list) and (repeatable or name == CUSTOMER) else [value]
    if not values or not all(isinstance(text, str) for text in values):
        raise InvalidInput((name, "must be text"))
    return values


def _without_customer(values: Values) -> tuple[Values, str | None]:
    """A blank customer_id is fine; given several times, the one that isn't ours must not hide behind the first."""
    named = [name for name in values.pop(CUSTOMER, []) if name.strip()]
    return values, "\n".join(dict.fromkeys(named)) or None


def idempotency_key(request: Request) -> str | None:
    """What names a request that may be sent again; InvalidInput for one that is too long, or empty."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput(("Idempotency-Key", f"must hold 1 to {LONGEST_KEY} characters"))
    return None if key is None else str(key)


def wait_of(request: Request) -> int:
    """Seconds of `Prefer: wait=N` (RFC 7240), at most 20; 0 without one."""
    match = _WAIT.search(request.headers.get("prefer", ""))
    return min(int(match[1]), LONGEST_WAIT) if match else 0
