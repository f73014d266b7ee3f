"""Cost Explorer's own forecast, where it is paid for: asked once a day, its failures named, and ours where it gives none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.period import DAY
from chalicelib.domain.prospect import METHOD
from chalicelib.domain.rates import MARKUP, Plan, Rates
from chalicelib.sources.cost_forecast import CostForecast, to_forecast
from chalicelib.usecases.aggregation.costs import read_costs, series_window
from local.seed import cost_records
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED

TODAY, APRIL = CLOSED.date(), date(2026, 4, 1)
ANSWER: dict[str, Any] = {
    "Total": {"Amount": "5123.40", "Unit": "USD"},
    "ForecastResultsByTime": [
        {
            "TimePeriod": {"Start": start, "End": end},
            "MeanValue": mean,
            "PredictionIntervalLowerBound": "2300.125",
            "PredictionIntervalUpperBound": "2700.5000009",
        }
        for start, end, mean in (("2026-03-04", "2026-04-01", "2600.40"), ("2026-04-01", "2026-05-01", "2523.0000005"))
    ],
}
"""In the shape of AWS's service model."""


def test_the_next_months_entry_is_read_exactly_to_six_places() -> None:
    currency, told = to_forecast(ANSWER, APRIL)
    assert (currency, told.month, told.method) == ("USD", APRIL, "cost-explorer")
    assert (told.amount, told.low, told.high) == (Decimal("2523.000000"), Decimal("2300.125"), Decimal("2700.500001"))


def test_an_answer_without_the_month_is_a_named_failure() -> None:
    with pytest.raises(SourceUnavailable) as failure:
        to_forecast(ANSWER, date(2026, 6, 1))
    assert failure.value.reason == "IncompleteSeries"


class Refusing:
    def get_cost_forecast(self, **request: Any) -> Any:
        raise ClientError({"Error": {"Code": "DataUnavailableException", "Message": "secret"}}, "GetCostForecast")


def test_a_refusal_is_named_by_awss_code_and_says_nothing_more() -> None:
    spent: list[int] = []
    with pytest.raises(SourceUnavailable) as failure:
        CostForecast(Refusing(), spent.append).read(("1",), TODAY)
    assert (failure.value.reason, spent) == ("DataUnavailableException", [1])
    assert "secret" not in str(failure.value)


@pytest.fixture
def acme(feeds: Feeds) -> Customer:
    feeds.aws.aws.costs.load(cost_records(feeds.aws.seeded))
    customer = feeds.aws.customers[0]
    feeds.aws.services.customers.put(customer)
    return customer


def settle(feeds: Feeds, customer: Customer, now: Any = CLOSED, source: Any = None) -> Any:
    """What is kept of the customer's next month once Cost Explorer's costs are settled."""
    with_ = feeds.aws.services.collaborators
    source = source or CostForecast(feeds.aws.services.client("ce"), lambda units: None)
    read_costs(replace(with_, forecast=source), series_window(now), [customer], now)
    return feeds.aws.services.metrics.status(customer.id).prospects.of["USD"]  # type: ignore[union-attr]


def asked(feeds: Feeds) -> int:
    return feeds.aws.aws.costs.calls.count("GetCostForecast")


def test_it_is_asked_once_a_day_for_what_is_billed(feeds: Feeds, acme: Customer) -> None:
    before = asked(feeds)
    kept = settle(feeds, acme)
    mine = [record for record in cost_records(feeds.aws.seeded) if record.account in acme.account_ids]
    month = sum(record.amounts["NetUnblendedCost"] for record in mine if TODAY - 30 * DAY <= record.day < TODAY)
    assert kept["billed"].next_month.amount == month.quantize(Decimal("0.000001"))
    assert (kept["billed"].next_month.method, kept["effective"].next_month.method) == ("cost-explorer", METHOD)
    assert (kept["billed"].months, kept["billed"].mape) == (0, None)
    again = settle(feeds, acme)
    assert again["billed"].next_month == kept["billed"].next_month
    assert asked(feeds) == before + 1
    settle(feeds, acme, CLOSED + DAY)
    assert asked(feeds) == before + 2


def test_where_it_gives_none_ours_stays_with_the_reason(feeds: Feeds, acme: Customer) -> None:
    kept = settle(feeds, acme, source=CostForecast(Refusing(), lambda units: None))
    told = kept["billed"].next_month
    assert (told.method, told.reason) == (METHOD, "ours, as Cost Explorer gave none: DataUnavailableException")
    assert told.amount is not None


def test_a_customer_at_rates_of_its_own_isnt_asked_for(feeds: Feeds, acme: Customer) -> None:
    feeds.aws.services.metrics.choices.change(acme.id, Rates, lambda held: Rates((Plan(date(2026, 1, 1), MARKUP, Decimal(10)),)))
    before = asked(feeds)
    assert settle(feeds, acme)["billed"].next_month.method == METHOD
    assert asked(feeds) == before
