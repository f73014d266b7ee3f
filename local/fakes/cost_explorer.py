"""Cost Explorer's GetCostAndUsage, GetDimensionValues and GetCostForecast over records in memory, refusals and paging included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from werkzeug.wrappers import Request, Response

from chalicelib.domain.period import next_month
from local.fakes.cost_records import DIMENSIONS, CostRecord, CostRecords, Groups
from local.fakes.cost_request import days_of, filter_of, group_by_of, metrics_of, offset_of, periods_of
from local.fakes.faults import Faults, Refused
from local.fakes.http import App, json_app, json_response

TARGET = "AWSInsightsIndexService."
FINAL_AFTER = 5
"""A closed month's days are final after this day of the next month."""
_STATUS = {"InternalServerException": 500, "ServiceUnavailableException": 503}
_USAGE_METRICS = ("NormalizedUsageAmount", "UsageQuantity")
Entry = tuple[int, dict[str, Any] | None]
"""(which period, a group of it or None for a period without groups)"""


class FakeCostExplorer(Faults):
    """`clock` and `records` may be replaced at any time; `calls` are the operations answered or refused, in order."""

    def __init__(self, records: Iterable[CostRecord], clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.page_size = 1000
        self.repeat_token = False
        self.calls: list[str] = []
        self.load(records)

    def load(self, records: Iterable[CostRecord]) -> None:
        self._records = CostRecords(records)

    @property
    def app(self) -> App:
        return json_app(self._answer)

    def _answer(self, request: Request) -> Response:
        operation = request.headers.get("X-Amz-Target", "").removeprefix(TARGET)
        self.calls.append(operation)
        try:
            body = json.loads(request.get_data() or b"{}")
            self.raise_due()
            return json_response(self._operation(operation)(body), content_type="application/x-amz-json-1.1")
        except Refused as refused:
            document = {"__type": refused.code, "message": refused.message}
            return json_response(document, _STATUS.get(refused.code, 400), "application/x-amz-json-1.1")

    def _operation(self, name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        known = {
            "GetCostAndUsage": self._cost_and_usage,
            "GetDimensionValues": self._dimension_values,
            "GetCostForecast": self._cost_forecast,
        }
        if name not in known:
            raise Refused("UnknownOperationException", f"the fake has no {name}")
        return known[name]

    def _cost_and_usage(self, body: dict[str, Any]) -> dict[str, Any]:
        periods = periods_of(body, self._today())
        metrics, group_by = metrics_of(body), group_by_of(body)
        groups = self._records.group([days_of(*period) for period in periods], metrics, group_by, filter_of(body))
        entries = _entries(groups, metrics) if group_by else [(number, None) for number in range(len(periods))]
        page, token = self._page(entries, body)
        results: dict[int, dict[str, Any]] = {}
        for number, group in page:
            total = {} if group_by else _amounts(metrics, groups[number].get((), []))
            result = results.setdefault(number, {**self._result(*periods[number]), "Total": total})
            if group:
                result["Groups"].append(group)
        answer = {"ResultsByTime": list(results.values()), "DimensionValueAttributes": [], **token}
        return answer | ({"GroupDefinitions": body["GroupBy"]} if group_by else {})

    def _result(self, start: date, end: date) -> dict[str, Any]:
        final_from = next_month(start) + timedelta(days=FINAL_AFTER)
        period = {"Start": start.isoformat(), "End": end.isoformat()}
        return {"TimePeriod": period, "Groups": [], "Estimated": self._today() < final_from}

    def _dimension_values(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("Dimension") not in DIMENSIONS:
            raise Refused("ValidationException", f"the fake has no dimension {body.get('Dimension')}")
        days = {day for period in periods_of({**body, "Granularity": "DAILY"}, self._today()) for day in days_of(*period)}
        values = self._records.values(body["Dimension"], days, filter_of(body))
        values = [value for value in values if body.get("SearchString", "").lower() in value.lower()]
        page, token = self._page(values, body)
        found = [{"Value": value, "Attributes": {}} for value in page]
        return {"DimensionValues": found, "ReturnSize": len(found), "TotalSize": len(values), **token}

    def _cost_forecast(self, body: dict[str, Any]) -> dict[str, Any]:
        """Every day as the last thirty were on average, give or take a tenth; months, the first from Start on."""
        start, end = (date.fromisoformat(body["TimePeriod"][key]) for key in ("Start", "End"))
        if start > self._today() or body.get("Granularity") != "MONTHLY":
            raise Refused("ValidationException", "the fake forecasts MONTHLY, from today on")
        metric = "".join(word.capitalize() for word in body["Metric"].split("_"))
        past = days_of(self._today() - timedelta(days=30), self._today())
        sums = self._records.group([past], [metric], [], filter_of(body))[0].get((), [])
        daily = Decimal(f"{sums[0]:f}" if sums else 0) / 30
        results, first = [], start
        while first < end:
            last = min(next_month(first), end)
            mean = daily * (last - first).days
            period = {"Start": first.isoformat(), "End": last.isoformat()}
            bounds = {
                "PredictionIntervalLowerBound": f"{mean * Decimal('0.9'):f}",
                "PredictionIntervalUpperBound": f"{mean * Decimal('1.1'):f}",
            }
            results.append({"TimePeriod": period, "MeanValue": f"{mean:f}", **bounds})
            first = last
        return {"Total": {"Amount": f"{daily * (end - start).days:f}", "Unit": "USD"}, "ForecastResultsByTime": results}

    def _today(self) -> date:
        return self.clock().astimezone(UTC).date()

    def _page(self, items: list[Any], body: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
        """One page and, where more follows, its NextPageToken; a token belongs to the request that it was given for."""
        request = crc32(json.dumps({key: body[key] for key in sorted(body) if key != "NextPageToken"}).encode())
        start = offset_of(body.get("NextPageToken"), f"{request:08x}")
        end = start + self.page_size
        if self.repeat_token:
            return items[start:end], {"NextPageToken": f"{request:08x}-0"}
        return items[start:end], {"NextPageToken": f"{request:08x}-{end}"} if end < len(items) else {}


def _entries(groups: list[Groups], metrics: list[str]) -> list[Entry]:
    """Every period's groups in the order of their keys; a period without any is kept as one entry."""
    return [
        (number, {"Keys": list(key), "Metrics": _amounts(metrics, its_groups[key])} if key else None)
        for number, its_groups in enumerate(groups)
        for key in sorted(its_groups) or [()]
    ]


def _amounts(metrics: list[str], sums: list[Any]) -> dict[str, dict[str, str]]:
    return {
        metric: {"Amount": f"{amount:f}", "Unit": "N/A" if metric in _USAGE_METRICS else "USD"}
        for metric, amount in zip(metrics, sums or [0] * len(metrics), strict=True)
    }
