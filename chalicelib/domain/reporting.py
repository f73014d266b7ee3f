"""A report's record: what was asked for, how far it is, where its document lies and what its numbers rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.domain.period import midnight, minus_months
from chalicelib.domain.template import Template

TYPES = ("usage", "compliance", "costs", "executive", "custom")
TYPE_ALIASES = {"monthly": "executive"}
CUSTOM = "custom"
FORMATS = ("pdf", "xlsx", "csv", "json")
FORMAT_ALIASES = {"excel": "xlsx"}
QUEUED, RENDERING, READY, FAILED = "queued", "rendering", "ready", "failed"
STATUSES = (QUEUED, RENDERING, READY, FAILED)
GAVE_UP = "gave_up"
MOST_RUNNING = 5
LOST_AFTER = timedelta(hours=3)
"""For so long a report is tried at most; one that is still under way then is nobody's."""
KEY_LIVES = timedelta(hours=24)
"""For so long the same Idempotency-Key means the same request."""


@dataclass(frozen=True)
class Signed:
    """A manifest as canonical JSON, with the Ed25519 signature of it and the public key that this is by (both base64)."""

    manifest: str
    signature: str
    public_key: str


@dataclass(frozen=True)
class ReportRecord:
    """`parameters` are the normalised query parameters that the numbers are asked with; the template, and the `months` that it is kept,
    are as they were when it was asked for.

    `started_at` is of the last attempt. `estimated` (None: of no costs), `data_through` and `watermarks` are of its data; `reason` is an
    error's code and `detail` what it says. `run` is the key of the schedule's run that asked for it, '' where somebody did. What a message
    says of it: `title`, `facts` and `headline` (as usecases/reports/headlines.py writes it).
    """

    id: str
    type: str
    template: Template
    format: str
    parameters: Mapping[str, tuple[str, ...]]
    created_at: datetime
    months: int
    filename: str
    status: str = QUEUED
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    size_bytes: int | None = None
    rows: int | None = None
    estimated: bool | None = None
    data_through: datetime | None = None
    watermarks: Mapping[str, str | None] = field(default_factory=dict)
    signed: Signed | None = None
    reason: str = ""
    detail: str = ""
    run: str = ""
    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    headline: str = ""

    @property
    def expires_at(self) -> datetime:
        return midnight(minus_months(self.created_at.date(), -self.months))

    @property
    def finished(self) -> bool:
        return self.status in (READY, FAILED)

    def lost(self, now: datetime) -> bool:
        """Whether its job is gone, and with it whoever would have ended it."""
        return not self.finished and now - self.created_at > LOST_AFTER


class Once(NamedTuple):
    """An Idempotency-Key's digest and that of the request it came with."""

    key: str
    request: str
