"""A link to a report's document, for people without a credential of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Link:
    """`digest` is of its token's secret part, which nobody has but who was given it. `created_by` names a credential."""

    id: str
    report_id: str
    digest: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None

    def opens(self, now: datetime) -> bool:
        return now < self.expires_at and self.revoked_at is None


@dataclass(frozen=True)
class Uses:
    """How often a link was followed, and when last."""

    count: int = 0
    last_at: datetime | None = None
