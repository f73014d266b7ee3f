"""A customer that is read through its own billing view: nothing of what the payer pays ever becomes its costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostLine, CostPart, totals_of
from chalicelib.domain.customer import UNALLOCATED
from chalicelib.domain.payer import Split
from chalicelib.domain.period import Window, iso
from chalicelib.domain.spend import Chosen, total_of
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.sources.cost_explorer import CostExplorer
from chalicelib.usecases.aggregation import aggregate
from local.seed import cost_records
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED, Line

VIEW = "arn:aws:billing::123456789012:billingview/pro-forma"


def line(account: str, amount: int) -> CostLine:
    return CostLine(account, "Amazon S3", "us-east-1", "Storage", "AWS", "Usage", "USD", Decimal(amount), Decimal(amount), None)


class Costs:
    """What the payer pays is 10 a day and account; through the view it is 7."""

    name = COST_EXPLORER

    def __init__(self, accounts: tuple[str, ...]) -> None:
        self.accounts, self.views = accounts, list[str]()

    def read(self, window: Window, billing_view: str = "") -> Mapping[str, tuple[CostPart, ...]]:
        self.views.append(billing_view)
        lines = {account: (line(account, 7 if billing_view else 10),) for account in self.accounts}
        return {
            account: tuple(CostPart(day, COST_EXPLORER, account, its, totals_of(its), True) for day in window.days())
            for account, its in lines.items()
        }


def daily(feeds: Feeds, customer_id: str) -> Decimal | None:
    days = feeds.aws.services.metrics.costs.read(customer_id, date(2026, 3, 2), date(2026, 3, 2))
    return total_of(days, "billed", Chosen(Selection(), "USD")) if days else None


def test_its_costs_come_through_the_view_and_no_one_elses_do(feeds: Feeds) -> None:
    acme, borealis, cobalt = feeds.aws.customers
    viewing = replace(cobalt, billing_view=VIEW)
    for customer in (acme, viewing):
        feeds.aws.services.customers.put(customer)
    costs, queue = Costs((*acme.account_ids, *cobalt.account_ids, *borealis.account_ids)), Line()
    with_ = replace(feeds.aws.services.collaborators, costs=costs, queue=queue)
    aggregate.run(with_, {"job": "costs", "end": iso(CLOSED)})
    while queue.jobs:
        aggregate.run(with_, queue.jobs.pop(0))
    assert sorted(costs.views) == ["", VIEW]
    assert {name: daily(feeds, name) for name in (acme.id, viewing.id, UNALLOCATED)} == {
        acme.id: 20,
        viewing.id: 7,
        UNALLOCATED: 20,
    }, "borealis isn't there, so its two accounts are nobody's"


def test_of_the_payers_export_it_gets_nothing(feeds: Feeds) -> None:
    acme, _, cobalt = feeds.aws.customers
    split = Split([acme, replace(cobalt, billing_view=VIEW)])
    for account in (acme.account_ids[0], cobalt.account_ids[0]):
        split.add(date(2026, 3, 2), line(account, 10))
    assert list(split.sums) == [acme.id]


def test_every_request_of_a_series_names_the_view(feeds: Feeds) -> None:
    feeds.aws.aws.costs.load(cost_records(feeds.aws.seeded))
    asked: list[Any] = []
    client = feeds.aws.services.client("ce")

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params.get("BillingViewArn"))

    client.meta.events.register("provide-client-params.ce", note)
    try:
        source = CostExplorer(client, lambda pages: None)
        source.read(Window(CLOSED.replace(day=1, hour=0), CLOSED.replace(hour=0)), VIEW)
        assert asked
        assert set(asked) == {VIEW}
        asked.clear()
        source.read(Window(CLOSED.replace(day=1, hour=0), CLOSED.replace(hour=0)))
        assert set(asked) == {None}
    finally:
        client.meta.events.unregister("provide-client-params.ce", note)
