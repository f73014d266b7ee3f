"""From domain errors to RFC 9457 problems: one table, one shape, for every route."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import msgspec
from chalice.app import Response

from chalicelib.domain import errors
from chalicelib.logs import LOGGER
from chalicelib.routes.headers import HTML

STATUS: dict[type[errors.AnalyticsError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.KeyReused: 422,
    errors.ReportTooLarge: 422,
    errors.TooManyRunning: 429,
    errors.TooOften: 429,
    errors.TooManyRequests: 429,
    errors.SourceUnavailable: 503,
    errors.StoreUnavailable: 503,
}
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}
CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    415: "unsupported_media_type",
    500: "internal_error",
}
DETAILS = {
    404: "there is no such route",
    405: "this route doesn't take that method",
    415: "the body must be application/json",
    500: "something went wrong on our side; quote the request id when you ask about it",
    503: "a part of this service doesn't answer; try again shortly",
}
MEDIA_TYPE = "application/problem+json"
View = Callable[..., Response]


def problem(
    status: int,
    request_id: str,
    code: str = "",
    detail: str = "",
    problems: Iterable[tuple[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem+json answer; `problems` are (field, message)."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail or DETAILS.get(status, TITLES.get(status, "Error")),
        "code": code or CODES.get(status, "error"),
        "request_id": request_id,
        "errors": [{"field": field, "message": message} for field, message in problems],
    }
    return Response(
        msgspec.json.encode(body).decode(), {**(headers or {}), "Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}, status
    )


def of_error(error: errors.AnalyticsError, request_id: str) -> Response:
    """The problem that a domain error is; a 5xx says nothing of its cause, which is in the log."""
    status = status_of(error)
    problems = error.problems if isinstance(error, errors.InvalidInput) else ()
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": _retry_after(error)} if status in (429, 503) else {}
    if status >= 500:
        LOGGER.error("failed", extra={"request_id": request_id, "code": error.code, "reason": str(error)})
    return problem(status, request_id, error.code, "" if status >= 500 else str(error), problems, headers)


def status_of(error: errors.AnalyticsError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _retry_after(error: errors.AnalyticsError) -> str:
    return str(error.taken.retry_after) if isinstance(error, errors.TooManyRequests) else "5"


def translated(view: View, request_id: Callable[[], str]) -> View:
    """The view with its domain errors answered as problems (Chalice would make them a generic 500 before any middleware sees them)."""

    @wraps(view)
    def answering(*arguments: Any, **named: Any) -> Response:
        try:
            return view(*arguments, **named)
        except errors.AnalyticsError as error:
            return of_error(error, request_id())

    return answering


def as_problem(response: Response, request_id: str) -> Response:
    """Chalice's own errors (405, 415, 500 ...) in the shape of ours; our own pass, and pages, which are made for what they tell."""
    if response.status_code < 400 or response.headers.get("Content-Type") in (MEDIA_TYPE, HTML):
        return response
    kept = {name: value for name, value in response.headers.items() if name.lower() != "content-type"}
    return problem(response.status_code, request_id, headers=kept)
