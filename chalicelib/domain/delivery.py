"""One message to one recipient: what became of each attempt, and when the next one is due."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.message import GONE, LATER, LOST, REFUSED, SENT, Outcome
from chalicelib.domain.recipient import EMAIL

PENDING, SENDING, TAKEN, DELIVERED, BOUNCED, COMPLAINED, FAILED, CANCELLED = (
    "pending",
    "sending",
    "sent",
    "delivered",
    "bounced",
    "complained",
    "failed",
    "cancelled",
)
STATES = (PENDING, SENDING, TAKEN, DELIVERED, BOUNCED, COMPLAINED, FAILED, CANCELLED)
UNHEARD = "unheard"
"""A receipt: SES had told nothing of the mail when its time was over."""
LEASE = timedelta(minutes=3)
"""Whoever has begun to send is dead after that."""
TELLS_WITHIN = timedelta(minutes=30)
"""A mail whose answer was lost was sent if SES tells of it within that time, else it wasn't, and is sent again."""
UNHEARD_FOR = timedelta(minutes=10)
"""Before that: what it told may have been waiting."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 420, 480))
"""Before each further attempt; about 23 hours in all, give or take what keeps attempts apart."""
_SPREAD = 20
"""Percent by which a wait is longer or shorter, each delivery's by its own."""


@dataclass(frozen=True)
class Receipt:
    """What became of an attempt, or what was heard of it later."""

    attempt: int
    at: datetime
    status: str
    reason: str = ""
    message_id: str = ""


@dataclass(frozen=True)
class Note:
    """What is told where it isn't a report: of which kind (domain/message.py), and in which words; `amounts` are exact, for machines."""

    kind: str
    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """`owner` is a run's key, a digest's or an event's; `reports` are told of, or the `note`. `due_at` None: nothing is to be done."""

    owner: str
    recipient_id: str
    channel: str
    to: str
    created_at: datetime
    due_at: datetime | None
    reports: tuple[str, ...] = ()
    attach: bool = False
    note: Note | None = None
    status: str = PENDING
    attempts: int = 0
    receipts: tuple[Receipt, ...] = ()
    revision: int = 0

    @property
    def key(self) -> str:
        return f"{self.owner}#{self.recipient_id}"

    @property
    def finished(self) -> bool:
        return self.status not in (PENDING, SENDING)

    def heard(self, at: datetime, status: str, reason: str = "", message_id: str = "") -> Delivery:
        """With a receipt; one that is there already says nothing new."""
        told = Receipt(self.attempts, at, status, reason, message_id)
        if any((one.attempt, one.status, one.message_id) == (told.attempt, told.status, told.message_id) for one in self.receipts):
            return self
        return replace(self, receipts=(*self.receipts, told))

    def begun(self, at: datetime) -> Delivery:
        """One more attempt, whose sender is believed to be alive for a while."""
        return replace(self, status=SENDING, attempts=self.attempts + 1, due_at=at + LEASE).heard(at, SENDING)

    def came_to(self, outcome: Outcome, at: datetime) -> Delivery:
        """What an attempt came to."""
        if outcome.state == SENT:
            status = TAKEN if self.channel == EMAIL else DELIVERED
            return replace(self.heard(at, status, outcome.reason, outcome.message_id), status=status, due_at=None)
        if outcome.state in (REFUSED, GONE):
            return self.failed(at, outcome.reason)
        if outcome.state == LOST and self.channel == EMAIL:
            return replace(self.heard(at, LOST, outcome.reason), due_at=at + TELLS_WITHIN)
        return self.postponed(at, outcome.reason, LOST if outcome.state == LOST else LATER)

    def postponed(self, at: datetime, reason: str, how: str = LATER) -> Delivery:
        """Until its next attempt, or failed where there is none."""
        told = self.heard(at, how, reason)
        if self.attempts > len(WAITS):
            return replace(told, status=FAILED, due_at=None)
        return replace(told, status=PENDING, due_at=at + wait(self))

    def failed(self, at: datetime, reason: str) -> Delivery:
        return replace(self.heard(at, FAILED, reason), status=FAILED, due_at=None)


def wait(delivery: Delivery) -> timedelta:
    """Before the attempt after this one: the same for the same delivery, and of two deliveries hardly ever."""
    drawn = int.from_bytes(hashlib.sha256(f"{delivery.key}#{delivery.attempts}".encode()).digest()[:4]) % (2 * _SPREAD + 1)
    return WAITS[max(0, min(delivery.attempts, len(WAITS)) - 1)] * (100 - _SPREAD + drawn) / 100
