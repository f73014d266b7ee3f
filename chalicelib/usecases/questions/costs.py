"""What a customer asks of costs, parsed once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.domain.breakdown import TAG, Selection
from chalicelib.domain.cost import BASES, USAGE_CHARGE
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.period import parse_instant
from chalicelib.usecases.questions.parameters import (
    Parameters,
    breakdown_of,
    check_names,
    comparison_of,
    granularity_of,
    one,
    selection_of,
    texts_of,
    top_of,
    window_of,
)
from chalicelib.usecases.questions.usage import USAGE_PARAMETERS, UsageQuestion

COST_PARAMETERS = (*USAGE_PARAMETERS, "cost", "currency", "as_of", "charges")
UNIT_PARAMETERS = ("period", "start", "end", "region", "account", "cost", "currency")
CHARGES = {"all": (), "usage": (USAGE_CHARGE,)}
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)
_HOURS = re.compile(r"[0-9]+h", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True)
class CostQuestion(UsageQuestion):
    basis: str
    currency: str | None
    as_of: datetime | None


def cost_question(parameters: Parameters, now: datetime) -> CostQuestion:
    """Costs are by day: a finer period, instant or granularity is refused."""
    check_names(parameters, COST_PARAMETERS, tags=True)
    period, window = window_of(parameters, now)
    if not window.whole_days or _HOURS.fullmatch(period):  # 24h are a whole day by chance in the first hour of the next one
        field = "period" if "period" in parameters else "start" if window.start.hour or window.start.minute else "end"
        raise InvalidInput((field, "costs are by whole UTC day"))
    basis = one(parameters, "cost") or "billed"
    if basis not in BASES:
        raise InvalidInput(("cost", "must be one of " + ", ".join(BASES)))
    currency = one(parameters, "currency")
    if currency is not None and not CURRENCY.fullmatch(currency):
        raise InvalidInput(("currency", "must be a three-letter code like USD"))
    granularity = granularity_of(parameters, window, "day")
    return CostQuestion(
        period,
        window,
        granularity,
        breakdown_of(parameters),
        cost_selection(parameters),
        top_of(parameters),
        comparison_of(parameters, "day"),
        basis,
        currency,
        _as_of(parameters, now),
    )


def unit_question(parameters: Parameters, now: datetime) -> CostQuestion:
    """Effective cost unless another basis is asked for: billed usage is nothing where a savings plan pays for it."""
    check_names(parameters, UNIT_PARAMETERS)
    return cost_question({"cost": ["effective"], **parameters}, now)


def month_question(month: str, parameters: Parameters, now: datetime) -> date:
    """The first day of the month that a path names; NotFound for anything else."""
    check_names(parameters, ())
    if not _MONTH.fullmatch(month):
        raise NotFound("a month is named like 2026-10")
    return date(int(month[:4]), int(month[5:]), 1)


def nothing_asked(parameters: Parameters, now: datetime) -> None:
    check_names(parameters, ())


def cost_selection(parameters: Parameters) -> Selection:
    """Filters by name, by tag and by charge category."""
    charges = one(parameters, "charges") or "all"
    if charges not in CHARGES:
        raise InvalidInput(("charges", "must be one of " + ", ".join(sorted(CHARGES))))
    tags = tuple((name.removeprefix(TAG), texts_of(parameters, name)) for name in sorted(parameters) if name.startswith(TAG))
    return replace(selection_of(parameters), charge_category=CHARGES[charges], tags=tags)


def _as_of(parameters: Parameters, now: datetime) -> datetime | None:
    text = one(parameters, "as_of")
    if text is None:
        return None
    instant = parse_instant(text, "as_of")
    if instant > now:
        raise InvalidInput(("as_of", "must not lie in the future"))
    return instant
