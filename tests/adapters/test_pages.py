"""However many pages a source's answer takes, every item is read once; a page token that comes again is a failure, not a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.compliance import Sweep
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.period import HOUR, Window, midnight
from chalicelib.domain.reading import Registry
from chalicelib.domain.state import Drop
from chalicelib.sources.cloudwatch import CloudWatch, get_points, list_metrics
from chalicelib.sources.cost_explorer import CostExplorer, get_cost_and_usage, get_dimension_values
from chalicelib.sources.security_hub import SecurityHub
from chalicelib.stores.customers import Customers
from chalicelib.stores.customers import _item as customer_item
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import to_items
from chalicelib.stores.metrics import Metrics

NOW = datetime(2026, 3, 4, 14, tzinfo=UTC)
DAY = Window(midnight(NOW.date()) - timedelta(days=1), midnight(NOW.date()))
LAST_HOUR = Window(NOW - HOUR, NOW)
COUNTS = (0, 1, 100, 101, 10_000)
MOST_CALLS = 500
"""More than any of these reads takes: whoever calls more often never ends."""


@dataclass
class Pages:
    """Answers in pages of at most `size`, each but the last with a token; every third page is empty. Or the same token over and over."""

    size: int = 100
    repeats: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)

    def of(self, items: list[Any], request: dict[str, Any], name: str = "NextToken") -> tuple[list[Any], dict[str, Any]]:
        """(the items of the page that the request asks for, what its answer carries of a token)"""
        self.calls.append(request)
        assert len(self.calls) <= MOST_CALLS, "it never ends"
        if self.repeats:
            return items[: self.size], {name: "again"}
        start, _, empty = (request.get(name) or "0/").partition("/")
        here = int(start)
        if here == 2 * self.size and not empty and here < len(items):
            return [], {name: f"{here}/empty"}
        end = here + self.size
        return items[here:end], {name: f"{end}/"} if end < len(items) else {}


def finding(number: int) -> dict[str, Any]:
    return {
        "Id": f"finding/{number}",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "GeneratorId": "S3.1",
        "UpdatedAt": "2026-03-04T10:00:00.000Z",
        "AwsAccountId": "110000000001",
        "Compliance": {"Status": "PASSED"},
    }


def read_findings(count: int, pages: Pages) -> Iterator[object]:
    findings = [finding(number) for number in range(count)]

    class Client:
        def get_findings(self, **request: Any) -> dict[str, Any]:
            found, token = pages.of(findings, request)
            return {"Findings": found, **token}

    source = SecurityHub(Client(), lambda: None)
    sweep, chunks = Sweep(NOW), source.chunks(["110000000001"])
    while sweep.chunk < len(chunks):
        sweep = source.step(sweep, chunks)
    yield from (int(one.id.partition("/")[2]) for one in sweep.findings)


def read_cost_rows(count: int, pages: Pages) -> Iterator[object]:
    amounts = {"NetUnblendedCost": {"Amount": "1", "Unit": "USD"}}
    groups = [{"Keys": [str(number), "Amazon S3"], "Metrics": amounts} for number in range(count)]

    class Client:
        def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
            found, token = pages.of(groups, request, "NextPageToken")
            period = {"Start": str(DAY.start.date()), "End": str(DAY.end.date())}
            return {"ResultsByTime": [{"TimePeriod": period, "Groups": found, "Estimated": False}], **token}

    rows = get_cost_and_usage(Client(), DAY, ("LINKED_ACCOUNT", "SERVICE"), None)
    yield from (int(keys[0]) for _, keys, _, _ in rows if keys)


def read_regions(count: int, pages: Pages) -> Iterator[object]:
    class Client:
        def get_dimension_values(self, **request: Any) -> dict[str, Any]:
            found, token = pages.of([{"Value": str(number)} for number in range(count)], request, "NextPageToken")
            return {"DimensionValues": found, **token}

    yield from (int(value) for value in get_dimension_values(Client(), "REGION", DAY))


def instance(number: int) -> dict[str, Any]:
    dimensions = [{"Name": "InstanceId", "Value": f"i-{number:05}"}]
    return {"Namespace": "AWS/EC2", "MetricName": "NetworkOut", "Dimensions": dimensions}


def read_metrics(count: int, pages: Pages) -> Iterator[object]:
    metrics = [instance(number) for number in range(count)]

    class Client:
        def list_metrics(self, **request: Any) -> dict[str, Any]:
            if (request["Namespace"], request["MetricName"]) != ("AWS/EC2", "NetworkOut"):
                return {"Metrics": []}
            found, token = pages.of(metrics, request)
            return {"Metrics": found, **token}

    yield from (int(metric[3][2:]) for metric in list_metrics(Client(), "eu-west-1"))


def read_points(count: int, pages: Pages) -> Iterator[object]:
    """As many metrics, each with one point: asked for in 500s, each answered in pages."""

    class Client:
        def get_metric_data(self, **request: Any) -> dict[str, Any]:
            assert 1 <= len(request["MetricDataQueries"]) <= 500
            results = [{"Id": query["Id"], "Timestamps": [LAST_HOUR.start], "Values": [1.0]} for query in request["MetricDataQueries"]]
            found, token = pages.of(results, request)
            return {"MetricDataResults": found, **token}

    metrics = [("AWS/EC2", "NetworkOut", "InstanceId", f"i-{number:05}") for number in range(count)]
    for _, metric, _, _ in get_points(Client(), metrics, LAST_HOUR):
        yield int(metric[3][2:])


SOURCES = {
    "security_hub": [read_findings],
    "cost_explorer": [read_cost_rows, read_regions],
    "cloudwatch": [read_metrics, read_points],
}
READS = [(source, read) for source, reads in SOURCES.items() for read in reads]
Read = Callable[[int, Pages], Iterator[object]]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("source", "read"), READS)
def test_every_item_of_every_page_of_a_source_is_read_once(source: str, read: Read, count: int) -> None:
    pages = Pages()
    assert sorted(read(count, pages)) == list(range(count))  # type: ignore[type-var]
    assert len(pages.calls) >= count / 100


@pytest.mark.parametrize("count", COUNTS[1:])
@pytest.mark.parametrize(("source", "read"), READS)
def test_a_token_that_comes_again_ends_in_a_failure_of_its_source(source: str, read: Read, count: int) -> None:
    pages = Pages(repeats=True)
    with pytest.raises(SourceUnavailable) as failure:
        list(read(count, pages))
    assert (failure.value.source, failure.value.reason) == (source, "RepeatedPageToken")
    assert len(pages.calls) == 2, "it is noticed at the first answer that repeats it"


def test_a_token_that_comes_again_later_than_the_next_page_is_noticed_too() -> None:
    tokens = iter("abcdb")

    class Client:
        def get_findings(self, **request: Any) -> dict[str, Any]:
            return {"Findings": [], "NextToken": next(tokens)}

    source = SecurityHub(Client(), lambda: None)
    sweep, chunks = Sweep(NOW), source.chunks(["1"])
    for _ in range(4):
        sweep = source.step(sweep, chunks)
    with pytest.raises(SourceUnavailable, match="RepeatedPageToken"):
        source.step(sweep, chunks)


def test_two_chunks_of_accounts_may_have_the_same_tokens() -> None:
    class Client:
        def get_findings(self, **request: Any) -> dict[str, Any]:
            return {"Findings": [], **({} if "NextToken" in request else {"NextToken": "page-2"})}

    source = SecurityHub(Client(), lambda: None)
    sweep, chunks = Sweep(NOW), source.chunks(f"{number:012}" for number in range(41))
    assert [len(chunk) for chunk in chunks] == [20, 20, 1]
    for _ in range(6):
        sweep = source.step(sweep, chunks)
    assert sweep.chunk == 3


def test_a_repeated_token_of_one_accounts_metrics_is_that_scopes_failure_and_the_other_account_is_read() -> None:
    class Client:
        def __init__(self, account: Account) -> None:
            self._broken, self._calls = account.id == "1", 0

        def list_metrics(self, **_: Any) -> dict[str, Any]:
            self._calls += 1
            assert self._calls < 50, "it never ends"
            return {"Metrics": [instance(7)], **({"NextToken": "again"} if self._broken else {})}

        def get_metric_data(self, **request: Any) -> dict[str, Any]:
            return {"MetricDataResults": [{"Id": one["Id"], "Timestamps": [], "Values": []} for one in request["MetricDataQueries"]]}

    customer = Customer("acme", "Acme", (Account("1"), Account("2")), "external", NOW)
    source = CloudWatch(lambda account, *_: Client(account), lambda: NOW, lambda _: None)
    reading = source.read(customer, LAST_HOUR, {}, Registry(), relist=True)
    assert reading.failures == (("1/us-east-1", "RepeatedPageToken"),)
    assert reading.scopes == {"2/us-east-1", "2/global"}


def test_a_repeated_token_in_one_of_cost_explorers_series_leaves_no_half_series() -> None:
    pages = Pages(repeats=True)

    class Client:
        def get_dimension_values(self, Dimension: str, **_: Any) -> dict[str, Any]:
            return {"DimensionValues": [{"Value": "us-east-1" if Dimension == "REGION" else "Usage"}]}

        def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
            _, token = pages.of([], request, "NextPageToken")
            return {"ResultsByTime": [], **token}

    with pytest.raises(SourceUnavailable, match="cost_explorer: RepeatedPageToken"):
        CostExplorer(Client(), lambda _: None).read(DAY)


class Table:
    """A DynamoDB whose pages are of 100 items."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items, self.calls = items, 0

    def query(self, ExclusiveStartKey: Any = None, **_: Any) -> dict[str, Any]:
        self.calls += 1
        start = int(ExclusiveStartKey["n"]["N"]) if ExclusiveStartKey else 0
        end = start + 100
        return {"Items": self._items[start:end], **({"LastEvaluatedKey": {"n": {"N": str(end)}}} if end < len(self._items) else {})}

    scan = query


@pytest.mark.parametrize("count", COUNTS)
def test_every_item_of_every_page_of_a_query_is_read_once(count: int) -> None:
    drops = [Drop(f"focus/acme/{number:05}.csv", "focus", "digest", NOW, "ok") for number in range(count)]
    client = Table([item for drop in drops for item in to_items("customer_id", "acme", "timestamp", f"drop#{drop.key}", drop, None)])
    assert Metrics(Dynamo(client), "metrics", lambda: NOW, timedelta(days=90)).drops("acme") == drops
    assert client.calls == max(1, -(-count // 100))


@pytest.mark.parametrize("count", COUNTS)
def test_every_customer_of_every_page_of_a_scan_is_planned_for(count: int) -> None:
    customers = [Customer(f"c{number:05}", "", (), "external", NOW) for number in range(count)]
    client = Table([customer_item("customer_id", customer.id, customer) for customer in reversed(customers)])
    assert Customers(Dynamo(client), "customers").all() == customers
