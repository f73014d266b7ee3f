"""What is sent and to whom: an Outbound that remembers, and a message with everything in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from chalicelib.delivery.outbound import Answer
from chalicelib.domain.message import REPORT, Document, Headline, Message
from chalicelib.domain.report import KeyFigure

AT = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
FIGURES = (
    KeyFigure("Total cost", Decimal("1234.5678901234"), "money", "USD"),
    KeyFigure("Score", Decimal("91.25"), "percent"),
    KeyFigure("Forecast", None, "money", "USD"),
    KeyFigure("Data through", AT, "time"),
    KeyFigure("Not a number", Decimal("NaN"), "number", "GB"),
)
DOCUMENT = Document(
    "r-1",
    "Cost of October",
    "acme-cost.pdf",
    20_480,
    (("Period", "2026-10"),),
    Headline(FIGURES, notices=("Two accounts failed",)),
    "https://bucket.example.com/acme-cost.pdf?X-Amz-Signature=a&b=c",
    AT,
)
MESSAGE = Message(
    REPORT,
    "Your report is ready",
    "The cost of October.",
    "acme",
    "Acme Inc",
    AT,
    facts=(("Schedule", "monthly"),),
    documents=(DOCUMENT,),
    data={"schedule_id": "s-1", "limit": Decimal("0.10")},
    action=("Pause", "https://app.example.com/schedules/s-1"),
)


@dataclass
class FakeOutbound:
    """Answers with this status, or fails so; `sent` is (url, headers, body) of each request."""

    answer: int | Exception = 200
    sent: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append((url, dict(headers), body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Answer(self.answer)
