"""JWTs, verified strictly: PyJWT does the cryptography, the rules that it leaves open are set here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from chalicelib.domain.customer import SCOPES, Principal
from chalicelib.domain.errors import StoreUnavailable

LONGEST_LIFE = timedelta(hours=24)
REQUIRED = ["iss", "aud", "iat", "exp", "sub", "customer_id"]
DEFAULT_SCOPES = frozenset({"read", "report"})
LEEWAY = 30
LONGEST_SUBJECT = 200
KeyFor = Callable[[str], Any]
"""token -> the key to verify it with; raises jwt.PyJWTError when there is none."""


@dataclass(frozen=True)
class Verifier:
    """`algorithms` are fixed by the deployment, never taken from the token."""

    key_for: KeyFor
    algorithms: tuple[str, ...]
    issuer: str
    audience: str

    def principal(self, token: str) -> Principal | None:
        """Whom a valid token speaks for; None for any other token, whatever is wrong with it; StoreUnavailable without any key to try."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ", "JWT") != "JWT" or "crit" in header:
                return None
            claims = jwt.decode(
                token,
                self.key_for(token),
                algorithms=list(self.algorithms),
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY,
                options={"require": REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise StoreUnavailable("the identity provider doesn't answer") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return None
        return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal | None:
    customer_id, scope = claims["customer_id"], claims.get("scope")
    if any(type(claims[name]) not in (int, float) for name in ("exp", "iat")):
        return None
    life = claims["exp"] - claims["iat"]
    if not isinstance(customer_id, str) or not customer_id or not 0 < life <= LONGEST_LIFE.total_seconds():
        return None
    if scope is not None and not isinstance(scope, str):
        return None
    scopes = DEFAULT_SCOPES if scope is None else frozenset(scope.split()) & frozenset(SCOPES)
    return Principal(customer_id, scopes, f"token:{str(claims['sub'])[:LONGEST_SUBJECT]}")


def hs256(key: bytes) -> tuple[KeyFor, tuple[str, ...]]:
    return (lambda token: key), ("HS256",)


def from_jwks(url: str) -> tuple[KeyFor, tuple[str, ...]]:
    """Keys of an identity provider, kept for five minutes; only asymmetric algorithms."""
    client = jwt.PyJWKClient(url, cache_jwk_set=True, lifespan=300, timeout=5)
    return (lambda token: client.get_signing_key_from_jwt(token).key), ("RS256", "ES256")


def mint(key: bytes, issuer: str, audience: str, customer_id: str, now: datetime, life: timedelta, scope: str = "read report") -> str:
    """A token for local and dev use; production's come from the identity provider."""
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": customer_id,
        "customer_id": customer_id,
        "scope": scope,
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
    }
    return jwt.encode(claims, key, algorithm="HS256")
