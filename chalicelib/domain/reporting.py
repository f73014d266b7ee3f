"""A report's record: what was asked for, how far it is, and where its document lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TYPES = ("usage", "compliance", "costs", "executive")
TYPE_ALIASES = {"monthly": "executive"}
FORMATS = ("pdf", "xlsx", "csv", "json")
FORMAT_ALIASES = {"excel": "xlsx"}
QUEUED, RENDERING, READY, FAILED = "queued", "rendering", "ready", "failed"


@dataclass(frozen=True)
class ReportRecord:
    """`parameters` are the normalised query parameters that the numbers are asked with; `digest` is the request body's."""

    id: str
    type: str
    format: str
    parameters: dict[str, tuple[str, ...]]
    digest: str
    created_at: datetime
    status: str = QUEUED
    attempts: int = 0
    filename: str = ""
    size_bytes: int | None = None
    finished_at: datetime | None = None
    reason: str = ""

    @property
    def finished(self) -> bool:
        return self.status in (READY, FAILED)
