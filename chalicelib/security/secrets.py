"""Keys that are all derived from one master secret, so that one rotation changes every one of them."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.errors import StoreUnavailable

SHORTEST = 32
FRESH_SECONDS, STALE_SECONDS, RETRY_SECONDS = 300.0, 3600.0, 15.0
"""How long a secret that was read counts; how long while it can't be read again; and the time between two tries then."""


class WeakSecret(Exception):
    """The service doesn't start on a secret that could be guessed."""


def masters_of(secret_string: str) -> tuple[bytes, ...]:
    """The `master` of the secret's JSON, then its `former` ones, whose signatures still count; WeakSecret below 32 bytes."""
    try:
        secret = json.loads(secret_string)
        masters = tuple(str(text).encode() for text in (secret.get("master", ""), *(secret.get("former") or [])))
    except (ValueError, TypeError, AttributeError):
        raise WeakSecret('the credentials secret isn\'t JSON like {"master": ..., "former": [...]}') from None
    for master in masters:
        if len(master) < SHORTEST:
            raise WeakSecret(f"the credentials secret's master has {len(master)} bytes, not {SHORTEST}")
    return masters


@dataclass
class Remembered:
    """The masters as they were read last. `seconds` is a clock that never goes back; `told` hears that an old reading is served."""

    read: Callable[[], tuple[bytes, ...]]
    seconds: Callable[[], float]
    told: Callable[[], None]
    _held: tuple[bytes, ...] = ()
    _read_at: float = 0.0
    _try_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def masters(self) -> tuple[bytes, ...]:
        """What reading raises, without any good one or with one that has been stale for too long."""
        with self._lock:
            now = self.seconds()
            if not self._held or now >= self._try_at:
                try:
                    self._held, self._read_at, self._try_at = self.read(), now, now + FRESH_SECONDS
                except (StoreUnavailable, WeakSecret):
                    if not self._held or now - self._read_at > STALE_SECONDS:
                        raise
                    self._try_at = now + RETRY_SECONDS
                    self.told()
            return self._held


def derived(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; knowing one tells nothing of another."""
    return hmac.digest(master, f"securebase/{purpose}".encode(), "sha256")
