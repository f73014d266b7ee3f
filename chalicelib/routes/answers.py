"""What goes out over HTTP: JSON with exact numbers (or, asked for, CSV or NDJSON), an ETag, and 304 for who has it already."""

from __future__ import annotations

import hashlib

import msgspec
from chalice.app import Request, Response

from chalicelib.routes.representations import chosen

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: object) -> bytes:
    """JSON in which a Decimal is a number literal with all its digits."""
    return _ENCODER.encode(value)


def fetched(request: Request, body: bytes, hit: bool | None = None) -> Response:
    """The answer to a GET, in the form that the request accepts; `hit` tells whether it came from the cache."""
    form = chosen(request.headers.get("accept"))
    headers = {"Vary": "Accept"}
    if hit is not None:
        headers["X-Cache"] = "hit" if hit else "miss"
    return tagged(request, form.of(body), form.content_type, headers)


def tagged(request: Request, body: bytes, content_type: str, more: dict[str, str]) -> Response:
    """The body with its ETag, or 304 for that very one."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", **more}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response("", headers, 304)
    return Response(body.decode(), {**headers, "Content-Type": content_type}, 200)


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def made(value: object, status: int, headers: dict[str, str] | None = None) -> Response:
    """The answer to a write."""
    return Response(encode(value).decode(), {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}, status)
