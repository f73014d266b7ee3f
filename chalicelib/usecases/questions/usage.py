"""What a customer asks of usage, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.period import Window
from chalicelib.usecases.questions.parameters import (
    FILTERS,
    WINDOW_PARAMETERS,
    Comparison,
    Parameters,
    breakdown_of,
    check_names,
    comparison_of,
    granularity_of,
    selection_of,
    top_of,
    window_of,
)

USAGE_PARAMETERS = (*WINDOW_PARAMETERS, "breakdown", "top", "compare", *FILTERS)


@dataclass(frozen=True)
class UsageQuestion:
    period: str
    window: Window
    granularity: str
    by: tuple[str, ...]
    selection: Selection
    top: int | None
    compare: Comparison


def usage_question(parameters: Parameters, now: datetime) -> UsageQuestion:
    check_names(parameters, USAGE_PARAMETERS)
    period, window = window_of(parameters, now)
    return UsageQuestion(
        period,
        window,
        granularity_of(parameters, window, "hour"),
        breakdown_of(parameters),
        selection_of(parameters),
        top_of(parameters),
        comparison_of(parameters, "hour"),
    )
