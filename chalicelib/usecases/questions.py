"""What a customer asks, parsed once: parameters of a request or of a report become a question, or an error that names them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.breakdown import DIMENSIONS, Selection
from chalicelib.domain.cost import BASES
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import DEFAULT_PERIOD, Window, default_granularity, parse_instant, parse_period, parse_range

Parameters = Mapping[str, Sequence[str]]
FILTERS = DIMENSIONS
WINDOW_PARAMETERS = ("period", "start", "end", "granularity")
USAGE_PARAMETERS = (*WINDOW_PARAMETERS, "breakdown", "top", *FILTERS)
COST_PARAMETERS = (*USAGE_PARAMETERS, "cost", "currency", "as_of")
COMPLIANCE_PARAMETERS = ("framework", "top")
TOP_ISSUES = 10
LONGEST_TOP = 1000
LONGEST_TEXT = 300
MOST_VALUES = 50
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True)
class UsageQuestion:
    period: str
    window: Window
    granularity: str
    by: tuple[str, ...]
    selection: Selection
    top: int | None


@dataclass(frozen=True)
class CostQuestion(UsageQuestion):
    basis: str
    currency: str | None
    as_of: datetime | None


@dataclass(frozen=True)
class ComplianceQuestion:
    """`top` None lists every failing control."""

    framework: str | None
    top: int | None


def usage_question(parameters: Parameters, now: datetime) -> UsageQuestion:
    check_names(parameters, USAGE_PARAMETERS)
    period, window = _window(parameters, now)
    return UsageQuestion(
        period, window, _granularity(parameters, window, "hour"), _by(parameters), _selection(parameters), _top(parameters)
    )


def cost_question(parameters: Parameters, now: datetime) -> CostQuestion:
    """Costs are by day: a finer period, instant or granularity is refused."""
    check_names(parameters, COST_PARAMETERS)
    period, window = _window(parameters, now)
    if not window.whole_days:
        field = "period" if "period" in parameters else "start" if window.start.hour or window.start.minute else "end"
        raise InvalidInput((field, "costs are by whole UTC day"))
    basis = one(parameters, "cost") or "billed"
    if basis not in BASES:
        raise InvalidInput(("cost", "must be one of " + ", ".join(BASES)))
    currency = one(parameters, "currency")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise InvalidInput(("currency", "must be a three-letter code like USD"))
    granularity = _granularity(parameters, window, "day")
    as_of = _as_of(parameters, now)
    return CostQuestion(period, window, granularity, _by(parameters), _selection(parameters), _top(parameters), basis, currency, as_of)


def _as_of(parameters: Parameters, now: datetime) -> datetime | None:
    text = one(parameters, "as_of")
    if text is None:
        return None
    instant = parse_instant(text, "as_of")
    if instant > now:
        raise InvalidInput(("as_of", "must not lie in the future"))
    return instant


def compliance_question(parameters: Parameters, now: datetime) -> ComplianceQuestion:
    """Compliance takes no period: it is now."""
    check_names(parameters, COMPLIANCE_PARAMETERS)
    return ComplianceQuestion(one(parameters, "framework"), _top(parameters) or TOP_ISSUES)


def check_names(parameters: Parameters, allowed: Sequence[str]) -> None:
    unknown = [(name, "is not a parameter here") for name in parameters if name not in allowed]
    if unknown:
        raise InvalidInput(*unknown)


def one(parameters: Parameters, name: str) -> str | None:
    """The parameter's value, None when it isn't given; given twice, empty or too long is refused."""
    values = _texts(parameters, name)
    if len(values) > 1:
        raise InvalidInput((name, "is given more than once"))
    return values[0] if values else None


def _texts(parameters: Parameters, name: str) -> tuple[str, ...]:
    values = tuple(parameters.get(name, ()))
    if any(not value or len(value) > LONGEST_TEXT for value in values):
        raise InvalidInput((name, f"must hold 1 to {LONGEST_TEXT} characters"))
    if len(values) > MOST_VALUES:
        raise InvalidInput((name, f"may be given {MOST_VALUES} times"))
    return values


def _window(parameters: Parameters, now: datetime) -> tuple[str, Window]:
    period, start, end = (one(parameters, name) for name in ("period", "start", "end"))
    if start is None and end is None:
        return period or DEFAULT_PERIOD, parse_period(period or DEFAULT_PERIOD, now)
    if period is not None:
        raise InvalidInput(("period", "can't be given with start and end"))
    if start is None or end is None:
        raise InvalidInput(("start" if start is None else "end", "must be given, too"))
    window = parse_range(start, end)
    if any(instant.minute or instant.second for instant in (window.start, window.end)):
        raise InvalidInput(("start" if window.start.minute or window.start.second else "end", "must be a whole hour"))
    return f"{start}/{end}", window


def _granularity(parameters: Parameters, window: Window, finest: str) -> str:
    granularity = one(parameters, "granularity") or default_granularity(window, finest)
    allowed = ("hour", "day", "month")[0 if finest == "hour" else 1 :]
    if granularity not in allowed:
        raise InvalidInput(("granularity", "must be one of " + ", ".join(allowed)))
    return granularity


def _by(parameters: Parameters) -> tuple[str, ...]:
    by = tuple((one(parameters, "breakdown") or "service").split(","))
    known = all(name in DIMENSIONS or (name.startswith("tag:") and len(name) > 4) for name in by)
    if not known or len(by) > 2 or len(set(by)) != len(by):
        raise InvalidInput(("breakdown", f"must be one or two of {', '.join(DIMENSIONS)} or tag:<key>, joined by a comma"))
    return by


def _selection(parameters: Parameters) -> Selection:
    return Selection(**{name: _texts(parameters, name) for name in FILTERS})


def _top(parameters: Parameters) -> int | None:
    text = one(parameters, "top")
    if text is None:
        return None
    if not _COUNT.fullmatch(text) or int(text) > LONGEST_TOP:
        raise InvalidInput(("top", f"must be a whole number from 1 to {LONGEST_TOP}"))
    return int(text)
