"""The numbers in docs/api.md are what its own commands give, and the ones that can be added up by hand are the seed's own records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

from chalicelib import wiring
from local import fill
from local.seed import cost_records
from ops.keys import issue
from tests.e2e.embedded import NOW, Embedded, started

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
ROW = re.compile(r"^\| ([a-z-]+) \| `([^`]+)` \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
FEBRUARY = (date(2026, 2, 1), date(2026, 3, 1))
Row = tuple[str, str, str, str]


def rows() -> list[Row]:
    """(customer, path, member, value) of the section's table."""
    section = DOCS.read_text().split("## Worked numbers")[1].split("\n## ")[0]
    return [(found[1], found[2], found[3], found[4].strip()) for found in ROW.finditer(section)]


@pytest.fixture(scope="module")
def demo() -> Iterator[Embedded]:
    """The demo customers, filled as `make run` does it, on the day that the docs speak of."""
    with started() as aws:
        aws.reset()
        aws.services = replace(aws.services, sleep=partial(_pass, aws))
        wiring.use(aws.services)
        for customer in aws.customers:
            aws.services.customers.create(customer)

        def tell(line: str) -> None:
            word, _, at = line.partition(" ")
            if word in ("points", "hub"):
                clock = datetime.fromisoformat(at)
                (aws.aws.points if word == "points" else aws.aws.hub).clock = lambda: clock

        fill.fill(aws.services, list(aws.customers), NOW, tell)
        aws.now = NOW
        aws.aws.points.clock = aws.aws.hub.clock = aws.clock
        yield aws


def _pass(aws: Embedded, seconds: float) -> None:
    """Whoever waits for a turn finds that time has passed."""
    aws.now += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def answers(demo: Embedded) -> Iterator[Any]:
    import app  # needs the environment of the embedded AWS

    keys = {customer.id: issue(demo.services, customer.id, ("read",))[0] for customer in demo.customers}
    with Client(app.app) as client:

        def answer(customer: str, path: str) -> Any:
            found = client.http.get(path, headers={"X-API-Key": keys[customer]})
            assert found.status_code == 200, found.body
            return json.loads(found.body, parse_float=Decimal)

        yield answer


def member_of(answer: Any, path: str) -> Any:
    """breakdown.AWS Lambda -> answer["breakdown"]["AWS Lambda"]; a number is a place in a list."""
    return reduce(lambda value, name: value[int(name)] if isinstance(value, list) else value[name], path.split("."), answer)


def test_the_docs_have_numbers_of_every_customer_and_kind() -> None:
    named = {(customer, path.partition("?")[0]) for customer, path, _, _ in rows()}
    assert {customer for customer, _ in named} == {"acme-retail", "borealis-health", "cobalt-games"}
    assert len({path for _, path in named}) >= 6


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_a_command_gives_the_number_that_the_docs_say(answers: Any, row: Row) -> None:
    customer, path, member, value = row
    found = member_of(answers(customer, path), member)
    assert (str(found) if not isinstance(found, bool | None) else json.dumps(found)) == value


def spent(demo: Embedded, customer: str, first: date, end: date, service: str | None = None) -> Decimal:
    """Plainly added up, of the records that the demo's Cost Explorer holds."""
    accounts = next(one for one in demo.customers if one.id == customer).account_ids
    chosen = (
        record.amounts["NetUnblendedCost"]
        for record in cost_records(demo.seeded)
        if record.account in accounts and first <= record.day < end and service in (None, record.service)
    )
    return reduce(WIDE.add, chosen, Decimal(0))


@pytest.mark.parametrize("customer", ["acme-retail", "borealis-health", "cobalt-games"])
def test_februarys_numbers_in_the_docs_are_the_seeds_records_added_up_by_hand(demo: Embedded, customer: str) -> None:
    told = {(path, member): value for named, path, member, value in rows() if named == customer}
    month = "/analytics/costs?start=2026-02-01&end=2026-03-01&compare=2026-01-01/2026-02-01"
    now, then = spent(demo, customer, *FEBRUARY), spent(demo, customer, date(2026, 1, 1), FEBRUARY[0])
    assert Decimal(told[month, "total"]) == now
    assert Decimal(told[month, "change.amount"]) == now - then
    assert Decimal(told["/analytics/statements/2026-02", "statements.0.total"]) == now.quantize(Decimal("0.01"), context=WIDE)


def test_the_spike_in_the_docs_is_what_the_seed_planted(demo: Embedded) -> None:
    told = {(path, member): value for named, path, member, value in rows() if named == "acme-retail"}
    path = "/analytics/costs/anomalies?start=2026-02-01&end=2026-03-01"
    day = date.fromisoformat(told[path, "anomalies.0.day"])
    assert Decimal(told[path, "anomalies.0.actual"]) == spent(demo, "acme-retail", day, day + timedelta(days=1), "AWS Lambda")
    assert 24 <= (NOW.astimezone(UTC).date() - day).days <= 26
