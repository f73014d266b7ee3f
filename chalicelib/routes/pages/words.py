"""What is asked for, in words for people."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from chalicelib.domain.cadence import CRON, HOURLY, MONTHLY, QUARTERLY, WEEKLY, Cadence
from chalicelib.domain.reporting import CUSTOM

SHORTEST_MONTH, LONGEST_MONTH = 28, 31

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


def cadence_words(cadence: Cadence) -> str:
    """Like: every Monday at 07:00 Europe/London."""
    at = f"at {cadence.at:%H:%M} {cadence.zone}"
    if cadence.kind == HOURLY:
        return f"every hour at :{cadence.minute:02} {cadence.zone}"
    if cadence.kind == CRON:
        return f"by cron {cadence.cron} {cadence.zone}"
    if cadence.kind == WEEKLY:
        return f"{_weekdays(cadence.weekdays)} {at}"
    if cadence.kind == MONTHLY:
        return f"{_of_month(cadence.day)} of every month {at}"
    if cadence.kind == QUARTERLY:
        return f"{_of_month(cadence.day)} of January, April, July and October {at}"
    return f"every day {at}"


def _weekdays(days: Sequence[int]) -> str:
    names = [day_name[day] for day in sorted(days)]
    if len(names) == len(day_name):
        return "every day"
    return "every " + (f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0])


def _of_month(day: int) -> str:
    if day == LONGEST_MONTH:
        return "on the last day"
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"on the {day}{ending}" + (" (or the last day)" if day > SHORTEST_MONTH else "")
