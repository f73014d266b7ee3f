"""Cost Explorer -> cost lines of all accounts at once, in two groupings and an ungrouped total to hold them against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.domain.cost import CostLine, CostPart, SourceTotal, add_lines, totals_of
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.names import AWS, service_category, service_name
from chalicelib.domain.period import Window
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.sources.calls import named, pages

METRICS = ("NetUnblendedCost", "NetAmortizedCost", "UnblendedCost", "AmortizedCost")
USAGE_TYPES = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation")
CHARGE_CATEGORY = {
    **dict.fromkeys(USAGE_TYPES, "Usage"),
    "Tax": "Tax",
    "Credit": "Credit",
    **dict.fromkeys(("Fee", "RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "Support"), "Purchase"),
}
NO_REGION = "NoRegion"
Row = tuple[date, tuple[str, ...], dict[str, dict[str, str]], bool]
"""(day, group keys, metrics, estimated)"""


class CostExplorer:
    """Each page costs $0.01, so one series serves every customer; only whole series count."""

    name = COST_EXPLORER

    def __init__(self, client: Any, spend: Callable[[int], None]) -> None:
        """`spend` is told of every page that is about to be asked for, and may refuse."""
        self._client = _Paid(client, spend)

    def read(self, window: Window, billing_view: str = "") -> Mapping[str, tuple[CostPart, ...]]:
        """Per account that Cost Explorer knows, its parts: every day of the window, also those without a cost.

        Through a billing view (its ARN) they are what the view says, a pro forma one at the rates that its owner set.
        """
        client = self._client.through(billing_view)
        with named(self.name):
            regions = list(get_dimension_values(client, "REGION", window))
            types = list(get_dimension_values(client, "RECORD_TYPE", window))
            lines: list[tuple[Row, str, str]] = []
            for region in regions:
                wanted = {"And": [_is("REGION", region), _is("RECORD_TYPE", *USAGE_TYPES)]}
                lines += [(row, region, "Usage") for row in get_cost_and_usage(client, window, ("LINKED_ACCOUNT", "SERVICE"), wanted)]
            for record_type in sorted(set(types) - set(USAGE_TYPES)):
                rows = get_cost_and_usage(client, window, ("LINKED_ACCOUNT", "SERVICE"), _is("RECORD_TYPE", record_type))
                lines += [(row, "", record_type) for row in rows]
            totals = list(get_cost_and_usage(client, window, ("LINKED_ACCOUNT",), None))
        return to_parts(lines, totals, window)


class _Paid:
    """The client, each of whose calls is counted before it is made; `more` goes with every request."""

    def __init__(self, client: Any, spend: Callable[[int], None], more: Mapping[str, str] | None = None) -> None:
        self._client, self._spend, self._more = client, spend, more or {}

    def through(self, billing_view: str) -> _Paid:
        return _Paid(self._client, self._spend, {"BillingViewArn": billing_view}) if billing_view else self

    def get_dimension_values(self, **request: Any) -> dict[str, Any]:
        self._spend(1)
        answer: dict[str, Any] = self._client.get_dimension_values(**request, **self._more)
        return answer

    def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
        self._spend(1)
        answer: dict[str, Any] = self._client.get_cost_and_usage(**request, **self._more)
        return answer


def _is(dimension: str, *values: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": dimension, "Values": list(values)}}


def _period(window: Window) -> dict[str, str]:
    return {"Start": window.start.date().isoformat(), "End": window.end.date().isoformat()}


def get_dimension_values(client: Any, dimension: str, window: Window) -> Iterator[str]:
    for page in pages(COST_EXPLORER, client.get_dimension_values, "NextPageToken", Dimension=dimension, TimePeriod=_period(window)):
        for value in page["DimensionValues"]:
            yield value["Value"]


def get_cost_and_usage(client: Any, window: Window, group_by: tuple[str, ...], wanted: dict[str, Any] | None) -> Iterator[Row]:
    """Every row of one daily series, over all its pages; SourceUnavailable when a day of the window is missing."""
    request: dict[str, Any] = {
        "TimePeriod": _period(window),
        "Granularity": "DAILY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in group_by],
    }
    if wanted:
        request["Filter"] = wanted
    days: set[date] = set()
    for page in pages(COST_EXPLORER, client.get_cost_and_usage, "NextPageToken", **request):
        for result in page["ResultsByTime"]:
            day = date.fromisoformat(result["TimePeriod"]["Start"])
            days.add(day)
            for group in result.get("Groups", []):
                yield day, tuple(group["Keys"]), group["Metrics"], bool(result.get("Estimated"))
            yield day, (), {}, bool(result.get("Estimated"))
    if days != set(window.days()):
        raise SourceUnavailable(COST_EXPLORER, "IncompleteSeries")


def _amounts(metrics: dict[str, dict[str, str]]) -> tuple[str, Decimal | None, Decimal | None, None]:
    """(currency, billed, effective, list): net where it is given, else gross."""
    billed = metrics.get("NetUnblendedCost") or metrics.get("UnblendedCost")
    effective = metrics.get("NetAmortizedCost") or metrics.get("AmortizedCost")
    currency = next((metric["Unit"] for metric in (billed, effective) if metric), "USD")
    return currency, Decimal(billed["Amount"]) if billed else None, Decimal(effective["Amount"]) if effective else None, None


def to_line(row: Row, region: str, record_type: str) -> CostLine:
    _, (account, name), metrics, _ = row
    service = service_name(name)
    place = "" if region == NO_REGION else region
    category = CHARGE_CATEGORY.get(record_type, "Adjustment")
    return CostLine(account, service, place, service_category(service), AWS, category, *_amounts(metrics))


def to_parts(lines: list[tuple[Row, str, str]], totals: list[Row], window: Window) -> dict[str, tuple[CostPart, ...]]:
    """Per account one part for every day of the window; accounts are those that have any row at all."""
    by_place: dict[tuple[str, date], list[CostLine]] = {}
    own: dict[tuple[str, date], list[SourceTotal]] = {}
    estimated: set[date] = {row[0] for row in [*totals, *(row for row, _, _ in lines)] if row[3]}
    gross = any(metrics and "NetUnblendedCost" not in metrics for _, _, metrics, _ in totals)
    for row, region, record_type in lines:
        if row[1]:
            by_place.setdefault((row[1][0], row[0]), []).append(to_line(row, region, record_type))
    for day, keys, metrics, _ in totals:
        if keys:
            own.setdefault((keys[0], day), []).append(SourceTotal(keys[0], *_amounts(metrics)))
    accounts = {account for account, _ in [*by_place, *own]}
    return {
        account: tuple(
            CostPart(
                day,
                COST_EXPLORER,
                account,
                add_lines(by_place.get((account, day), [])),
                totals_of(own.get((account, day), [])),
                day in estimated,
                "unblended" if gross else "",
            )
            for day in window.days()
        )
        for account in sorted(accounts)
    }
