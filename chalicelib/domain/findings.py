"""Findings: which of several counts, and what those of a control say together. No evidence is never a pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SECURITY_HUB = "aws/securityhub"
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
STALE_AFTER = timedelta(hours=48)
FAILED, UNKNOWN, PASSED, NO_DATA, DISABLED = "failed", "unknown", "passed", "no_data", "disabled"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is needed of one finding. `status` is Compliance.Status, None when the finding has no Compliance at all.

    `types` are the resources' types, one each; `fix` and `fix_url` are the finding's own remediation, '' where it has none.
    """

    id: str
    product: str
    control_id: str
    title: str
    severity: str
    status: str | None
    ignored: bool
    updated_at: datetime
    account: str
    region: str
    resources: tuple[str, ...]
    standards: tuple[str, ...]
    types: tuple[str, ...] = ()
    fix: str = ""
    fix_url: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is evidence: of the score's business, and neither archived nor suppressed."""
        return self.status is not None and not self.ignored

    def stale(self, now: datetime, after: timedelta | None) -> bool:
        return after is not None and now - self.updated_at > after


@dataclass(frozen=True)
class Sweep:
    """A read of all findings on its way: how many chunks of accounts are done, the next page's token, and what was found so far."""

    started_at: datetime
    chunk: int = 0
    token: str | None = None
    tokens: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def after(self, found: tuple[Finding, ...], token: str | None) -> Sweep:
        findings, tokens = self.findings + found, (*self.tokens, token) if token else ()
        return replace(self, chunk=self.chunk + (token is None), token=token, tokens=tokens, findings=findings)


def latest_by_id(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per product and Id: the latest UpdatedAt wins, of a tie the worse (so a tie counts FAILED)."""
    best: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        held = best.get((finding.product, finding.id))
        if held is None or _newer(finding, held):
            best[finding.product, finding.id] = finding
    return list(best.values())


def _newer(one: Finding, other: Finding) -> bool:
    return (one.updated_at, _weight(one)) > (other.updated_at, _weight(other))


def _weight(finding: Finding) -> int:
    """Of two equally new ones the worse counts: failed, unknown, passed, none of the score's business."""
    return {"FAILED": 3, "PASSED": 1}.get(str(finding.status), 2) if finding.counts else 0


def state_of(findings: Iterable[Finding], now: datetime, stale_after: timedelta | None) -> str:
    """What findings that count say together: failed if any, else unknown if any, else passed; without any, no data."""
    statuses = {"STALE" if finding.stale(now, stale_after) else finding.status for finding in findings}
    if "FAILED" in statuses:
        return FAILED
    if statuses - {"PASSED"}:
        return UNKNOWN
    return PASSED if statuses else NO_DATA


def headline_product(findings: Iterable[tuple[datetime, Finding]]) -> str | None:
    """Of dropped findings (with when their drop came) the product dropped last; of one drop's several, the one with most evidence."""
    last: dict[str, datetime] = {}
    evidence: dict[str, int] = {}
    for received, finding in findings:
        last[finding.product] = max(received, last.get(finding.product, received))
        evidence[finding.product] = evidence.get(finding.product, 0) + (finding.status is not None)
    return max(last, key=lambda product: (last[product], evidence[product], product), default=None)
