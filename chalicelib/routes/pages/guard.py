"""Who comes to the page, and that a form was sent by the page itself: what the middleware asks before any of its views."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from chalice.app import Request

from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import Forbidden, InvalidInput, Unauthorized
from chalicelib.routes.authentication import admit
from chalicelib.routes.pages import cookies, visits
from chalicelib.routes.parameters import checked_size
from chalicelib.routes.places import origins_of, route_of
from chalicelib.wiring import Services, services

HOME, SIGN_IN, SIGN_OUT, ASSET = "/", "/session", "/session/end", "/page/{asset}"
FORM = ("application/x-www-form-urlencoded",)
CSRF = "csrf"
READING = ("GET", "HEAD")
MOST_FIELDS = 1000
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def is_page(route: str) -> bool:
    """Whether it is the page's: there the cookie counts, and nowhere else."""
    return route == HOME or route.split("/")[1:2] in (["page"], ["session"])


def admitted(request: Request, with_: Services) -> Principal | None:
    """Whoever asks: at the page by its cookie, or to look at it by its headers; at any other route by its headers alone."""
    route, reading = route_of(request), request.method in READING
    if not is_page(route) or route == ASSET:
        return admit(request, with_)
    if not reading:
        _check_origin(request)
        if route == SIGN_IN:
            return None
    elif "x-api-key" in request.headers or "authorization" in request.headers:
        return admit(request, with_)
    tokens = cookies.given(request.headers.get("cookie", ""))
    request.visit = visits.find(tokens[0], with_) if len(tokens) == 1 else None
    request.ended = bool(tokens) and request.visit is None
    if request.visit is None and not (reading and route == HOME):
        raise Unauthorized
    return request.visit.session.principal if request.visit else None


def _check_origin(request: Request) -> None:
    """A browser tells where a form comes from, and no page can keep it from that; who tells nothing is no browser, and has no cookie that
    another site could use."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = site in ("same-origin", "none") if site is not None else origin is None or origin in origins_of(request)
    if not ours:
        raise Forbidden("a form counts only where it was sent from this very page")


def read_form(request: Request) -> None:
    """Of a page's write: the form, which within a session must carry the session's token; Forbidden without it."""
    if request.method in READING or not is_page(route_of(request)):
        return
    fields = _fields(checked_size(request.raw_body))
    given = fields.pop(CSRF, [])
    if request.visit and not (len(given) == 1 and services().is_form_token(request.visit.secret, given[0])):
        raise Forbidden("this form isn't of your session: load the page again")
    request.form = fields


def _fields(raw: bytes) -> dict[str, list[str]]:
    if not raw:
        return {}
    try:
        if _BROKEN.search(raw):
            raise ValueError
        return parse_qs(raw.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidInput(("body", "is not a form in UTF-8")) from None


def form_of(request: Any) -> dict[str, list[str]]:
    """The fields of the form that was sent, each with its values; its token was checked before, and is taken out."""
    found: dict[str, list[str]] = request.form
    return found


def csrf_token(request: Any) -> str:
    """What each form of the page carries as the hidden field `csrf`; '' without a session, which may send none."""
    return services().form_token(request.visit.secret) if request.visit else ""
