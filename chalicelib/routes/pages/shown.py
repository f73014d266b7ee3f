"""Pages as they are answered: templates with what every one of them needs, their headers, and problems as pages for browsers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from chalice.app import Request, Response

from chalicelib.routes import errors
from chalicelib.routes.headers import of_page
from chalicelib.routes.pages import cookies
from chalicelib.routes.pages.assets import asset
from chalicelib.routes.pages.guard import SIGN_IN, csrf_token, is_page
from chalicelib.routes.pages.look import our_look
from chalicelib.routes.places import prefix_of, route_of
from chalicelib.routes.representations import takes_html

OPENED_BY_PEOPLE = ("/subscriptions/{token}", "/downloads/{token}")
"""Beside the page: links in mails."""
ENDED = "Your session has ended. Sign in again."
REFUSED = "That credential opens nothing here."


def page(request: Any, template: str, values: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The template with these values, and with `prefix`, `csrf`, `nonce`, `principal` (None for nobody), `asset(name)`, a file's address,
    and our own `look` unless they hold another."""
    from chalicelib.web.html import template as named

    nonce = secrets.token_urlsafe(16)
    always = {"prefix": prefix_of(request), "csrf": csrf_token(request), "nonce": nonce, "principal": request.principal, "look": our_look()}
    body = named(template).render({**always, "asset": lambda name: asset(request, name), **values})
    return Response(body, {**(headers or {}), **of_page(nonce)}, status)


def sign_in_page(request: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Says why where somebody was signed in or tried to be, and takes back a cookie that opens nothing any more."""
    told = REFUSED if status == 401 and route_of(request) == SIGN_IN else ENDED if request.ended or status == 401 else ""
    cleared = {"Set-Cookie": cookies.CLEARED} if request.ended else {}
    return page(
        request, "sign_in.html", {"message": told, "action": f"{prefix_of(request)}{SIGN_IN}"}, status, {**(headers or {}), **cleared}
    )


def as_page(request: Request, response: Response, request_id: str) -> Response:
    """A problem as a page where a browser asked for one, its status and headers as they are; every other answer passes."""
    route = route_of(request)
    opened = is_page(route) or route in OPENED_BY_PEOPLE
    if not opened or response.headers.get("Content-Type") != errors.MEDIA_TYPE or not takes_html(request.headers.get("accept")):
        return response
    kept = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    request.visit = None  # no form of the session's: what failed may be what makes its token
    if response.status_code == 401 and is_page(route):
        return sign_in_page(request, 401, kept)
    told = msgspec.json.decode(response.body)
    values = {"title": told["title"], "detail": told["detail"], "request_id": request_id, "back": is_page(route)}
    return page(request, "error.html", values, response.status_code, kept)
