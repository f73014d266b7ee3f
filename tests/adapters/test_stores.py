"""The stores on every DynamoDB there is: unique keys, exact numbers, lifetimes, versions, and nobody reaches another customer's rows."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.compliance import Evaluation, Finding, assess
from chalicelib.domain.cost import CostDay, CostLine, CostPart
from chalicelib.domain.errors import StoreUnavailable, UnknownSchema
from chalicelib.domain.period import HOUR, Window
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, OK, SourceState
from chalicelib.domain.usage import UsageBucket, UsageKey
from chalicelib.stores.cache import Cache, cache_key
from chalicelib.stores.customers import OPERATOR, Customers
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.files import ExportFiles, customer_of
from chalicelib.stores.items import from_items, to_items
from chalicelib.stores.metrics import Metrics
from tests.adapters.conftest import NOW
from tests.fakes import Clock

DAY = NOW.date()


def usage(start: datetime, amount: str = "1.000001") -> UsageBucket:
    key = UsageKey("api_calls", "Amazon API Gateway", "us-east-1", "1")
    return UsageBucket(start, {"1/us-east-1": 1}, (key,), Amounts.of([Decimal(amount)]))


def cost(day: date, lines: int = 1, text: str = "x") -> CostDay:
    made = tuple(CostLine("1", f"{text}{n}", "", "", "AWS", "Usage", "USD", Decimal("0.00000000001"), None, None) for n in range(lines))
    return CostDay.of(day, made, (), False, (COST_EXPLORER,))


def test_what_is_put_is_read_back_exactly_and_in_order(metrics: Metrics) -> None:
    hours = [usage(NOW - n * HOUR, f"{n}.{10**20 + n}") for n in (3, 1, 2)]
    metrics.hours.put("acme", hours)
    metrics.usage.put("acme", [usage(NOW.replace(hour=0))])
    assert metrics.hours.read("acme", Window(NOW - 3 * HOUR, NOW)) == sorted(hours, key=lambda hour: hour.start)
    assert metrics.usage.read("acme", DAY, DAY) == [usage(NOW.replace(hour=0))]


def test_rerunning_a_put_overwrites_instead_of_doubling(metrics: Metrics, client: Any) -> None:
    for _ in range(5):
        metrics.hours.put("acme", [usage(NOW)])
        metrics.usage.put("acme", [usage(NOW.replace(hour=0))])
    assert client.scan(TableName="securebase-dev-metrics")["Count"] == 3


def test_a_customer_reads_only_its_own_partition(metrics: Metrics) -> None:
    metrics.hours.put("acme", [usage(NOW - HOUR)])
    metrics.costs.put("acme", [cost(DAY)], [])
    for other in ("acm", "acme2", "ACME", "acme#"):
        assert metrics.hours.read(other, Window(NOW - HOUR, NOW)) == []
        assert metrics.costs.read(other, DAY, DAY) == []


def test_two_writes_of_one_key_in_a_batch_are_refused_here(client: Any) -> None:
    key = {"customer_id": {"S": "acme"}, "timestamp": {"S": "x"}}
    with pytest.raises(AssertionError, match="two writes of one key"):
        Dynamo(client).write_many("securebase-dev-metrics", ("customer_id", "timestamp"), [key, key])


def test_a_day_too_large_for_an_item_is_split_and_comes_back_whole(metrics: Metrics, client: Any) -> None:
    large = cost(DAY, 9000, os.urandom(40).hex())
    large = CostDay.of(DAY, [replace(line, region=os.urandom(40).hex()) for line in large.lines], [], False, ())
    metrics.costs.put("acme", [large], [])
    items = client.scan(TableName="securebase-dev-metrics")["Items"]
    assert len(items) > 1
    assert max(len(item["data"]["B"]) for item in items) < 400_000
    assert metrics.costs.read("acme", DAY, DAY) == [large]
    metrics.costs.put("acme", [cost(DAY)], [])
    assert metrics.costs.read("acme", DAY, DAY) == [cost(DAY)]


def test_parts_of_two_versions_are_never_put_together() -> None:
    def parts(seed: int) -> list[Any]:
        value = [os.urandom(500_000).hex() + str(seed)]
        return to_items("customer_id", "acme", "timestamp", "cost-day#x", value, None)

    first, second = parts(1), parts(2)
    with pytest.raises(StoreUnavailable):
        list(from_items([first[0], *second[1:]], "timestamp", list[str], NOW))


class Torn:
    """A DynamoDB that answers the first query as if the last part weren't written yet."""

    def __init__(self, client: Any) -> None:
        self._client, self.queries = client, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        self.queries += 1
        return {**answer, "Items": answer["Items"][:-1]} if self.queries == 1 else answer


def test_whoever_reads_what_is_being_written_looks_again(metrics: Metrics, client: Any) -> None:
    numbers = Random(1)
    ids = [f"{numbers.getrandbits(4000):x}" for _ in range(900)]
    like = Finding("", "aws/securityhub", "S3.1", "S3.1", "HIGH", "FAILED", False, NOW, "1", "us-east-1", ("r",), ())
    many = tuple(replace(like, id=name) for name in ids)
    metrics.hub.change("acme", "1", lambda _: many)
    metrics.put_findings("acme", "k", NOW, many)
    for read in (lambda store: store.hub.findings("acme")["1"], lambda store: store.findings("acme")[0][1]):
        torn = Torn(client)
        assert read(Metrics(Dynamo(torn), "securebase-dev-metrics", lambda: NOW, timedelta(days=14))) == many
        assert torn.queries == 2


def test_what_is_past_its_lifetime_is_not_read_though_still_there(metrics: Metrics, clock: Clock, client: Any) -> None:
    metrics.hours.put("acme", [usage(NOW - HOUR)])
    clock.now = NOW + timedelta(days=14, seconds=1)
    assert client.scan(TableName="securebase-dev-metrics")["Count"] == 2
    assert metrics.hours.read("acme", Window(NOW - HOUR, clock.now)) == []


def test_an_unknown_schema_version_is_an_error_not_garbage(metrics: Metrics, client: Any) -> None:
    metrics.costs.put("acme", [cost(DAY)], [])
    item = client.scan(TableName="securebase-dev-metrics")["Items"][0]
    client.put_item(TableName="securebase-dev-metrics", Item={**item, "data": {"B": b"\x63" + item["data"]["B"][1:]}})
    with pytest.raises(UnknownSchema):
        metrics.costs.read("acme", DAY, DAY)


def test_vanished_days_are_gone_and_parts_of_a_day_are_told_apart(metrics: Metrics) -> None:
    parts = [CostPart(DAY, COST_EXPLORER, origin, (), (), False) for origin in ("1", "2")]
    metrics.put_cost_parts("acme", parts)
    metrics.delete_cost_parts("acme", [(DAY, COST_EXPLORER, "1")])
    assert metrics.cost_parts("acme", DAY, DAY) == parts[1:]
    metrics.costs.put("acme", [cost(DAY)], [])
    metrics.costs.put("acme", [], [DAY])
    assert metrics.costs.read("acme", DAY, DAY) == []


def test_the_latest_state_of_compliance_is_the_last_on_or_before_a_day(metrics: Metrics) -> None:
    days = [assess("security_hub", "aws/securityhub", [], NOW - timedelta(days=ago)) for ago in (9, 5, 0)]
    metrics.put_compliance_days("acme", days)
    assert metrics.latest_compliance_day("acme", DAY - timedelta(days=1)) == days[1]
    assert metrics.latest_compliance_day("acme", DAY - timedelta(days=30)) is None
    assert days[0].overall == Evaluation(findings=dict.fromkeys(days[0].overall.findings, 0))


def state(version: str = "1") -> SourceState:
    return SourceState(CLOUDWATCH, OK, NOW, NOW, NOW, (), version)


def test_sources_states_live_beside_each_other_and_change_the_generation_only_when_they_change(metrics: Metrics) -> None:
    empty = metrics.status("acme")
    metrics.put_state("acme", state())
    first = metrics.status("acme")
    metrics.put_state("acme", state())
    assert metrics.status("acme") == first
    metrics.put_state("acme", replace(state(), source=COST_EXPLORER))
    both = metrics.status("acme")
    assert set(both.sources) == {CLOUDWATCH, COST_EXPLORER}
    assert len({empty.generation, first.generation, both.generation}) == 3
    assert metrics.statuses(["acme", "nobody"]) == {"acme": both, "nobody": empty}


@pytest.fixture
def cache(client: Any, clock: Clock) -> Cache:
    return Cache(Dynamo(client), "securebase-dev-cache", "securebase-dev-metrics", clock)


def test_a_kept_answer_is_its_customers_alone_and_dies_with_new_data_or_time(cache: Cache, metrics: Metrics, clock: Clock) -> None:
    metrics.put_state("acme", state())
    generation = metrics.status("acme").generation
    cache.put("acme", "usage 30d", b"answer", generation)
    assert cache.get("acme", "usage 30d")[0] == b"answer"
    assert cache.get("acme", "usage 7d")[0] is None
    assert cache.get("other", "usage 30d")[0] is None
    clock.now = NOW + timedelta(minutes=6)
    assert cache.get("acme", "usage 30d")[0] is None
    clock.now = NOW
    metrics.put_state("acme", state("2"))
    assert cache.get("acme", "usage 30d")[0] is None


def test_an_answer_that_stops_being_true_is_kept_no_longer(cache: Cache, metrics: Metrics, clock: Clock) -> None:
    generation = metrics.status("acme").generation
    cache.put("acme", "soon", b"answer", generation, NOW + timedelta(minutes=1))
    cache.put("acme", "one day", b"answer", generation, NOW + timedelta(days=1))
    clock.now = NOW + timedelta(seconds=59)
    assert cache.get("acme", "soon")[0] == b"answer"
    clock.now = NOW + timedelta(minutes=1)
    assert cache.get("acme", "soon")[0] is None
    assert cache.get("acme", "one day")[0] == b"answer"
    clock.now = NOW + timedelta(minutes=6)
    assert cache.get("acme", "one day")[0] is None


def test_no_two_questions_share_a_cache_key() -> None:
    asked = [("a", "b1"), ("a1", "b"), ("a", "1b"), ("", "a1b"), ("1:a", "b"), ("a", "b")]
    assert len({cache_key(*pair) for pair in asked}) == len(asked)


def test_no_customer_can_be_the_operator(client: Any) -> None:
    assert Customers(Dynamo(client), "securebase-dev-customers").get(OPERATOR) is None
    assert "(" in OPERATOR


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("focus/acme/2026-09.csv", ("focus", "acme")),
        ("focus/acme/deep/er.csv.gz", ("focus", "acme")),
        ("findings/acme/a.json", ("findings", "acme")),
        ("focus/acme/readme.txt", None),
        ("focus/acme", None),
        ("focus//a.csv", None),
        ("other/acme/a.csv", None),
    ],
)
def test_a_dropped_key_belongs_to_the_customer_of_its_prefix(key: str, owner: tuple[str, str] | None) -> None:
    assert customer_of(key) == owner


def test_a_key_of_another_customers_prefix_is_never_opened() -> None:
    with pytest.raises(AssertionError):
        ExportFiles(None, "bucket").open("acme", "focus/acme2/a.csv")


class Flaky:
    """A DynamoDB that leaves some of each batch undone for a while."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        ((table, requests),) = RequestItems.items()
        done, left = requests[:7], requests[7:]
        self.seen += done
        return {"UnprocessedItems": {table: left} if left else {}}


def test_what_dynamodb_leaves_unwritten_is_written_later() -> None:
    flaky = Flaky()
    items = [{"customer_id": {"S": "a"}, "timestamp": {"S": str(number)}} for number in range(60)]
    Dynamo(flaky, pause=lambda seconds: None).write_many("t", ("customer_id", "timestamp"), items)
    assert [request["PutRequest"]["Item"] for request in flaky.seen] == items


class ShortPages:
    """A DynamoDB whose pages are full after two items."""

    def query(self, Limit: int, ExclusiveStartKey: Any = None, **_: Any) -> dict[str, Any]:
        start = int(ExclusiveStartKey["n"]) if ExclusiveStartKey else 0
        stop = min(start + min(2, Limit), 9)
        page: dict[str, Any] = {"Items": [{"n": {"N": str(number)}} for number in range(start, stop)]}
        return page | ({"LastEvaluatedKey": {"n": str(stop)}} if stop < 9 else {})


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (2, 2), (5, 5), (9, 9), (20, 9)])
def test_a_limit_counts_items_not_pages(limit: int, count: int) -> None:
    found = list(Dynamo(ShortPages()).query("t", "condition", {}, Limit=limit))
    assert [item["n"]["N"] for item in found] == [str(number) for number in range(count)]
