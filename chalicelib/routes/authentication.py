"""Who is asking: one middleware in front of every route takes a JWT or an API key and sets the principal, or answers 401."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import AnalyticsError, Forbidden, Unauthorized
from chalicelib.logs import LOGGER
from chalicelib.routes.errors import View, as_problem, of_error, problem, translated
from chalicelib.routes.parameters import Body, of_body_as, of_query
from chalicelib.security import api_keys
from chalicelib.usecases.questions import check_names
from chalicelib.wiring import Services, services

OPTIONAL = frozenset({"/health", "/openapi.json", "/downloads/{token}", "/subscriptions/{token}"})
"""Routes that answer without a credential; one that is given must still be good. A link's token is its own credential."""
LONGEST_CREDENTIAL = 8192


def middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Authenticates, answers, puts every error into the problem shape and writes the one log line of the request."""
    started, request_id = time.perf_counter(), request_id_of(request)
    request.principal = None
    try:
        request.principal = authenticate(request, services())
        response = as_problem(get_response(request), request_id)
    except AnalyticsError as error:
        response = of_error(error, request_id)
    except Exception:  # noqa: BLE001  the process's edge: whatever it is, it is logged and answered in our shape
        LOGGER.exception("unexpected", extra={"request_id": request_id})
        response = problem(500, request_id)
    response.headers["X-Request-Id"] = request_id
    LOGGER.info(
        "request",
        extra={
            "request_id": request_id,
            "method": request.method,
            "route": (request.context or {}).get("resourcePath", ""),
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
            "customer_id": request.principal.customer_id if request.principal else None,
        },
    )
    return response


def request_id_of(request: Request) -> str:
    """API Gateway's id of the request; locally, where there is none, Lambda's."""
    context = request.lambda_context
    return str((request.context or {}).get("requestId") or getattr(context, "aws_request_id", "") or "local")


def registering(blueprint: Blueprint) -> Callable[..., Callable[[View], Any]]:
    """`@on(path, method)`: puts a view under a route, its domain errors answered as problems; a body is JSON, or of the types given."""

    def on(path: str, method: str, content_types: Sequence[str] = ("application/json",)) -> Callable[[View], Any]:
        def register(view: View) -> Any:
            answering = translated(view, lambda: request_id_of(blueprint.current_request))
            return blueprint.route(path, methods=[method], content_types=list(content_types))(answering)

        return register

    return on


def authenticate(request: Request, with_: Services) -> Principal | None:
    """The principal of the one credential, or of two that agree; Unauthorized for every other case, without telling which."""
    bearer, key = request.headers.get("authorization"), request.headers.get("x-api-key")
    if bearer is None and key is None:
        if (request.context or {}).get("resourcePath") in OPTIONAL:
            return None
        raise Unauthorized
    found = [_by_token(bearer, with_)] if bearer is not None else []
    found += [_by_key(key, with_)] if key is not None else []
    first = found[0]
    if first is None or any(other is None or other.customer_id != first.customer_id for other in found):
        raise Unauthorized
    if not first.operator:
        customer = with_.known_customer(str(first.customer_id))
        if customer is None or customer.disabled:
            raise Unauthorized
    given = [principal for principal in found if principal]
    scopes = frozenset.intersection(*(principal.scopes for principal in given))
    return Principal(first.customer_id, scopes, " and ".join(principal.id for principal in given))


def _by_token(header: str, with_: Services) -> Principal | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_CREDENTIAL:
        return None
    return with_.verifier.principal(token)


def _by_key(text: str, with_: Services) -> Principal | None:
    parsed = api_keys.parse(text, with_.settings.stage) if len(text) <= LONGEST_CREDENTIAL else None
    if parsed is None:
        return None
    key_id, secret = parsed
    kept = with_.known_key(key_id)
    if kept is None or kept.revoked or not api_keys.matches(secret, kept.digest, with_.pepper):
        return None
    return Principal(kept.customer_id, frozenset(kept.scopes), f"key:{key_id}")


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
