"""Two writers of one month, a transaction that is refused, and accounts that came or went: nothing is lost, nothing is another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.compliance import Finding
from chalicelib.domain.consumption import value
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.customer import Account
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.period import DAY, Window, iso, midnight
from chalicelib.domain.usage import UsageBucket, merge
from chalicelib.routes import events
from chalicelib.stores.metrics import Metrics
from chalicelib.usecases.aggregation import findings
from chalicelib.usecases.aggregation.aggregate import forever
from local.aws import create_reader_role
from tests.adapters.conftest import NOW
from tests.adapters.feeds import Feeds
from tests.adapters.test_late import ACCOUNT, FIRST, LAST, LATE, known, point, run
from tests.adapters.test_late import feeds as feeds
from tests.adapters.test_rollups import bucket
from tests.e2e.embedded import CLOSED
from tests.fakes import Clock

OTHER = "700000000002"


def usage_day(number: int) -> UsageBucket:
    start = midnight(date(2026, 8, number))
    return merge([bucket(start, {("a", "eu-west-1"): str(number)})], start)


def test_two_writers_of_one_months_item_lose_none_of_each_others_days(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    real, others = metrics.usage._target, [usage_day(number) for number in range(8, 15)]

    def target(*named: Any) -> Any:
        found = real(*named)
        while others:  # another worker, between reading and writing
            days, others[:] = list(others), []
            metrics.usage.put("acme", days)
        return found

    monkeypatch.setattr(metrics.usage, "_target", target)
    metrics.usage.put("acme", [usage_day(number) for number in range(1, 8)])
    assert metrics.usage.read("acme", date(2026, 8, 1), date(2026, 8, 31)) == [usage_day(number) for number in range(1, 15)]


class Conflicting:
    """A client whose transactions always meet another one."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **_: Any) -> None:
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        raise ClientError({"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "TransactWriteItems")


def test_a_month_that_cannot_be_written_keeps_its_days(metrics: Metrics, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = Random(1)
    names = [f"{numbers.getrandbits(160):x}" for _ in range(5000)]

    def day(number: int) -> CostDay:
        amounts = (Decimal(numbers.getrandbits(50)).scaleb(-10) for _ in names)
        made = [CostLine("1", name, "", "", "AWS", "Usage", "USD", amount, None, None) for name, amount in zip(names, amounts, strict=True)]
        return CostDay.of(date(2026, 11, number), made, totals_of(made), False, ())

    metrics.costs.put("acme", [day(number) for number in range(1, 15)])
    clock.now = datetime(2026, 12, 5, tzinfo=NOW.tzinfo)
    with monkeypatch.context() as patch:
        patch.setattr(metrics.costs._dynamo, "_client", Conflicting(metrics.costs._dynamo._client))
        patch.setattr(metrics.costs._dynamo, "_pause", lambda seconds: None)
        with pytest.raises(StoreUnavailable):
            metrics.costs.fold("acme")
    assert len(metrics.costs.read("acme", date(2026, 11, 1), date(2026, 11, 30))) == 14
    metrics.costs.fold("acme")
    assert len(metrics.costs.read("acme", date(2026, 11, 1), date(2026, 11, 30))) == 14


def finding(name: str) -> Finding:
    return Finding(name, "aws/securityhub", "S3.1", "S3.1", "HIGH", "FAILED", False, NOW, "1", "us-east-1", ("r",), ())


def test_an_account_whose_findings_were_all_gone_takes_findings_again(metrics: Metrics) -> None:
    for held in ((finding("a"),), (), (finding("b"),)):
        assert metrics.hub.change("acme", "1", lambda _, held=held: held)  # type: ignore[misc]
        assert metrics.hub.findings("acme")["1"] == held


def test_an_account_is_nobodys_before_it_was_the_customers(feeds: Feeds) -> None:
    feeds.aws.services.customers.put(replace(LATE, accounts=(Account(ACCOUNT, since=CLOSED.date()),)))
    run(feeds, "customer")
    run(feeds, "daily")
    assert not any(known(feeds, Window(midnight(CLOSED.date()) - 13 * DAY, midnight(CLOSED.date()))).values())
    assert any(known(feeds, Window(midnight(CLOSED.date()), CLOSED)).values())


def test_a_day_keeps_what_an_account_had_that_is_not_read_any_more(feeds: Feeds) -> None:
    feeds.use(hours_kept=timedelta(days=7))
    grant(feeds, OTHER)
    metric = (OTHER, "us-east-1", "AWS/ApiGateway", "Count", (("ApiName", "two"),))
    feeds.aws.aws.points.add(metric, [point(hour, 1000) for hour in Window(FIRST, LAST).hours()])
    feeds.aws.services.customers.put(replace(LATE, accounts=(Account(ACCOUNT), Account(OTHER))))
    run(feeds, "usage", CLOSED, CLOSED - 20 * DAY)
    day = (CLOSED - 10 * DAY).date()

    def said() -> Iterator[Any]:
        return (value(found, "api_calls") for found in feeds.aws.services.metrics.usage.read(LATE.id, day, day))

    before = list(said())
    feeds.aws.services.customers.put(replace(LATE, former=(Account(OTHER, until=CLOSED.date()),)))
    run(feeds, "customer")
    run(feeds, "daily")
    assert list(said()) == before
    assert before[0]


def test_a_finding_of_an_account_that_has_just_moved_is_not_told_to_who_had_it(feeds: Feeds) -> None:
    services, (giver, taker) = feeds.aws.services, feeds.aws.customers[:2]
    moved = giver.accounts[0]
    for customer in (giver, taker):
        services.customers.put(customer)
    findings.sweep(services.collaborators, giver, CLOSED, forever)
    services.known_owners()  # which a container remembers for five minutes
    services.customers.put(replace(giver, accounts=giver.accounts[1:], former=(replace(moved, until=CLOSED.date()),)))
    services.customers.put(replace(taker, accounts=(*taker.accounts, replace(moved, since=CLOSED.date()))))
    told = {
        "Id": "theirs",
        "UpdatedAt": iso(NOW),
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "AwsAccountId": moved.id,
        "GeneratorId": "S3.1",
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.1"},
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Id": "r"}],
    }
    events._take_events([told])
    assert "theirs" not in {found.id for held in services.metrics.hub.findings(giver.id).values() for found in held}


def grant(feeds: Feeds, account: str) -> None:
    """The account's role as it should be, whatever was before."""
    feeds.deny(account)
    create_reader_role(account, LATE.external_id)


def test_an_account_that_answers_again_is_caught_up_though_another_one_fails(feeds: Feeds) -> None:
    start = CLOSED - 10 * DAY
    feeds.aws.services.customers.put(replace(LATE, accounts=(Account(ACCOUNT), Account(OTHER))))
    grant(feeds, ACCOUNT)
    grant(feeds, OTHER)
    run(feeds, "customer", start)
    feeds.deny(ACCOUNT)
    for day in range(1, 5):
        run(feeds, "customer", start + day * DAY)
    grant(feeds, ACCOUNT)
    feeds.deny(OTHER)
    for day in range(5, 8):
        run(feeds, "customer", start + day * DAY)
    held = feeds.aws.services.metrics.hours.read(LATE.id, Window(start, start + 4 * DAY))
    assert sum(any(scope.startswith(ACCOUNT) for scope in hour.covered) for hour in held) == 4 * 24
