"""Cost Explorer's own forecast of a customer's next month, where the deployment pays for it: $0.01 a customer and day."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.exact import ONE, quotient
from chalicelib.domain.period import next_month
from chalicelib.domain.prospect import INTERVAL, Forecast
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.sources.calls import named

METHOD = "cost-explorer"
METRIC = "NET_UNBLENDED_COST"
"""What `billed` is from Cost Explorer."""


class CostForecast:
    method = METHOD

    def __init__(self, client: Any, spend: Callable[[int], None]) -> None:
        """`spend` is told of the call that is about to be made, and may refuse."""
        self._client, self._spend = client, spend

    def read(self, accounts: Collection[str], today: date, billing_view: str = "") -> tuple[str, Forecast]:
        """(currency, the forecast of the month after `today`'s) of what these accounts are billed; SourceUnavailable."""
        self._spend(1)
        with named(COST_EXPLORER):
            return to_forecast(get_cost_forecast(self._client, accounts, today, billing_view), next_month(today))


def get_cost_forecast(client: Any, accounts: Collection[str], today: date, billing_view: str) -> dict[str, Any]:
    """This month's rest and the next month: the period must not begin after today."""
    request: dict[str, Any] = {
        "TimePeriod": {"Start": today.isoformat(), "End": next_month(next_month(today)).isoformat()},
        "Metric": METRIC,
        "Granularity": "MONTHLY",
        "Filter": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": sorted(accounts)}},
        "PredictionIntervalLevel": INTERVAL,
    }
    if billing_view:
        request["BillingViewArn"] = billing_view
    answer: dict[str, Any] = client.get_cost_forecast(**request)
    return answer


def to_forecast(answer: dict[str, Any], month: date) -> tuple[str, Forecast]:
    """The entry of that month; SourceUnavailable when there is none."""
    for entry in answer["ForecastResultsByTime"]:
        if entry["TimePeriod"]["Start"] == month.isoformat():
            names = ("MeanValue", "PredictionIntervalLowerBound", "PredictionIntervalUpperBound")
            amount, low, high = (quotient(Decimal(entry[name]), ONE) for name in names)
            return answer["Total"]["Unit"], Forecast(month, amount, low, high, METHOD, "", 0)
    raise SourceUnavailable(COST_EXPLORER, "IncompleteSeries")
