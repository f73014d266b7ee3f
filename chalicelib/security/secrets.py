"""Keys that are all derived from one master secret, so that one rotation changes every one of them."""

from __future__ import annotations

import hmac
import json

SHORTEST = 32


class WeakSecret(Exception):
    """The service doesn't start on a secret that could be guessed."""


def master_of(secret_string: str) -> bytes:
    """The `master` member of the secret's JSON; WeakSecret below 32 bytes."""
    master = str(json.loads(secret_string).get("master", "")).encode()
    if len(master) < SHORTEST:
        raise WeakSecret(f"the credentials secret's master has {len(master)} bytes, not {SHORTEST}")
    return master


def derived(master: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose; knowing one tells nothing of another."""
    return hmac.digest(master, f"securebase/{purpose}".encode(), "sha256")
