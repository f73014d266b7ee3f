"""What a customer asks of its score and its controls, parsed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.findings import DISABLED, FAILED, NO_DATA, PASSED, SEVERITIES, UNKNOWN
from chalicelib.domain.period import DAY, LONGEST_MONTHS, is_midnight, minus_months, parse_instant
from chalicelib.usecases.questions.costs import CostQuestion, cost_question
from chalicelib.usecases.questions.paging import PAGE, Position, limit_of, position_of
from chalicelib.usecases.questions.parameters import LONGEST_TOP, Parameters, check_names, one, top_of

STATES = (FAILED, UNKNOWN, NO_DATA, PASSED, DISABLED)
"""Worst first."""
COMPLIANCE_PARAMETERS = ("framework", "top")
CONTROLS_PARAMETERS = ("framework", "state", "severity", *PAGE)
CONTROL_PARAMETERS = EXCEPTION_PARAMETERS = PAGE
CHANGES_PARAMETERS = ("from", "to", "framework", "top")
RISK_PARAMETERS = ("period", "start", "end", "cost", "currency", "top")
TOP_ISSUES = 10
USUAL_CHANGES = 30 * DAY


@dataclass(frozen=True)
class ComplianceQuestion:
    """`top` None lists every failing control."""

    framework: str | None
    top: int | None


@dataclass(frozen=True)
class ControlsQuestion:
    """No states or severities are all of them."""

    framework: str | None
    states: tuple[str, ...]
    severities: tuple[str, ...]
    limit: int
    after: Position | None


@dataclass(frozen=True)
class ControlQuestion:
    """`control_id` as it stood in the path."""

    control_id: str
    limit: int
    after: Position | None


@dataclass(frozen=True)
class ChangesQuestion:
    """From the state of one day to that of another."""

    first: date
    last: date
    framework: str | None
    top: int


def compliance_question(parameters: Parameters, now: datetime) -> ComplianceQuestion:
    """Compliance takes no period: it is now."""
    check_names(parameters, COMPLIANCE_PARAMETERS)
    return ComplianceQuestion(one(parameters, "framework"), top_of(parameters) or TOP_ISSUES)


def controls_question(parameters: Parameters, now: datetime) -> ControlsQuestion:
    check_names(parameters, CONTROLS_PARAMETERS)
    states, severities = _among(parameters, "state", STATES), _among(parameters, "severity", SEVERITIES)
    after = position_of(parameters, int, int, int, str, str)
    return ControlsQuestion(one(parameters, "framework"), states, severities, limit_of(parameters), after)


def control_question(control_id: str, parameters: Parameters, now: datetime) -> ControlQuestion:
    check_names(parameters, CONTROL_PARAMETERS)
    return ControlQuestion(control_id, limit_of(parameters), position_of(parameters, str, str))


def changes_question(parameters: Parameters, now: datetime) -> ChangesQuestion:
    check_names(parameters, CHANGES_PARAMETERS)
    last = _day(parameters, "to") or now.date()
    if last > now.date():
        raise InvalidInput(("to", "must not lie in the future"))
    first = _day(parameters, "from") or last - USUAL_CHANGES
    if first >= last:
        raise InvalidInput(("from", "must be before to"))
    if first < minus_months(last, LONGEST_MONTHS):
        raise InvalidInput(("from", f"must be at most {LONGEST_MONTHS} months before to"))
    return ChangesQuestion(first, last, one(parameters, "framework"), top_of(parameters) or LONGEST_TOP)


def risk_question(parameters: Parameters, now: datetime) -> CostQuestion:
    check_names(parameters, RISK_PARAMETERS)
    return cost_question(parameters, now)


def _among(parameters: Parameters, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """The values given, each once and as `allowed` spells it."""
    spelt = {value.lower(): value for value in allowed}
    given = [str(value).lower() for value in parameters.get(name, ())]
    if any(value not in spelt for value in given):
        raise InvalidInput((name, "must be one of " + ", ".join(allowed)))
    return tuple(value for value in allowed if value.lower() in given)


def _day(parameters: Parameters, name: str) -> date | None:
    text = one(parameters, name)
    instant = None if text is None else parse_instant(text, name)
    if instant is not None and not is_midnight(instant):
        raise InvalidInput((name, "must be a whole UTC day"))
    return None if instant is None else instant.date()
