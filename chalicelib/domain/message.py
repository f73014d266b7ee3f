"""What is told to somebody, before any channel: a report that is ready, a budget's event, a test. Channels turn it into mail or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from chalicelib.domain.branding import Branding
from chalicelib.domain.report import Chart, KeyFigure

REPORT, DIGEST, BUDGET, ANOMALY, PARKED, FAILED_REPORT, TEST, CONFIRM = (
    "report.ready",
    "report.digest",
    "budget.crossed",
    "anomaly.found",
    "schedule.parked",
    "report.failed",
    "test",
    "confirm",
)
KINDS = (REPORT, DIGEST, BUDGET, ANOMALY, PARKED, FAILED_REPORT, TEST, CONFIRM)


@dataclass(frozen=True)
class Headline:
    """What a report says first: its key figures, one ranked chart (kind `bar`) where it has one, and what nobody may overlook."""

    figures: tuple[KeyFigure, ...] = ()
    chart: Chart | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A report that is ready; `url` opens it without a credential until `expires_at`, '' where there is no such link."""

    report_id: str
    title: str
    filename: str
    size_bytes: int
    facts: tuple[tuple[str, str], ...] = ()
    headline: Headline = Headline()
    url: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Message:
    """`title` is a mail's subject, `text` its first paragraph, plain and without markup. `facts` are (label, text) pairs.

    `data` is the same for machines: plain values, Decimals exact. `action` is (label, address) of the one thing that its reader can do.
    Everything in it may come from outside and is hostile.
    """

    kind: str
    title: str
    text: str
    customer_id: str
    customer_name: str
    at: datetime
    facts: tuple[tuple[str, str], ...] = ()
    documents: tuple[Document, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    action: tuple[str, str] | None = None
    brand: Branding = field(default_factory=Branding)


LARGEST_MAIL = 7_000_000
"""Bytes of a whole mail, encoded: what would make it larger doesn't go along."""


class Attachment(NamedTuple):
    """`content` None is of a document that is too large to go along; `size_bytes` is the document's."""

    filename: str
    content_type: str
    content: bytes | None
    size_bytes: int


SENT, LATER, REFUSED, GONE, LOST = "sent", "later", "refused", "gone", "lost"


class Outcome(NamedTuple):
    """What became of one attempt to send. `sent`: it was taken. `later`: it certainly wasn't, and may be tried again. `refused`: it never
    will be. `gone`: its reader wants no more. `lost`: it was handed over and the answer didn't come, so it may have been taken.

    `reason` is a short word or status for people ("429", "timeout", "private_address"), without secrets; `message_id` the taker's own.
    """

    state: str
    reason: str = ""
    message_id: str = ""
