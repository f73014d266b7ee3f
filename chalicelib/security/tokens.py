"""JWTs, verified strictly: PyJWT does the cryptography, the rules that it leaves open are set here."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from chalicelib.domain.customer import SCOPES, Principal
from chalicelib.domain.errors import StoreUnavailable

LONGEST_LIFE = timedelta(hours=24)
REQUIRED = ["iss", "aud", "iat", "exp", "sub", "customer_id"]
DEFAULT_SCOPES = frozenset({"read", "report"})
LEEWAY, ASKED_AGAIN = 30, 30
LONGEST_SUBJECT = 200
_PLAIN = re.compile(r"[^\w.@|:+/=-]", re.ASCII)
"""What no subject needs: it stands in the audit, where a blank could make two of one."""
KeysFor = Callable[[str], Iterable[Any]]
"""token -> the keys to try it with; raises jwt.PyJWTError when there is none."""


@dataclass(frozen=True)
class Verifier:
    """`algorithms` are fixed by the deployment, never taken from the token."""

    keys_for: KeysFor
    algorithms: tuple[str, ...]
    issuer: str
    audience: str

    def principal(self, token: str) -> Principal | None:
        """Whom a valid token speaks for; None for any other token, whatever is wrong with it; StoreUnavailable without any key to try."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ", "JWT") != "JWT" or "crit" in header:
                return None
            for key in self.keys_for(token):
                with suppress(jwt.InvalidSignatureError):
                    return _principal(self._claims(token, key))
        except jwt.PyJWKClientConnectionError as error:
            raise StoreUnavailable("the identity provider doesn't answer") from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return None
        return None

    def _claims(self, token: str, key: Any) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=list(self.algorithms),
            issuer=self.issuer,
            audience=self.audience,
            leeway=LEEWAY,
            options={"require": REQUIRED, "enforce_minimum_key_length": True},
        )


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
    subject = _PLAIN.sub("?", str(claims["sub"])[:LONGEST_SUBJECT])
    return Principal(customer_id, scopes, f"token:{subject}", datetime.fromtimestamp(claims["exp"], UTC))


def hs256(keys: Callable[[], Iterable[bytes]]) -> tuple[KeysFor, tuple[str, ...]]:
    """Keys of our own: today's, and those that still count."""
    return (lambda token: keys()), ("HS256",)


def from_jwks(url: str) -> tuple[KeysFor, tuple[str, ...]]:
    """Keys of an identity provider, kept for five minutes, or until a token names a new one; only asymmetric algorithms.

    It is asked twice a minute at most, whatever tokens name and whether it answers or not.
    """
    client = jwt.PyJWKClient(url, cache_jwk_set=True, lifespan=300, timeout=5, cooldown_duration=ASKED_AGAIN)
    away_until = 0.0

    def keys(token: str) -> list[Any]:
        nonlocal away_until
        if time.monotonic() < away_until:
            return _held(client, token)
        try:
            return [client.get_signing_key_from_jwt(token)]
        except jwt.PyJWKClientConnectionError:
            away_until = time.monotonic() + ASKED_AGAIN
            return _held(client, token)

    return keys, ("RS256", "ES256")


def _held(client: jwt.PyJWKClient, token: str) -> list[Any]:
    """Of the keys that are known while the provider is away; PyJWKClientConnectionError when there are none."""
    known = client.jwk_set_cache.get() if client.jwk_set_cache else None
    if known is None:
        raise jwt.PyJWKClientConnectionError("the identity provider is away")
    held = known if isinstance(known, jwt.PyJWKSet) else jwt.PyJWKSet.from_dict(known)
    kid = jwt.get_unverified_header(token).get("kid")
    return [key for key in held.keys if key.key_id == kid]


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
