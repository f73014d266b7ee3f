"""What isn't a report and is told by the same channels: each event once to each recipient, whoever notices it and however often."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from chalicelib.domain.delivery import Delivery, Note
from chalicelib.domain.recipient import DOMAIN, Recipient


def deliveries_of(note: Note, event_id: str, recipients: Iterable[Recipient], now: datetime) -> list[Delivery]:
    """Due at once; their keys follow from the event, so that adding them again changes nothing."""
    return [
        Delivery(owner_of(event_id), recipient.id, recipient.channel, recipient.shown_address, now, now, note=note)
        for recipient in recipients
        if recipient.channel != DOMAIN
    ]


def owner_of(event_id: str) -> str:
    return f"event#{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"


def failed_event(report_id: str) -> str:
    return f"failed-{report_id}"
