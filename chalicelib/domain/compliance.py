"""Compliance: findings become controls, controls become a score. Definition `securityhub-2026`; no evidence is never a pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

DEFINITION = "securityhub-2026"
SECURITY_HUB = "aws/securityhub"
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
STALE_AFTER = timedelta(hours=48)
FAILED, UNKNOWN, PASSED, NO_DATA, DISABLED = "failed", "unknown", "passed", "no_data", "disabled"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the score needs of one finding. `status` is Compliance.Status, None when the finding has no Compliance at all."""

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


@dataclass(frozen=True)
class Issue:
    """A failing control; failed_resources counts distinct account, region and resource."""

    control_id: str
    title: str
    severity: str
    failed_resources: int


@dataclass(frozen=True)
class Evaluation:
    """Controls counted by state, failed findings by severity, and the failing controls, worst first."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    no_data: int = 0
    disabled: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    @property
    def score(self) -> int | None:
        """round half up(100 * P / (P + F + U)); None when nothing was evaluated."""
        evaluated = self.passed + self.failed + self.unknown
        return None if evaluated == 0 else (200 * self.passed + evaluated) // (2 * evaluated)


@dataclass(frozen=True)
class ComplianceDay:
    """A day's last state. `controls` are the ones known with their standards, so that a vanished one is no data, not forgotten."""

    day: date
    as_of: datetime
    source: str
    product: str
    overall: Evaluation
    frameworks: dict[str, Evaluation]
    controls: dict[str, tuple[str, ...]]


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
    if finding.ignored or finding.status is None:
        return 0
    return {"FAILED": 3, "PASSED": 1}.get(finding.status, 2)


def evaluate(
    findings: Iterable[Finding], controls: Iterable[str], now: datetime, stale_after: timedelta | None, disabled: frozenset[str]
) -> Evaluation:
    """The evaluation of one product's findings (already one per Id). `controls` are all that are known, with findings or without."""
    by_control: dict[str, list[Finding]] = {control: [] for control in controls}
    for finding in findings:
        by_control.setdefault(finding.control_id, []).append(finding)
    counts = dict.fromkeys((FAILED, UNKNOWN, PASSED, NO_DATA, DISABLED), 0)
    failing: list[Finding] = []
    for control, its_findings in by_control.items():
        evidence = [finding for finding in its_findings if not finding.ignored and finding.status is not None]
        counts[DISABLED if control in disabled else _state(evidence, now, stale_after)] += 1
        if control not in disabled:
            failed = [finding for finding in evidence if finding.status == "FAILED" and not _stale(finding, now, stale_after)]
            failing += _distinct(failed)
    severities = {severity: sum(finding.severity == severity for finding in failing) for severity in SEVERITIES}
    return Evaluation(counts[PASSED], counts[FAILED], counts[UNKNOWN], counts[NO_DATA], counts[DISABLED], severities, _issues(failing))


def _distinct(failed: list[Finding]) -> list[Finding]:
    """Of Security Hub's one per account, region and resources, however many standards repeat the check; of others all."""
    distinct: dict[tuple[object, ...], Finding] = {}
    for finding in failed:
        repeats = finding.product == SECURITY_HUB
        distinct.setdefault((finding.account, finding.region, finding.resources) if repeats else (finding.id,), finding)
    return list(distinct.values())


def _stale(finding: Finding, now: datetime, stale_after: timedelta | None) -> bool:
    return stale_after is not None and now - finding.updated_at > stale_after


def _state(findings: list[Finding], now: datetime, stale_after: timedelta | None) -> str:
    statuses = {"STALE" if _stale(finding, now, stale_after) else finding.status for finding in findings}
    if "FAILED" in statuses:
        return FAILED
    if statuses - {"PASSED"}:
        return UNKNOWN
    return PASSED if statuses else NO_DATA


def _issues(failing: list[Finding]) -> tuple[Issue, ...]:
    by_control: dict[str, list[Finding]] = {}
    for finding in failing:
        by_control.setdefault(finding.control_id, []).append(finding)
    issues = [
        Issue(
            control,
            min(finding.title for finding in findings),
            min((finding.severity for finding in findings), key=SEVERITIES.index),
            len({(finding.account, finding.region, resource) for finding in findings for resource in finding.resources}),
        )
        for control, findings in by_control.items()
    ]
    return tuple(sorted(issues, key=lambda issue: (SEVERITIES.index(issue.severity), -issue.failed_resources, issue.control_id)))


def assess(
    source: str,
    product: str,
    findings: Iterable[Finding],
    now: datetime,
    stale_after: timedelta | None = None,
    known: dict[str, tuple[str, ...]] | None = None,
    disabled: frozenset[tuple[str, str]] = frozenset(),
) -> ComplianceDay:
    """The state at `now`. `known` are controls of earlier days with their standards; `disabled` are (control, standard) switched off."""
    held = [finding for finding in latest_by_id(findings) if finding.product == product]
    controls = {control: set(standards) for control, standards in (known or {}).items()}
    for finding in held:
        controls.setdefault(finding.control_id, set()).update(finding.standards)
    off = frozenset(
        control for control, standards in controls.items() if standards and all((control, standard) in disabled for standard in standards)
    )
    frameworks = {}
    for standard in sorted({standard for standards in controls.values() for standard in standards}):
        its_controls = [control for control, standards in controls.items() if standard in standards]
        its_findings = [finding for finding in held if standard in finding.standards]
        its_disabled = frozenset(control for control in its_controls if (control, standard) in disabled)
        frameworks[standard] = evaluate(its_findings, its_controls, now, stale_after, its_disabled)
    return ComplianceDay(
        now.date(),
        now,
        source,
        product,
        evaluate(held, controls, now, stale_after, off),
        frameworks,
        {control: tuple(sorted(standards)) for control, standards in sorted(controls.items())},
    )


def headline_product(findings: Iterable[tuple[datetime, Finding]]) -> str | None:
    """Of dropped findings (with when their drop came) the product dropped last; of one drop's several, the one with most evidence."""
    last: dict[str, datetime] = {}
    evidence: dict[str, int] = {}
    for received, finding in findings:
        last[finding.product] = max(received, last.get(finding.product, received))
        evidence[finding.product] = evidence.get(finding.product, 0) + (finding.status is not None)
    return max(last, key=lambda product: (last[product], evidence[product], product), default=None)
