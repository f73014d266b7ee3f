"""What is known of the sources themselves: how far each has been read, and what each dropped file brought."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.prospect import Prospects

OK, PARTIAL, FAILING, NOT_ENABLED, NO_DATA = "ok", "partial", "failing", "not_enabled", "no_data"
REJECTED, GONE = "rejected", "gone"
"""States of a drop, beside ok."""
NOT_ENABLED_REASONS = frozenset({"InvalidAccessException", "OptInRequired", "SubscriptionRequiredException"})
"""AWS's codes for a service that isn't switched on there: nobody's failure."""
DAILY_CAP_REACHED, BUSY = "DailyCapReached", "PaceExhausted"
"""Our own reasons: no more is to be paid for today; too many are waiting for their turn."""
CLOUDWATCH, COST_EXPLORER, SECURITY_HUB = "cloudwatch", "cost_explorer", "security_hub"
FOCUS_EXPORT, FINDINGS_EXPORT = "focus_export", "findings_export"
TITLES = {
    CLOUDWATCH: "CloudWatch",
    COST_EXPLORER: "Cost Explorer",
    SECURITY_HUB: "Security Hub",
    FOCUS_EXPORT: "FOCUS export",
    FINDINGS_EXPORT: "findings export",
}
"""What people call the sources."""
FRESH_FOR = {
    CLOUDWATCH: timedelta(hours=3),
    COST_EXPLORER: timedelta(hours=30),
    SECURITY_HUB: timedelta(hours=26),
    FOCUS_EXPORT: timedelta(hours=36),
}
"""How old a source's data_through may be before it counts as stale."""

REPLICATED_AFTER = timedelta(minutes=1)
"""DynamoDB's eventually consistent reads are mostly current within a second."""


@dataclass(frozen=True)
class SourceState:
    """One source of one customer. `data_through` is how far its data is complete; `failures` are (scope, reason).

    `version` is a digest of what the last read brought: kept answers live as long as it doesn't change.
    `failing_since` is how far a part of the source was last complete, while the rest goes on. `every` is the hours between two reads.
    """

    source: str
    state: str
    attempted_at: datetime
    data_through: datetime | None = None
    last_success_at: datetime | None = None
    failures: tuple[tuple[str, str], ...] = ()
    version: str = ""
    failing_since: datetime | None = None
    every: int = 1

    def failed(self, at: datetime, failures: tuple[tuple[str, str], ...]) -> SourceState:
        """The state after a failed read: what was known before stays, and how far it goes."""
        reasons = {reason for _, reason in failures}
        state = NOT_ENABLED if reasons and reasons <= NOT_ENABLED_REASONS else FAILING
        return replace(self, state=state, attempted_at=at, failures=failures, failing_since=self.failing_since or self.data_through)

    def stale(self, now: datetime) -> bool:
        return self.age_ratio(now) > 1

    def age_ratio(self, now: datetime) -> float:
        """Its age over its limit; 0 where nothing has come yet, or nothing has to come."""
        limit = FRESH_FOR.get(self.source)
        return (now - self.data_through) / (limit + timedelta(hours=self.every - 1)) if limit and self.data_through else 0.0


@dataclass(frozen=True)
class CustomerStatus:
    """All sources of a customer; `generation` changes whenever anything new has landed, and kept answers die with it.

    `changed_at` is when one of the states was last written. `choices` are the names of what the customer has chosen itself, each with
    its value's digest: what isn't in here needn't be read. `prospects` are what lay ahead when costs were last settled.
    """

    generation: str = ""
    sources: dict[str, SourceState] = field(default_factory=dict)
    changed_at: datetime | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    prospects: Prospects | None = None

    def age_ratio(self, now: datetime) -> float:
        """Of the oldest source; what isn't switched on, or knows nothing of the customer, is nobody's failure."""
        told = (state for state in self.sources.values() if state.state not in (NOT_ENABLED, NO_DATA))
        return max((state.age_ratio(now) for state in told), default=0.0)

    def settled(self, now: datetime) -> bool:
        """Whether the last write is long enough ago for every replica to have it, so that the cheaper read tells the same."""
        return self.changed_at is not None and now - self.changed_at >= REPLICATED_AFTER


@dataclass(frozen=True)
class Drop:
    """One key of the exports bucket. `months` tells, per month (its first day), the accounts it has rows of and the last day with one.

    `state` is ok or rejected; a rejected drop keeps the digest and months of what it failed to replace. `etag` is the digest of what
    was looked at last, `taken_at` when all that it brings was there to be asked for. While it is being taken in, `settling` are the
    months to settle and `stale` the origins to forget, so that whoever takes over after a crash knows.

    `export` and `period` (its first day) are of what came through the payer's export: the customer's share of a billing period.
    """

    key: str
    kind: str
    digest: str
    received_at: datetime
    state: str
    etag: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    rows: int = 0
    taken_at: datetime | None = None
    settling: tuple[date, ...] = ()
    stale: tuple[str, ...] = ()
    months: dict[date, tuple[tuple[str, ...], date]] = field(default_factory=dict)
    export: str = ""
    period: date | None = None

    @property
    def origin(self) -> str:
        """What its cost parts are kept under: of this content and this key alone."""
        return origin_of(self.key, self.digest)


def origin_of(key: str, digest: str) -> str:
    """Ends in what tells the key apart, so that whatever a key has ever brought can be found."""
    return f"{digest[:24]}{hashlib.sha256(key.encode()).hexdigest()[:16]}"
