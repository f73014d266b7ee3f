"""Opaque credentials: API keys sbk_<stage>_<id>_<secret>_<crc>; in the same shape the tokens of links, sbl_, and of sessions, sbs_.

Only a peppered digest of the secret is kept; the checksum refuses typos without a look-up.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import zlib

KEY, LINK, SESSION = "sbk", "sbl", "sbs"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_KEY = re.compile(r"((sbk|sbl|sbs)_([a-z]+)_([a-z2-7]{16})_([a-z2-7]{52}))_([0-9a-f]{8})", re.ASCII)


def new_key(stage: str, kind: str = KEY) -> tuple[str, str, str]:
    """(the whole key, its id, its secret): 80 and 260 random bits."""
    return _written(stage, kind, *(_random(length) for length in (16, 52)))


def derived_key(stage: str, master: bytes, purpose: str, kind: str) -> tuple[str, str, str]:
    """Like new_key, but the same for the same purpose, whoever asks and however often."""
    drawn = base64.b32encode(hmac.digest(master, purpose.encode(), "sha512")).decode().lower()
    return _written(stage, kind, drawn[:16], drawn[16:68])


def _written(stage: str, kind: str, key_id: str, secret: str) -> tuple[str, str, str]:
    body = f"{kind}_{stage}_{key_id}_{secret}"
    return f"{body}_{_checksum(body)}", key_id, secret


def parse(text: str, stage: str, kind: str = KEY) -> tuple[str, str] | None:
    """(id, secret) of a well-formed key of this kind and stage with a right checksum, else None."""
    match = _KEY.fullmatch(text)
    if not match or match[2] != kind or match[3] != stage or match[6] != _checksum(match[1]):
        return None
    return match[4], match[5]


def digest(secret: str, pepper: bytes) -> str:
    return hmac.new(pepper, secret.encode(), "sha256").hexdigest()


def matches(secret: str, kept: str, pepper: bytes) -> bool:
    """Whether the secret is the one that was kept, in constant time."""
    return hmac.compare_digest(digest(secret, pepper), kept)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
