"""Ed25519 signatures by the deployment's own key, which is derived from its master secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

OK, BAD, UNKNOWN_KEY = "ok", "bad", "unknown_key"


@dataclass(frozen=True)
class Signer:
    """`seed` has 32 bytes."""

    seed: bytes

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public_key(self) -> str:
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, content: bytes) -> str:
        return base64.b64encode(self._key.sign(content)).decode()


def check(content: bytes, signature: str, public_key: str, known: Iterable[str] | None = None) -> str:
    """ok, bad, or unknown_key where the key is none of the known ones (None: any key will do)."""
    if known is not None and public_key not in known:
        return UNKNOWN_KEY
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError, binascii.Error):
        return BAD
    return OK


def fingerprint(public_key: str) -> str:
    """What people compare of a key: its SHA-256, in hex."""
    return hashlib.sha256(public_key.encode()).hexdigest()
