"""Signing in and out on the page."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import Unauthorized
from chalicelib.routes.authentication import admit_given, registering
from chalicelib.routes.limits import address_of, admit_once_more, count_bad
from chalicelib.routes.pages import cookies, visits
from chalicelib.routes.pages.guard import FORM, HOME, SIGN_IN, SIGN_OUT, form_of
from chalicelib.routes.places import prefix_of
from chalicelib.security import api_keys
from chalicelib.wiring import Services, services

sessions = Blueprint(__name__)
on = registering(sessions, cors=False)


@on(SIGN_IN, "POST", FORM)
def sign_in() -> Response:
    request, with_ = sessions.current_request, services()
    given = form_of(request).get("credential", [])
    request.principal = _admitted(given[0].strip() if len(given) == 1 else "", address_of(request), with_)
    admit_once_more(request, with_.limiter)
    token, session = visits.begin(request.principal, with_)
    request.acted = (session.customer_id, session.who, f"{SIGN_IN}/{session.id}")
    return _home(request, cookies.holding(token, int((session.expires_at - session.created_at).total_seconds())))


def _admitted(credential: str, address: str, with_: Services) -> Principal:
    """By the same rules as the headers; the operator's key is as bad a credential here as any."""
    is_key = credential.startswith(f"{api_keys.KEY}_")
    found = admit_given(credential if is_key else None, None if is_key else f"Bearer {credential}", address, with_)
    if found.operator:
        count_bad(with_.limiter, address, found.id.removeprefix("key:"))
        raise Unauthorized
    return found


@on(SIGN_OUT, "POST", FORM)
def sign_out() -> Response:
    request = sessions.current_request
    session = request.visit.session
    services().page_sessions.delete(session.id)
    request.acted = (session.customer_id, session.who, f"{SIGN_IN}/{session.id}")
    return _home(request, cookies.CLEARED)


def _home(request: Any, cookie: str) -> Response:
    return Response("", {"Location": f"{prefix_of(request)}{HOME}", "Set-Cookie": cookie, "Cache-Control": "no-store"}, 303)
