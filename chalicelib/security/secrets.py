"""Keys that are all derived from one master secret, so that one rotation changes every one of them."""

from __future__ import annotations

import hmac
import json

SHORTEST = 32


class WeakSecret(Exception):
    """The service doesn't start on a secret that could be guessed."""


def masters_of(secret_string: str) -> tuple[bytes, ...]:
    """The `master` of the secret's JSON, then its `former` ones, whose signatures still count; WeakSecret below 32 bytes."""
    secret = json.loads(secret_string)
    masters = tuple(str(text).encode() for text in (secret.get("master", ""), *secret.get("former", [])))
    for master in masters:
        if len(master) < SHORTEST:
            raise WeakSecret(f"the credentials secret's master has {len(master)} bytes, not {SHORTEST}")
    return masters


def derived(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; knowing one tells nothing of another."""
    return hmac.digest(master, f"securebase/{purpose}".encode(), "sha256")
