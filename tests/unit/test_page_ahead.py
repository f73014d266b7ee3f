"""The forecast as a chart of costs continues it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from chalicelib.routes.pages.ahead import ahead_of

DAY = timedelta(days=1)


def costs(first: date, through: date, end: date, amount: str | None = "10", **forecast: Any) -> dict[str, Any]:
    """An answer by day: known from `first` up to `through`, asked for up to `end`, on the day `through`."""
    days = [first + number * DAY for number in range((end - first).days)]
    following = (through.replace(day=28) + 5 * DAY).replace(day=1)
    told = {"month": f"{following:%Y-%m}", "amount": "620", "low": "310", "high": "930", "this_month": "310", "this_month_low": "305"}
    told = {**told, "this_month_high": "320", **forecast}
    return {
        "currency": "USD",
        "window": {"granularity": "day"},
        "data_through": f"{through}T00:00:00Z",
        "series": [
            {"start": f"{day}T00:00:00Z", "end": f"{day + DAY}T00:00:00Z", "amount": Decimal(amount) if amount and day < through else None}
            for day in days
        ],
        "forecast": {name: Decimal(value) if value and name != "month" else value for name, value in told.items()},
    }


def test_what_is_left_of_the_month_and_the_next_one_are_spread_evenly_over_their_days() -> None:
    answer = costs(date(2026, 10, 1), date(2026, 11, 26), date(2026, 11, 27), this_month="290", this_month_low="270", this_month_high="310")
    answer["forecast"] |= {"amount": Decimal(620), "low": Decimal(310), "high": Decimal(930)}
    ahead = ahead_of(answer)
    assert ahead
    found = {label: amounts for label, *amounts in ahead.points}
    assert list(found) == [str(date(2026, 11, 27) + number * DAY) for number in range(len(found))], (
        "on from the day after the last one asked for"
    )
    assert found["2026-11-27"] == [Decimal(4), Decimal(8), Decimal(12)], "250 of November are known, five days are left"
    assert found["2026-12-01"] == [Decimal(10), Decimal(20), Decimal(30)], "a day of 31"
    assert len(found) < len(answer["series"]), "never longer than what it continues"


def test_the_rest_of_a_month_isnt_told_where_the_chart_doesnt_hold_all_that_it_has_cost() -> None:
    for answer in (
        costs(date(2026, 11, 5), date(2026, 11, 26), date(2026, 11, 27)),
        costs(date(2026, 10, 1), date(2026, 11, 26), date(2026, 11, 27), this_month=None),
    ):
        ahead = ahead_of(answer)
        assert ahead
        assert min(label for label, *_ in ahead.points) == "2026-12-01"


def test_by_month_the_next_one_follows_as_it_is() -> None:
    answer = costs(date(2026, 10, 1), date(2026, 11, 26), date(2026, 11, 27)) | {"window": {"granularity": "month"}}
    months = [f"2026-{month:02}-01T00:00:00Z" for month in (9, 10, 11, 12)]
    answer["series"] = [{"start": start, "end": end, "amount": Decimal(1)} for start, end in pairwise(months)]
    ahead = ahead_of(answer)
    assert ahead
    assert ahead.points == (("2026-12-01", Decimal(310), Decimal(620), Decimal(930)),)


def test_what_lies_ahead_never_stands_before_the_end_of_the_window() -> None:
    answer = costs(date(2026, 10, 1), date(2026, 11, 26), date(2026, 11, 27)) | {"window": {"granularity": "month"}}
    months = [f"{month}-01T00:00:00Z" for month in ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02")]
    answer["series"] = [{"start": start, "end": end, "amount": None} for start, end in pairwise(months)]
    assert ahead_of(answer) is None


def test_nothing_follows_where_nothing_is_forecast_or_the_window_is_over() -> None:
    past = costs(date(2026, 9, 1), date(2026, 11, 26), date(2026, 10, 1))
    past["series"] = [entry for entry in past["series"] if entry["start"] < "2026-10-01"]
    assert ahead_of(past) is None
    open_ = costs(date(2026, 10, 1), date(2026, 11, 26), date(2026, 11, 27))
    for changed in ({"forecast": open_["forecast"] | {"amount": None}}, {"currency": None}, {"data_through": None}, {"series": []}):
        assert ahead_of(open_ | changed) is None
