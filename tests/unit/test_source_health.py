"""How all sources of all customers are, and what is paid for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, OK, PARTIAL, CustomerStatus, SourceState
from chalicelib.usecases.health import Costs, Health, health_of
from tests.fakes import FakeDirectory

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
COSTS = Costs({CLOUDWATCH: 1_000_000, COST_EXPLORER: 5000}, 1)


def state(source: str = CLOUDWATCH, state: str = OK, hours: float | None = 1) -> SourceState:
    return SourceState(source, state, NOW, None if hours is None else NOW - timedelta(hours=hours), NOW)


def health(costs: Costs = COSTS, spent: Any = None, **sources: list[SourceState]) -> Health:
    """Of customers by name; who is called `gone` is disabled."""
    directory = FakeDirectory([Customer(name, name, (), "x", NOW, disabled=name == "gone") for name in sources])
    statuses = {name: CustomerStatus("g", {one.source: one for one in states}) for name, states in sources.items()}
    metrics: Any = SimpleNamespace(statuses=lambda ids: {name: statuses[name] for name in ids})
    ledger: Any = SimpleNamespace(spent=lambda day: (spent or {}).get(day, {}))
    return health_of(directory, metrics, ledger, costs, NOW)  # type: ignore[arg-type]


def test_all_is_well_where_every_source_is() -> None:
    told = health(acme=[state(), state(COST_EXPLORER, hours=20)], bora=[state(hours=2.5)])
    assert told.status == "ok"
    assert [(one["source"], one["state"], one["customers"], one["failing"], one["stale"], one["age_hours"]) for one in told.sources] == [
        (CLOUDWATCH, OK, 2, 0, 0, 2),
        (COST_EXPLORER, OK, 1, 0, 0, 20),
    ]


def test_one_source_of_one_customer_that_fails_is_told_and_so_is_one_that_is_old() -> None:
    failing = health(acme=[state()], bora=[state(state=PARTIAL)], cora=[state(state=FAILING)])
    assert (failing.status, failing.sources[0]["state"], failing.sources[0]["failing"]) == ("degraded", FAILING, 2)
    old = health(acme=[state()], bora=[state(hours=3.5)])
    assert (old.status, old.sources[0]["state"], old.sources[0]["stale"]) == ("degraded", OK, 1)


def test_a_source_that_has_told_nothing_yet_has_no_age() -> None:
    (told,) = health(acme=[state(hours=None)]).sources
    assert (told["data_through"], told["age_hours"]) == (None, None)


def test_a_disabled_customer_is_nobodys_trouble() -> None:
    told = health(gone=[state(state=FAILING)], acme=[state()])
    assert (told.status, [one["customer_id"] for one in told.customers]) == ("ok", ["acme"])


def test_a_month_is_told_by_the_dearer_of_two_days_and_cloudwatch_also_by_how_often_it_is_read() -> None:
    spent = {date(2026, 11, 25): {CLOUDWATCH: 100}, date(2026, 11, 24): {CLOUDWATCH: 1000, COST_EXPLORER: 2}}
    hub, pages = health(Costs(COSTS.caps, 3), spent).paid
    assert (hub["today"], hub["yesterday"], hub["usd_today"], hub["usd_a_month"]) == (100, 1000, Decimal("0.001"), Decimal("0.3"))
    assert (hub["usd_a_month_hourly"], hub["usd_a_month_six_hourly"]) == (Decimal("0.9"), Decimal("0.15"))
    assert (pages["unit"], pages["usd_a_month"], "usd_a_month_hourly" in pages) == ("pages asked", Decimal("0.6"), False)
