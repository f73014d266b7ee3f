"""How often a customer may ask: a token a request, and headers that tell how it stands."""

from __future__ import annotations

from math import ceil
from typing import Any

from chalice.app import Request

from chalicelib.domain.allowance import BAD_CREDENTIALS, EXPORTS, QUERIES, WRITES, Taken
from chalicelib.domain.customer import Principal
from chalicelib.domain.errors import TooManyRequests
from chalicelib.routes.places import route_of
from chalicelib.usecases.access.limiting import Limiter

READ_ONLY = frozenset({"read"})
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
NEVER_REFUSED = (("DELETE", "/analytics/keys/{key_id}"), ("POST", "/page/keys/{key_id}/revoke"), ("POST", "/session/end"))
"""Whoever has got hold of a key or a session mustn't keep it from being ended."""


def kind_of(method: str, route: str) -> str:
    """Whose bucket a request takes its token from."""
    if method in ("GET", "HEAD"):
        return EXPORTS if route.endswith("/download") else QUERIES
    return WRITES


def admit_once_more(request: Request, limiter: Limiter) -> Taken | None:
    """A token of the customer's; None where no customer asks. TooManyRequests where there is none left."""
    principal: Principal | None = request.principal
    if principal is None or principal.customer_id is None:
        return None
    route = route_of(request)
    kind = kind_of(request.method, route)
    if kind == WRITES and principal.scopes <= READ_ONLY:  # it is refused anyway, and takes nothing away from those who may write
        kind = QUERIES
    taken = limiter.take(principal.customer_id, kind)
    if not taken.allowed and (request.method, route) not in NEVER_REFUSED:
        raise TooManyRequests(f"more than {taken.allowance.a_minute} {taken.allowance.name} a minute", taken)
    return taken


def take_for_nobody(limiter: Limiter, owner: str) -> None:
    """A token for who comes without a credential, by a link: each link has a bucket of its own."""
    taken = limiter.take(owner, EXPORTS)
    if not taken.allowed:
        raise TooManyRequests(f"this link is used more than {taken.allowance.a_minute} times a minute", taken)


def told(taken: Taken) -> dict[str, str]:
    """Of the IETF's RateLimit fields: how many a minute, how many are left now, seconds until all of them are."""
    limit = taken.allowance.a_minute
    return dict(zip(HEADERS, (str(limit), str(taken.left), str(ceil(taken.full_in)), f"{limit};w=60"), strict=True))


def refuse_guessing(limiter: Limiter, address: str, key_id: str) -> None:
    """TooManyRequests for a key of which too many wrong secrets came from that address: the right one isn't looked at either, or
    guessing would go on."""
    if key_id:
        _refused(limiter.look(f"{address}#{key_id}", BAD_CREDENTIALS))


def count_bad(limiter: Limiter, address: str, key_id: str) -> None:
    """Counts a bad credential (key_id '' where it names no key); TooManyRequests for one too many."""
    _refused(limiter.take(f"{address}#{key_id}", BAD_CREDENTIALS))


def _refused(taken: Taken) -> None:
    if not taken.allowed:
        raise TooManyRequests("too many bad credentials", taken)


def address_of(request: Any) -> str:
    """Where the request came from, as API Gateway saw it; what the request says of that itself is anybody's word."""
    return str((request.context or {}).get("identity", {}).get("sourceIp") or "")
