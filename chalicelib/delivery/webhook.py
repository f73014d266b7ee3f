"""A message as a signed JSON request after Standard Webhooks: its taker can tell that it is ours, and whether it had it before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
from standardwebhooks import Webhook

from chalicelib.delivery.outbound import Poster, attempt
from chalicelib.domain.figures import exact, instant, known, printable, unit_of
from chalicelib.domain.message import GONE, LATER, SENT, Document, Message, Outcome
from chalicelib.domain.report import KeyFigure

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Webhooks:
    def __init__(self, outbound: Poster) -> None:
        self._outbound = outbound

    def send(self, delivery_id: str, url: str, secrets: Sequence[str], message: Message, now: datetime) -> Outcome:
        """One attempt; `delivery_id` is the same at every one. With several secrets (during a rotation) any one of them verifies it."""
        if not secrets:
            raise ValueError("a webhook is never sent unsigned")
        body = body_of(message)
        now = now.astimezone(UTC)  # the library takes the clock's face for UTC
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(delivery_id, now, body.decode()) for secret in secrets),
        }
        return attempt(self._outbound, url, headers, body, judged)


def judged(status: int) -> Outcome:
    """Every answer but 2xx is a failure that may pass (a redirect too, which isn't followed), except 410: no more of these."""
    if 200 <= status < 300:
        return Outcome(SENT, str(status))
    return Outcome(GONE if status == 410 else LATER, str(status))


def body_of(message: Message) -> bytes:
    """What is said of a message under our own names stands, whatever `message.data` holds under them."""
    data = {
        **message.data,
        "customer_id": message.customer_id,
        "title": message.title,
        "text": message.text,
        "facts": _facts(message.facts),
        "documents": [_document(document) for document in message.documents],
        "action": {"label": message.action[0], "url": message.action[1]} if message.action else None,
    }
    return _ENCODER.encode(_plain({"type": message.kind, "timestamp": message.at, "data": data}))


def _document(document: Document) -> dict[str, object]:
    return {
        "report_id": document.report_id,
        "title": document.title,
        "filename": document.filename,
        "size_bytes": document.size_bytes,
        "url": document.url,
        "expires_at": document.expires_at,
        "facts": _facts(document.facts),
        "figures": [_figure(figure) for figure in document.headline.figures],
        "notices": document.headline.notices,
    }


def _facts(facts: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "text": text} for label, text in facts]


def _figure(figure: KeyFigure) -> dict[str, object]:
    return {"name": figure.name, "value": figure.value, "unit": unit_of(figure)}


def _plain(value: object) -> object:
    """What JSON can say: text without lone surrogates, numbers that are some (else null), times with Z."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return exact(value)
    if isinstance(value, Decimal):
        return known(value)
    if isinstance(value, Mapping):
        return {printable(str(name)): _plain(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(member) for member in value]
    return value
