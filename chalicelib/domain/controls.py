"""What a day knows of each control: its state, what it looks at, and since when it is known and failing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.findings import DISABLED, FAILED, NO_DATA, PASSED, SEVERITIES, UNKNOWN, Finding, state_of

RESOURCES_TOLD = 100
"""Of a control that fails on more, a day doesn't keep which: its exceptions are of the control as a whole."""
Resource = tuple[str, str, str]
"""account, region, resource"""


@dataclass(frozen=True, slots=True)
class ControlState:
    """A control on a day; resources are counted per account and region, each by the worst that is said of it.

    `severity` is that of its failing findings, else of all, else the last that was known (Security Hub calls what passes
    INFORMATIONAL). `failing_since` is when it was first read as failing, and stays while nothing tells that it passes; None is unknown.
    `in_standards` are states that differ in a standard, `places` the (account, resource type) that fail, `resources` the failing ones.
    """

    id: str
    title: str
    severity: str
    state: str
    standards: tuple[str, ...]
    failed: int = 0
    passed: int = 0
    unknown: int = 0
    first_seen: datetime | None = None
    failing_since: datetime | None = None
    in_standards: dict[str, str] = field(default_factory=dict)
    places: tuple[tuple[str, str], ...] = ()
    resources: tuple[str, ...] = ()
    fix: str = ""
    fix_url: str = ""

    def state_in(self, framework: str | None) -> str:
        return self.state if framework is None else self.in_standards.get(framework, self.state)


@dataclass(frozen=True)
class Known:
    """Controls as they were told of before; `names` are all that there were, also those of which nothing more is known."""

    controls: Mapping[str, ControlState] = field(default_factory=dict)
    names: Collection[str] = frozenset()

    def first_seen(self, control: str, now: datetime) -> datetime | None:
        if control in self.controls:
            return self.controls[control].first_seen
        return None if control in self.names else now

    def failing_since(self, control: str, state: str, now: datetime) -> datetime | None:
        """A spell without evidence ends nothing; a pass does, and switching the control off."""
        before = self.controls.get(control)
        if state in (UNKNOWN, NO_DATA):
            return before.failing_since if before else None
        if state != FAILED:
            return None
        if before is None:
            return None if control in self.names else now
        return before.failing_since if before.state == FAILED or before.failing_since else now


def control_states(
    findings: Iterable[Finding],
    standards: Mapping[str, tuple[str, ...]],
    states: Mapping[str, str],
    in_standards: Mapping[str, Mapping[str, str]],
    now: datetime,
    stale_after: timedelta | None,
    known: Known,
) -> tuple[ControlState, ...]:
    """Every control of `states`, in order of their ids; `in_standards` are the states per standard, `known` is what was told before."""
    of_control: dict[str, list[Finding]] = {control: [] for control in states}
    for finding in findings:
        of_control[finding.control_id].append(finding)
    return tuple(
        _told(
            control,
            found,
            states[control],
            standards[control],
            {standard: other for standard in standards[control] if (other := in_standards[standard][control]) != states[control]},
            now,
            stale_after,
            known,
        )
        for control, found in sorted(of_control.items())
    )


def _told(
    control: str,
    found: Sequence[Finding],
    state: str,
    standards: tuple[str, ...],
    in_standards: dict[str, str],
    now: datetime,
    stale_after: timedelta | None,
    known: Known,
) -> ControlState:
    evidence = [finding for finding in found if finding.counts and state != DISABLED]
    failing = [finding for finding in evidence if state_of([finding], now, stale_after) == FAILED]
    counts = list(resource_states(evidence, now, stale_after).values())
    before, telling = known.controls.get(control), failing or found
    title = min((finding.title for finding in telling), default=before.title if before else control)
    return ControlState(
        control,
        title,
        _severity(failing, found, before),
        state,
        standards,
        counts.count(FAILED),
        counts.count(PASSED),
        counts.count(UNKNOWN),
        known.first_seen(control, now),
        known.failing_since(control, state, now),
        in_standards,
        tuple(sorted({place for finding in failing for place in _places(finding)})),
        _resources(failing),
        *_fix(telling, before),
    )


def resource_states(evidence: Iterable[Finding], now: datetime, stale_after: timedelta | None) -> dict[Resource, str]:
    """The worst that is said of each resource."""
    states: dict[Resource, str] = {}
    for finding in evidence:
        state = state_of([finding], now, stale_after)
        for resource in finding.resources:
            place = (finding.account, finding.region, resource)
            states[place] = min(state, states.get(place, PASSED), key=(FAILED, UNKNOWN, PASSED).index)
    return states


def _severity(failing: Iterable[Finding], found: Iterable[Finding], before: ControlState | None) -> str:
    least = SEVERITIES[-1]
    worst = min((finding.severity for finding in failing), key=SEVERITIES.index, default=None)
    labelled = worst or min((finding.severity for finding in found), key=SEVERITIES.index, default=least)
    return before.severity if worst is None and labelled == least and before else labelled


def _places(finding: Finding) -> list[tuple[str, str]]:
    return [(finding.account, kind) for kind in finding.types or ("",)]


def _resources(failing: Sequence[Finding]) -> tuple[str, ...]:
    """Nothing where they can't all be named."""
    names = {resource for finding in failing for resource in finding.resources}
    return tuple(sorted(names)) if len(names) <= RESOURCES_TOLD and all(finding.resources for finding in failing) else ()


def _fix(telling: Iterable[Finding], before: ControlState | None) -> tuple[str, str]:
    found = min(((finding.fix, finding.fix_url) for finding in telling if finding.fix or finding.fix_url), default=None)
    return found or ((before.fix, before.fix_url) if before else ("", ""))
