"""Who is asking: a JWT or an API key, and the customer that it speaks for; every bad one is the same Unauthorized."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from chalice.app import Blueprint, Request

from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import Forbidden, StoreUnavailable, Unauthorized
from chalicelib.logs import LOGGER
from chalicelib.routes.errors import View, translated
from chalicelib.routes.limits import address_of, count_bad, refuse_guessing
from chalicelib.routes.parameters import Body, of_body_as, of_query
from chalicelib.routes.places import route_of
from chalicelib.security import api_keys
from chalicelib.usecases.questions.parameters import check_names
from chalicelib.wiring import Services

OPTIONAL = frozenset({"/health", "/openapi.json", "/downloads/{token}", "/subscriptions/{token}", "/page/{asset}"})
"""Routes that answer without a credential; one that is given must still be good. A link's token is its own credential."""
LONGEST_CREDENTIAL = 8192
NOTED_EVERY = timedelta(hours=1)


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request; locally, where there is none, Lambda's."""
    context = request.lambda_context
    return str((request.context or {}).get("requestId") or getattr(context, "aws_request_id", "") or "local")


def registering(blueprint: Blueprint, **more: Any) -> Callable[..., Callable[[View], Any]]:
    """`@on(path, method)`: puts a view under a route, its domain errors answered as problems; a body is JSON, or of the types given.
    `more` goes to Chalice with every route."""

    def on(path: str, method: str, content_types: Sequence[str] = ("application/json",)) -> Callable[[View], Any]:
        def register(view: View) -> Any:
            answering = translated(view, lambda: request_id_of(blueprint.current_request))
            return blueprint.route(path, methods=[method], content_types=list(content_types), **more)(answering)

        return register

    return on


def admit(request: Request, with_: Services) -> Principal | None:
    """Whoever asks, by its headers; None at a route that is anybody's, if there is no credential. TooManyRequests for who tries one bad
    credential after the other."""
    key, bearer = request.headers.get("x-api-key"), request.headers.get("authorization")
    if key is not None or bearer is not None:
        return admit_given(key, bearer, address_of(request), with_)
    if route_of(request) in OPTIONAL:
        return None
    raise Unauthorized


def admit_given(key: str | None, bearer: str | None, address: str, with_: Services) -> Principal:
    """Whom the credentials speak for, which came from that address."""
    parsed = _parsed(key, with_) if key is not None else None
    key_id = parsed[0] if parsed else ""
    refuse_guessing(with_.limiter, address, key_id)
    try:
        return authenticate(key, bearer, with_)
    except Unauthorized:
        count_bad(with_.limiter, address, key_id)
        raise


def authenticate(key: str | None, bearer: str | None, with_: Services) -> Principal:
    """The principal of the one credential, or of two that agree; Unauthorized for every other case, without telling which."""
    found = [_by_token(bearer, with_)] if bearer is not None else []
    found += [_by_key(key, with_)] if key is not None else []
    given = [principal for principal in found if principal]
    if not given or len(given) < len(found) or len({principal.customer_id for principal in given}) > 1:
        raise Unauthorized
    first = given[0]
    if first.customer_id is not None and not is_served(first.customer_id, with_):
        raise Unauthorized
    scopes = frozenset.intersection(*(principal.scopes for principal in given))
    ends = [principal.expires_at for principal in given if principal.expires_at]
    return Principal(first.customer_id, scopes, " and ".join(principal.id for principal in given), min(ends, default=None))


def is_served(customer_id: str, with_: Services) -> bool:
    customer = with_.known_customer(customer_id)
    return customer is not None and not customer.disabled


def _by_token(header: str, with_: Services) -> Principal | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_CREDENTIAL:
        return None
    return with_.verifier.principal(token)


def _by_key(text: str, with_: Services) -> Principal | None:
    parsed = _parsed(text, with_)
    if parsed is None:
        return None
    key_id, secret = parsed
    kept, now = with_.known_key(key_id), with_.clock()
    if kept is None or not kept.live(now) or not with_.matches(secret, kept.digest):
        return None
    if kept.used_at is None or now - kept.used_at >= NOTED_EVERY:
        _note_use(key_id, with_)
    return Principal(kept.customer_id, frozenset(kept.scopes), f"key:{key_id}", kept.expires_at)


def _parsed(text: str, with_: Services) -> tuple[str, str] | None:
    """(id, secret); a key that is no key, by its form or its checksum, costs no look-up."""
    return api_keys.parse(text, with_.settings.stage) if len(text) <= LONGEST_CREDENTIAL else None


def _note_use(key_id: str, with_: Services) -> None:
    """Once an hour; whether that can be noted is no matter of the request's."""
    try:
        with_.note_use(key_id)
    except StoreUnavailable as error:
        LOGGER.warning("a key's use isn't noted", extra={"reason": str(error)})


def customer_alone(request: Any, scope: str) -> str:
    """The customer of a request that takes no parameters."""
    values, named = of_query(request)
    check_names(values, ())
    return customer_of(request, scope, named)


def customer_of(request: Any, scope: str, named: str | None) -> str:
    """The customer of the request's credential; Forbidden without the scope, for the operator, or where another one is named."""
    principal: Principal | None = request.principal
    if principal is None:
        raise Unauthorized
    if principal.customer_id is None:
        raise Forbidden("the operator's key opens nothing of a customer's")
    if scope not in principal.scopes:
        raise Forbidden(f"this credential lacks the scope {scope}")
    if named and named != principal.customer_id:
        raise Forbidden("customer_id is not the credential's customer")
    return principal.customer_id


def customer_and_body(request: Any, scope: str, kind: type[Body], empty: Body | None = None) -> tuple[str, Body]:
    """The customer of a request that takes a body and no parameters, and the body as a value of that kind; `empty` is one that isn't
    there."""
    body, named = (empty, None) if empty is not None and not request.raw_body else of_body_as(request, kind)
    customer_id = customer_alone(request, scope)
    customer_of(request, scope, named)
    return customer_id, body
