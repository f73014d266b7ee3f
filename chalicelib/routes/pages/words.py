"""What is asked for, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from chalicelib.domain.reporting import CUSTOM

TYPES = {"usage": "Usage", "costs": "Costs", "compliance": "Compliance", "executive": "Executive summary"}
FORMATS = {"pdf": "PDF", "xlsx": "Excel workbook", "csv": "CSV", "json": "JSON"}
PERIODS = {
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "12m": "Last 12 months",
    "mtd": "This month so far",
    "lastmonth": "Last month",
    "lastweek": "Last week",
    "lastquarter": "Last quarter",
    "yesterday": "Yesterday",
}


def kind_words(kind: str, template: str) -> str:
    return template if kind == CUSTOM else TYPES.get(kind, kind)


def period_words(parameters: Mapping[str, Sequence[str]]) -> str:
    """Days are told with the last one included; a window between other instants as it stands."""
    if "start" not in parameters or "end" not in parameters:
        period = next(iter(parameters.get("period", ())), "30d")
        return PERIODS.get(period, period)
    start, end = parameters["start"][0], parameters["end"][0]
    if len(start) == len(end) == len("2026-11-01"):
        last = (date.fromisoformat(end) - timedelta(days=1)).isoformat()
        return start if start == last else f"{start} to {last}"
    return f"{start} until {end}"
