"""Compliance: findings become controls, controls become a score. Definition `securityhub-2026`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from chalicelib.domain.controls import ControlState, Known, control_states
from chalicelib.domain.findings import DISABLED as DISABLED
from chalicelib.domain.findings import FAILED as FAILED
from chalicelib.domain.findings import NO_DATA as NO_DATA
from chalicelib.domain.findings import PASSED as PASSED
from chalicelib.domain.findings import SECURITY_HUB as SECURITY_HUB
from chalicelib.domain.findings import SEVERITIES as SEVERITIES
from chalicelib.domain.findings import STALE_AFTER as STALE_AFTER
from chalicelib.domain.findings import UNKNOWN as UNKNOWN
from chalicelib.domain.findings import Finding as Finding
from chalicelib.domain.findings import Sweep as Sweep
from chalicelib.domain.findings import headline_product as headline_product
from chalicelib.domain.findings import latest_by_id as latest_by_id
from chalicelib.domain.findings import state_of

DEFINITION = "securityhub-2026"


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
class DayScore:
    """What a day's last state counts: what a series of days needs, and cheaper to read."""

    day: date
    as_of: datetime
    source: str
    product: str
    overall: Evaluation
    frameworks: dict[str, Evaluation]

    def knows(self, framework: str | None) -> bool:
        return framework is None or framework in self.frameworks

    def evaluation(self, framework: str | None) -> Evaluation:
        """Of all controls, or of a framework's."""
        return self.overall if framework is None else self.frameworks.get(framework, Evaluation())


@dataclass(frozen=True)
class ComplianceDay(DayScore):
    """A day's last state. `controls` are the ones known with their standards, so that a vanished one is no data, not forgotten.

    `states` tells of each of them; days that were kept before there was such a thing have none.
    """

    controls: dict[str, tuple[str, ...]]
    states: tuple[ControlState, ...] = ()

    def scoped(self, framework: str | None) -> Iterator[tuple[ControlState, str]]:
        """The controls (a framework's) with the state that counts there."""
        return ((control, control.state_in(framework)) for control in self.states if framework is None or framework in control.standards)


def evaluate(
    findings: Iterable[Finding], controls: Iterable[str], now: datetime, stale_after: timedelta | None, disabled: frozenset[str]
) -> tuple[Evaluation, dict[str, str]]:
    """One product's findings (already one per Id), and every control's state. `controls` are all that are known, with findings or not."""
    evidence: dict[str, list[Finding]] = {control: [] for control in controls}
    for finding in findings:
        evidence[finding.control_id] += [finding] if finding.counts else []
    states = {control: DISABLED if control in disabled else state_of(found, now, stale_after) for control, found in evidence.items()}
    failing: list[Finding] = []
    for control, found in evidence.items():
        if control not in disabled:
            failing += _distinct([finding for finding in found if finding.status == "FAILED" and not finding.stale(now, stale_after)])
    severities = {severity: sum(finding.severity == severity for finding in failing) for severity in SEVERITIES}
    values = list(states.values())
    passed, failed, unknown, no_data, off = (values.count(state) for state in (PASSED, FAILED, UNKNOWN, NO_DATA, DISABLED))
    return Evaluation(passed, failed, unknown, no_data, off, severities, _issues(failing)), states


def _distinct(failed: list[Finding]) -> list[Finding]:
    """Of Security Hub's one per account, region and resources, however many standards repeat the check; of others all."""
    distinct: dict[tuple[object, ...], Finding] = {}
    for finding in failed:
        repeats = finding.product == SECURITY_HUB
        distinct.setdefault((finding.account, finding.region, finding.resources) if repeats else (finding.id,), finding)
    return list(distinct.values())


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
    known: Mapping[str, tuple[str, ...]] | None = None,
    disabled: frozenset[tuple[str, str]] = frozenset(),
    before: ComplianceDay | None = None,
) -> ComplianceDay:
    """The state at `now`. `known` are controls of earlier days with their standards; `disabled` are (control, standard) switched off.

    `before` is the last state there was: since when controls are known and failing goes on from it.
    """
    held = [finding for finding in latest_by_id(findings) if finding.product == product]
    controls = {control: set(standards) for control, standards in (known or {}).items()}
    for finding in held:
        controls.setdefault(finding.control_id, set()).update(finding.standards)
    off = frozenset(
        control for control, standards in controls.items() if standards and all((control, standard) in disabled for standard in standards)
    )
    overall, states = evaluate(held, controls, now, stale_after, off)
    frameworks: dict[str, Evaluation] = {}
    in_standards: dict[str, dict[str, str]] = {}
    for standard in sorted({standard for standards in controls.values() for standard in standards}):
        its_controls = [control for control, standards in controls.items() if standard in standards]
        its_findings = [finding for finding in held if standard in finding.standards]
        its_disabled = frozenset(control for control in its_controls if (control, standard) in disabled)
        frameworks[standard], in_standards[standard] = evaluate(its_findings, its_controls, now, stale_after, its_disabled)
    standards_of = {control: tuple(sorted(standards)) for control, standards in sorted(controls.items())}
    told = control_states(held, standards_of, states, in_standards, now, stale_after, _known(before, product))
    return ComplianceDay(now.date(), now, source, product, overall, frameworks, standards_of, told)


def _known(before: ComplianceDay | None, product: str) -> Known:
    """What the last state tells of controls; another product's is none of theirs."""
    if before is None or before.product != product:
        return Known()
    return Known({control.id: control for control in before.states}, frozenset(before.controls))
