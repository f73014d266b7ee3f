"""What a Cost Explorer request asks for; Refused, as AWS words it, when it is a bad one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.domain.period import minus_months, month_start, next_month
from local.fakes.cost_records import DIMENSIONS, METRICS, matches
from local.fakes.faults import Refused

MONTHS_KEPT = 14


def periods_of(body: dict[str, Any], today: date) -> list[tuple[date, date]]:
    """The days or (clipped) months asked for; Refused as AWS does it."""
    try:
        start, end = (date.fromisoformat(body["TimePeriod"][key]) for key in ("Start", "End"))
    except (KeyError, TypeError, ValueError):
        raise Refused("ValidationException", "TimePeriod needs a Start and an End like 2026-01-31") from None
    if end <= start:
        raise Refused("ValidationException", "Start date (and hour) should be before end date (and hour)")
    if end <= month_start(minus_months(today, MONTHS_KEPT)) or start > today:
        raise Refused("DataUnavailableException", "no data for this period")
    following = {"DAILY": lambda day: day + timedelta(days=1), "MONTHLY": next_month}.get(body.get("Granularity", ""))
    if following is None:
        raise Refused("ValidationException", "Granularity must be DAILY or MONTHLY")
    periods = []
    while start < end:
        periods.append((start, min(following(start), end)))
        start = periods[-1][1]
    return periods


def offset_of(token: str | None, request: str) -> int:
    if token is None:
        return 0
    mark, _, offset = token.partition("-")
    if not offset.isdecimal():
        raise Refused("InvalidNextTokenException", "not a token of this service")
    if mark != request:
        raise Refused("RequestChangedException", "the token was given for another request")
    return int(offset)


def days_of(start: date, end: date) -> list[date]:
    return [start + timedelta(days=number) for number in range((end - start).days)]


def metrics_of(body: dict[str, Any]) -> list[str]:
    metrics = list(body.get("Metrics") or [])
    if not metrics or not set(metrics) <= set(METRICS):
        raise Refused("ValidationException", f"Metrics must be some of {', '.join(METRICS)}")
    return metrics


def group_by_of(body: dict[str, Any]) -> list[str]:
    group_by = body.get("GroupBy") or []
    keys = [one.get("Key") for one in group_by if one.get("Type") == "DIMENSION"]
    if len(group_by) > 2 or len(keys) != len(group_by) or not set(keys) <= set(DIMENSIONS) or len(set(keys)) != len(keys):
        raise Refused("ValidationException", f"GroupBy takes at most two different DIMENSIONs of {', '.join(DIMENSIONS)}")
    return keys


def filter_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """The Filter, tried once so that a bad one is refused even where there is nothing to filter."""
    wanted = body.get("Filter")
    matches(wanted, ("", "", "", ""))
    return wanted
