"""Tokens of the links in mails by which a reader confirms an address or ends what comes to it: signed, and no secret in them."""

from __future__ import annotations

from itsdangerous import BadData, URLSafeSerializer

PURPOSES = ("confirm", "unsubscribe")
LONGEST = 1000


def token(key: bytes, purpose: str, customer_id: str, recipient_id: str) -> str:
    return str(URLSafeSerializer(key, purpose).dumps([customer_id, recipient_id]))


def read(key: bytes, text: str) -> tuple[str, str, str] | None:
    """(purpose, customer, recipient) of a token of ours, else None."""
    for purpose in PURPOSES if len(text) <= LONGEST else ():
        try:
            customer_id, recipient_id = URLSafeSerializer(key, purpose).loads(text)
        except (BadData, ValueError, TypeError):
            continue
        return purpose, str(customer_id), str(recipient_id)
    return None
