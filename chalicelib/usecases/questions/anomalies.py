"""What a customer asks of anomalies, parsed once: the parameters of costs that make sense here, and two thresholds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.anomalies import Thresholds
from chalicelib.domain.breakdown import Selection
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import Window
from chalicelib.usecases.questions.costs import cost_question
from chalicelib.usecases.questions.parameters import FILTERS, Parameters, check_names, one

THRESHOLDS = ("floor", "percent")
SHARED = ("period", "start", "end", *FILTERS, "cost", "currency", "top")
ANOMALY_PARAMETERS = (*SHARED, *THRESHOLDS)
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)


@dataclass(frozen=True)
class AnomalyQuestion:
    """`top` None lists every anomaly."""

    period: str
    window: Window
    selection: Selection
    basis: str
    currency: str | None
    thresholds: Thresholds
    top: int | None


def anomaly_question(parameters: Parameters, now: datetime) -> AnomalyQuestion:
    """Like costs by whole days; a threshold is a plain decimal that isn't negative."""
    check_names(parameters, ANOMALY_PARAMETERS)
    costs = cost_question({name: values for name, values in parameters.items() if name in SHARED}, now)
    usual = Thresholds()
    thresholds = Thresholds(*(_decimal(parameters, name, getattr(usual, name)) for name in THRESHOLDS))
    return AnomalyQuestion(costs.period, costs.window, costs.selection, costs.basis, costs.currency, thresholds, costs.top)


def _decimal(parameters: Parameters, name: str, default: Decimal) -> Decimal:
    text = one(parameters, name)
    if text is None:
        return default
    if not _DECIMAL.fullmatch(text):
        raise InvalidInput((name, "must be a decimal like 10 or 2.5, not negative, with at most ten places"))
    return Decimal(text)
