"""What a customer says of controls: exceptions of failing ones, attestations of ones without data. All of it ends, none is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from chalicelib.domain.controls import ControlState
from chalicelib.domain.findings import FAILED, NO_DATA, PASSED, UNKNOWN
from chalicelib.domain.period import DAY

EXCEPTION, ATTESTATION = "exception", "attestation"
EXCEPTED = "excepted"
"""The state of a control that the score with exceptions leaves out; beside the findings' own."""
ACTIVE, EXPIRED, REVOKED = "active", "expired", "revoked"
SOON = 30 * DAY


@dataclass(frozen=True)
class Declaration:
    """In effect in [created_at, expires_at), or until it is revoked. `resource` None is the whole control; by whom are credentials' ids."""

    id: str
    kind: str
    control_id: str
    resource: str | None
    reason: str
    approver: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    @property
    def ends_at(self) -> datetime:
        return self.expires_at if self.revoked_at is None else min(self.revoked_at, self.expires_at)

    def in_effect(self, at: datetime) -> bool:
        return self.created_at <= at < self.ends_at

    def status(self, now: datetime) -> str:
        if now < self.ends_at:
            return ACTIVE
        return EXPIRED if self.ends_at == self.expires_at else REVOKED


@dataclass(frozen=True)
class Exceptions:
    """All declarations of a customer, oldest first."""

    NAME: ClassVar[str] = "exceptions"

    declarations: tuple[Declaration, ...] = ()


class InEffect:
    """The declarations that are in effect at an instant; of several of one control or resource the one that lasts longest."""

    def __init__(self, declarations: Iterable[Declaration], at: datetime) -> None:
        self.at = at
        self.declarations = sorted((one for one in declarations if one.in_effect(at)), key=lambda one: (one.expires_at, one.id))
        self._of = {(one.kind, one.control_id, one.resource): one for one in self.declarations}

    def exception(self, control_id: str, resource: str | None = None) -> Declaration | None:
        """Of the resource, or of the control as a whole."""
        return self._of.get((EXCEPTION, control_id, resource))

    def attestation(self, control_id: str) -> Declaration | None:
        return self._of.get((ATTESTATION, control_id, None))

    def counted(self, control: ControlState, state: str) -> str:
        """What the score with exceptions makes of a control in that state.

        A failing or unknown control with an exception leaves the score, and so does one whose failing resources all have one; one
        without data that was attested is passed. A pass stays a pass.
        """
        if state in (FAILED, UNKNOWN) and self.exception(control.id):
            return EXCEPTED
        if state == FAILED and control.resources and all(self.exception(control.id, resource) for resource in control.resources):
            return EXCEPTED
        return PASSED if state == NO_DATA and self.attestation(control.id) else state

    def all_counted(self, scoped: Iterable[tuple[ControlState, str]]) -> Mapping[str, str]:
        """Per control's id."""
        return {control.id: self.counted(control, state) for control, state in scoped}


def next_turn(declarations: Iterable[Declaration], now: datetime) -> datetime | None:
    """When the next of them stops being in effect, or comes to be about to: what was said until then isn't true any longer."""
    turns = (at for one in declarations if now < one.ends_at for at in (one.ends_at, one.expires_at - SOON))
    return min((at for at in turns if at > now), default=None)


def ending_within(declarations: Iterable[Declaration], now: datetime, time: timedelta) -> list[Declaration]:
    """Those in effect that expire by then, soonest first."""
    return sorted((one for one in declarations if one.in_effect(now) and one.expires_at <= now + time), key=lambda one: one.expires_at)
