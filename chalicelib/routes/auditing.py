"""Tells the audit what a request did."""

from __future__ import annotations

from chalice.app import Request, Response

from chalicelib.domain.customer import Principal
from chalicelib.routes.limits import address_of
from chalicelib.routes.pages.guard import is_page
from chalicelib.routes.places import route_of
from chalicelib.wiring import Services

LONGEST = 300
"""Characters of a path, which comes from outside."""


def note(request: Request, response: Response, request_id: str, with_: Services) -> None:
    """Every write and every fetched document; what was refused (4xx) changed nothing and is in the log, what failed (5xx) may have been
    done."""
    route = route_of(request)
    acted = request.acted or _by_credential(request, response, route)
    if acted is None or 400 <= response.status_code < 500 or not _recorded(request.method, route):
        return
    from chalicelib.domain.audit import Deed  # most requests only read

    customer_id, who, what = acted
    at = with_.clock().replace(microsecond=0)
    deed = Deed(at, who, f"{request.method} {route}", what, address_of(request), response.status_code, request_id)
    with_.auditing.note(customer_id, deed)


def _recorded(method: str, route: str) -> bool:
    return method not in ("GET", "HEAD") or route.endswith("/download") or route.startswith("/downloads/")


def _by_credential(request: Request, response: Response, route: str) -> tuple[str, str, str] | None:
    """(customer, who, what it was done to: what was made, else what was named); where the page leads on to is neither."""
    principal: Principal | None = request.principal
    if principal is None or principal.customer_id is None:
        return None
    made = str(response.headers.get("Location", ""))
    what = made if made.startswith("/") and not is_page(route) else route.format(**(request.uri_params or {}))
    return principal.customer_id, principal.id, what[:LONGEST]
