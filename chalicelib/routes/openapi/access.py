"""What keys and the audit are answered as, and their bodies."""

from __future__ import annotations

from chalicelib.domain.customer import SCOPES
from chalicelib.routes.openapi.shapes import COUNT, INSTANT, TEXT, Schema, closed, listed, nullable, ref, said, words
from chalicelib.usecases.access.keys import DEFAULT_SCOPES, LONGEST_DAYS, LONGEST_OVERLAP

KEY_ID: Schema = {"type": "string", "pattern": "^[a-z2-7]{16}$", "examples": ["k3v5q2mzt7hxw4ra"]}
HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
GRANTED = listed(words(SCOPES), minItems=1)
KEY: dict[str, Schema] = {
    "id": KEY_ID,
    "status": words(("live", "revoked", "expired")),
    "scopes": GRANTED,
    "created_at": INSTANT,
    "created_by": nullable(TEXT),
    "expires_at": nullable(INSTANT),
    "revoked_at": nullable(INSTANT),
    "last_used_at": said(nullable(INSTANT), "To the hour."),
    "successor": said(nullable(KEY_ID), "The key that a rotation made of it."),
}
DAYS = nullable(said({"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}, "Null is never."))
OVERLAP: Schema = {"type": "integer", "minimum": 0, "maximum": LONGEST_OVERLAP, "default": 24}
ENTRY = closed(
    {
        "number": said({"type": "integer", "minimum": 1}, "From 1 on, without a gap."),
        "at": INSTANT,
        "who": said(TEXT, "key:, token:, link:, reader: or operator:, and which."),
        "action": said(TEXT, "Method and route, or a command."),
        "object": TEXT,
        "origin": said(nullable(TEXT), "The address that it came from."),
        "status": COUNT,
        "request_id": TEXT,
        "previous": HASH,
        "hash": HASH,
    }
)
SCHEMAS: dict[str, Schema] = {
    "Key": closed(KEY),
    "NewKey": closed({**KEY, "api_key": said(TEXT, "Shown once.")}),
    "Keys": closed({"keys": listed(ref("Key"))}),
    "KeyRequest": closed(
        {}, {"scopes": said(GRANTED, "", default=list(DEFAULT_SCOPES)), "expires_in_days": DAYS, "customer_id": nullable(TEXT)}
    ),
    "RotationRequest": closed(
        {}, {"overlap_hours": said(OVERLAP, "How long the old key stays good beside the new one."), "customer_id": nullable(TEXT)}
    ),
    "Audit": closed({"entries": listed(ENTRY), "next_cursor": nullable(TEXT)}),
}
