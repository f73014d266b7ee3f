"""Errors as every route answers them (RFC 9457): one schema per status, with the codes that it can have."""

from __future__ import annotations

from chalicelib.domain import errors
from chalicelib.routes.errors import CODES, MEDIA_TYPE, STATUS, TITLES
from chalicelib.routes.openapi.shapes import TEXT, Schema, closed, listed, ref, said, words

REQUEST_ID: Schema = {"description": "Quote it when you ask about an answer.", "required": True, "schema": TEXT}
RETRY_AFTER: Schema = {"description": "Seconds.", "required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
MORE_HEADERS: dict[int, dict[str, Schema]] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "required": True, "schema": TEXT}},
    429: {"Retry-After": RETRY_AFTER},
    503: {"Retry-After": RETRY_AFTER},
}
OUR_OWN: dict[type[errors.AnalyticsError], int] = {errors.UnknownSchema: 500, errors.BreakdownUnavailable: 400}
"""Codes of errors whose status is that of their kind."""
NEVER_ANSWERED: set[type[errors.AnalyticsError]] = {errors.SourceUnavailable}
"""Caught where it can be named: the other sources go on."""


def codes_of(status: int) -> list[str]:
    """Every code that a problem of that status can have."""
    kinds = [kind.code for kind, of in {**STATUS, **OUR_OWN}.items() if of == status and kind not in NEVER_ANSWERED]
    return sorted({*kinds, *([CODES[status]] if status in CODES else [])})


def name_of(status: int) -> str:
    return "".join(word.capitalize() for word in TITLES[status].split())


def schema_of(status: int) -> Schema:
    return closed(
        {
            "type": TEXT,
            "title": {**TEXT, "const": TITLES[status]},
            "status": {"type": "integer", "const": status},
            "detail": TEXT,
            "code": words(codes_of(status)),
            "request_id": TEXT,
            "errors": said(listed(ref("FieldProblem")), "Which parameters or members are wrong, and why."),
        }
    )


def response_of(status: int) -> Schema:
    content = {MEDIA_TYPE: {"schema": ref(name_of(status))}}
    return {"description": TITLES[status], "headers": {"X-Request-Id": REQUEST_ID, **MORE_HEADERS.get(status, {})}, "content": content}


ANSWERED = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
"""405 is of methods that no operation has."""
SCHEMAS: dict[str, Schema] = {
    "FieldProblem": closed({"field": TEXT, "message": TEXT}),
    **{name_of(status): schema_of(status) for status in ANSWERED},
}
RESPONSES: dict[str, Schema] = {name_of(status): response_of(status) for status in ANSWERED}
