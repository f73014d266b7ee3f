"""A customer's API keys: made, listed, rotated, revoked; by its own administrators and by the provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.domain.customer import SCOPES, ApiKey
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.period import iso

MOST_LIVE = 20
LONGEST_DAYS = 3650
LONGEST_OVERLAP = 720
DEFAULT_SCOPES = ("read", "report")


class Keys(Protocol):
    def of(self, customer_id: str) -> list[ApiKey]:
        """The oldest first."""
        ...

    def get(self, key_id: str) -> ApiKey | None: ...
    def put(self, key: ApiKey) -> None: ...
    def change(self, key_id: str, to: Callable[[ApiKey], ApiKey]) -> None:
        """Puts what `to` makes of the key as it is; `to` is called again when somebody else was faster."""
        ...


@dataclass(frozen=True)
class Keyring:
    """`new` draws a key: (the whole key, its id, its secret's digest). The whole key is known in that moment alone."""

    keys: Keys
    new: Callable[[], tuple[str, str, str]]
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class KeyBody:
    """`expires_in_days` None is never."""

    scopes: tuple[str, ...] = DEFAULT_SCOPES
    expires_in_days: int | None = None


@dataclass(frozen=True)
class RotationBody:
    """How long the old key stays good beside the new one."""

    overlap_hours: int = 24


def create(ring: Keyring, customer_id: str, body: KeyBody, by: str) -> tuple[str, ApiKey]:
    """(the whole key, its record)."""
    if not body.scopes or not set(body.scopes) <= set(SCOPES):
        raise InvalidInput(("scopes", "must be some of " + ", ".join(SCOPES)))
    days = body.expires_in_days
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(("expires_in_days", f"must be a whole number from 1 to {LONGEST_DAYS}, or null"))
    expires_at = None if days is None else ring.clock() + timedelta(days=days)
    _check_room(ring, customer_id)
    return _made(ring, customer_id, tuple(dict.fromkeys(body.scopes)), expires_at, by)


def _check_room(ring: Keyring, customer_id: str) -> None:
    if len([key for key in ring.keys.of(customer_id) if key.live(ring.clock())]) >= MOST_LIVE:
        raise Conflict(f"there are {MOST_LIVE} live keys: revoke one")


def _made(ring: Keyring, customer_id: str, scopes: tuple[str, ...], expires_at: datetime | None, by: str) -> tuple[str, ApiKey]:
    key, key_id, digest = ring.new()
    record = ApiKey(key_id, customer_id, digest, scopes, ring.clock(), expires_at=expires_at, created_by=by)
    ring.keys.put(record)
    return key, record


def rotate(ring: Keyring, customer_id: str, key_id: str, body: RotationBody, by: str) -> tuple[str, ApiKey]:
    """A new key with the old one's scopes and length of life; both are good until the overlap is over."""
    if not 0 <= body.overlap_hours <= LONGEST_OVERLAP:
        raise InvalidInput(("overlap_hours", f"must be a whole number from 0 to {LONGEST_OVERLAP}"))
    now = ring.clock()
    until = now + timedelta(hours=body.overlap_hours)

    def followed(old: ApiKey) -> ApiKey:
        if old.successor == record.id:
            return old  # done already: the answer was lost
        _check_rotatable(old, now)
        return replace(old, successor=record.id, expires_at=min(until, old.expires_at or until))

    old = fetch(ring, customer_id, key_id)
    _check_rotatable(old, now)
    life = old.expires_at - old.created_at if old.expires_at else None
    _check_room(ring, customer_id)
    key, record = _made(ring, customer_id, old.scopes, now + life if life else None, by)
    try:
        ring.keys.change(key_id, followed)
    except Conflict:
        ring.keys.put(replace(record, revoked=True))  # nobody was told of it
        raise
    return key, record


def _check_rotatable(old: ApiKey, now: datetime) -> None:
    if not old.live(now):
        raise Conflict("this key isn't good any more")
    if old.successor:
        raise Conflict(f"this key was rotated already: {old.successor} follows it")


def revoke(ring: Keyring, customer_id: str, key_id: str) -> None:
    fetch(ring, customer_id, key_id)
    ring.keys.change(key_id, lambda key: key if key.revoked else replace(key, revoked=True, revoked_at=ring.clock()))


def fetch(ring: Keyring, customer_id: str, key_id: str) -> ApiKey:
    """NotFound for another customer's, too."""
    found = ring.keys.get(key_id)
    if found is None or found.customer_id != customer_id:
        raise NotFound("there is no such key")
    return found


def shown(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Everything but the digest."""
    return {
        "id": key.id,
        "status": "live" if key.live(now) else "revoked" if key.revoked else "expired",
        "scopes": list(key.scopes),
        "created_at": iso(key.created_at),
        "created_by": key.created_by or None,
        "expires_at": iso(key.expires_at) if key.expires_at else None,
        "revoked_at": iso(key.revoked_at) if key.revoked_at else None,
        "last_used_at": iso(key.used_at) if key.used_at else None,
        "successor": key.successor or None,
    }
