"""Hours as they are planned and worked off over the real queues: repeated, at once, every six hours, and with one customer in trouble."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse

from chalicelib.domain import signals
from chalicelib.domain.consumption import value
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.period import HOUR, Window, iso
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from local import turn
from local.aws import create_reader_role
from ops.keys import issue
from tests.adapters.feeds import WORKED, Feeds, feeding
from tests.e2e.embedded import CLOSED, NOW, Line, _Raw

COUNT = 20
DENIED = 7
MANY = tuple(
    Customer(f"many-{number:02}", f"Many {number}", (Account(f"6000000000{number:02}"),), f"external-{number}", NOW)
    for number in range(COUNT)
)
FIRST, LAST = CLOSED - 3 * HOUR, CLOSED + 12 * HOUR
KEPT = tuple(table for table in tables.TABLES if table is not tables.LEDGER)
"""The ledger counts what was asked, however often."""


def put_in(customer: Customer, hour: datetime) -> int:
    """How many requests there were: another number for every customer and hour."""
    return 1000 * (MANY.index(customer) + 1) + int((hour - FIRST) / HOUR) + 1


@pytest.fixture(scope="module")
def module_feeds() -> Iterator[Feeds]:
    with feeding() as made:
        for customer in MANY:
            metric = (customer.account_ids[0], "us-east-1", "AWS/ApiGateway", "Count", (("ApiName", "one"),))
            hours = Window(FIRST, LAST).hours()
            points = [(int(hour.timestamp()) + 60, float(n), float(n), 1.0, 1.0) for hour in hours if (n := put_in(customer, hour))]
            made.aws.aws.points.add(metric, points)
        yield made


def join(feeds: Feeds, customers: tuple[Customer, ...]) -> None:
    for customer in customers:
        feeds.aws.services.customers.put(customer)
        if customer in MANY:
            feeds.aws.without_role(customer.account_ids[0])
            create_reader_role(customer.account_ids[0], customer.external_id)


def everything(feeds: Feeds) -> dict[str, list[dict[str, Any]]]:
    return {table.name: feeds.aws.scan(table) for table in KEPT}


# The same event again


def test_an_event_that_comes_five_times_leaves_what_it_left_the_first_time(feeds: Feeds) -> None:
    join(feeds, feeds.aws.customers[1:])
    feeds.hour(NOW)
    first = everything(feeds)
    assert len(first["metrics"]) > 10
    for _ in range(4):
        feeds.hour(NOW)
        assert everything(feeds) == first
    assert not any(feeds.waiting(queue, dead=True) for queue in WORKED)


def test_an_event_that_comes_four_times_at_once_leaves_what_one_leaves(feeds: Feeds) -> None:
    join(feeds, feeds.aws.customers[1:])
    feeds.hour(NOW)
    alone = everything(feeds)
    feeds.empty()
    join(feeds, feeds.aws.customers[1:])
    feeds.aws.work_off([{"job": "costs", "end": iso(CLOSED)}])  # tells the regions to look into, which a job may run before otherwise
    with ThreadPoolExecutor(4) as pool:
        for planned in [pool.submit(feeds.plan) for _ in range(4)]:
            assert planned.result()["customers"] == 2
        while sum(worked.result() for worked in [pool.submit(feeds.work_off) for _ in range(4)]):
            pass
    assert everything(feeds) == alone
    assert not any(feeds.waiting(queue, dead=True) for queue in WORKED)


# One of twenty


def usage(feeds: Feeds, customer: Customer, window: Window) -> Any:
    key = issue(feeds.aws.services, customer.id, ("read",))[0]
    return feeds.get(f"/analytics/usage?start={iso(window.start)}&end={iso(window.end)}", key)


def known(feeds: Feeds, customer: Customer) -> dict[datetime, Any]:
    buckets = feeds.aws.services.metrics.hours.read(customer.id, Window(FIRST, LAST))
    return {bucket.start: value(bucket, "api_calls") for bucket in buckets}


def test_one_of_twenty_customers_whose_role_is_gone_keeps_its_numbers_and_keeps_nobody_else_from_theirs(feeds: Feeds) -> None:
    join(feeds, MANY)
    feeds.hour(NOW)
    for customer in MANY:
        assert known(feeds, customer) == {hour: put_in(customer, hour) for hour in Window(FIRST, CLOSED).hours()}
    denied = MANY[DENIED]
    feeds.deny(denied.account_ids[0])
    feeds.hour(NOW + 5 * HOUR)
    present = CLOSED + 5 * HOUR
    answers = {customer.id: usage(feeds, customer, Window(FIRST, present)) for customer in MANY}
    for customer in (one for one in MANY if one != denied):
        assert known(feeds, customer) == {hour: put_in(customer, hour) for hour in Window(FIRST, present).hours()}
        answer = answers[customer.id]
        assert answer["metrics"]["api_calls"] == sum(put_in(customer, hour) for hour in Window(FIRST, present).hours())
        assert answer["data_through"] == iso(present)
        (source,) = answer["coverage"]["sources"]
        assert (source["state"], source["stale"], source["failures"]) == ("ok", False, [])
        assert answer["coverage"]["hours_present"] == answer["coverage"]["hours_expected"] == 8

    assert known(feeds, denied) == {hour: put_in(denied, hour) for hour in Window(FIRST, CLOSED).hours()}
    answer = answers[denied.id]
    assert answer["metrics"]["api_calls"] == sum(put_in(denied, hour) for hour in Window(FIRST, CLOSED).hours())
    assert answer["data_through"] == iso(CLOSED)
    (source,) = answer["coverage"]["sources"]
    assert (source["state"], source["stale"]) == ("failing", True)
    assert source["failures"] == [{"scope": f"{denied.account_ids[0]}/us-east-1", "reason": "AccessDenied"}]
    assert (answer["coverage"]["hours_present"], answer["coverage"]["hours_expected"]) == (3, 8)

    health = feeds.get("/health", issue(feeds.aws.services, None, ("operator",))[0])
    assert health["status"] == "degraded"
    by_customer = {one["customer_id"]: {source["source"]: source for source in one["sources"]} for one in health["customers"]}
    assert by_customer.keys() == {customer.id for customer in MANY}
    assert [name for name, sources in by_customer.items() if sources[CLOUDWATCH]["state"] != "ok"] == [denied.id]
    assert [name for name, sources in by_customer.items() if sources[CLOUDWATCH]["stale"]] == [denied.id]
    (over_all,) = [source for source in health["sources"] if source["source"] == CLOUDWATCH]
    assert (over_all["state"], over_all["customers"], over_all["failing"], over_all["stale"]) == ("failing", COUNT, 1, 1)
    assert over_all["data_through"] == iso(CLOSED)
    assert not any(feeds.waiting(queue, dead=dead) for queue in WORKED for dead in (False, True)), "every message is done"


class Refusing:
    """A DynamoDB that answers no request that names a customer."""

    def __init__(self, customer: Customer) -> None:
        self._name = f'"{customer.id}"'.encode()

    def __call__(self, request: AWSRequest, **_: Any) -> AWSResponse | None:
        if self._name not in request.body:
            return None
        return AWSResponse(request.url, 500, {}, _Raw(b'{"__type": "InternalServerError", "message": "asked for"}'))


def test_a_customer_whose_jobs_raise_is_put_aside_alone(feeds: Feeds) -> None:
    join(feeds, MANY[:10])
    feeds.aws.on("dynamodb", "before-send.dynamodb", Refusing(MANY[DENIED]))
    feeds.hour(NOW)
    for customer in (one for one in MANY[:10] if one != MANY[DENIED]):
        assert known(feeds, customer) == {hour: put_in(customer, hour) for hour in Window(FIRST, CLOSED).hours()}
    lying = feeds.lying(tables.AGGREGATION_QUEUE, dead=True)
    aside = {job["job"] for job in lying if MANY[DENIED].id in (job.get("customer_id"), job.get("customers"))}
    assert aside == {"customer", "costs_of"}
    assert feeds.waiting(tables.AGGREGATION_QUEUE, dead=True) == 2
    feeds.aws.mend()


def batch(jobs: list[dict[str, str]]) -> dict[str, Any]:
    records = [
        turn.sqs_event({"MessageId": str(n), "ReceiptHandle": "", "Body": json.dumps(job)})["Records"][0] for n, job in enumerate(jobs)
    ]
    return {"Records": records}


@pytest.mark.parametrize(("queue", "kind", "source"), [(WORKED[0], "customer", "cloudwatch"), (WORKED[1], "findings", "security_hub")])
def test_of_a_batch_only_the_message_that_failed_comes_again(feeds: Feeds, queue: tables.Queue, kind: str, source: str) -> None:
    join(feeds, MANY)
    feeds.aws.on("dynamodb", "before-send.dynamodb", Refusing(MANY[DENIED]))
    event = batch([{"job": kind, "customer_id": customer.id, "end": iso(CLOSED)} for customer in MANY[:10]])
    answer = feeds.handlers[queue](event, turn.context(signals.AGGREGATION_WORKER))
    assert answer == {"batchItemFailures": [{"itemIdentifier": str(DENIED)}]}
    feeds.aws.mend()
    assert [customer for customer in MANY[:10] if source not in feeds.aws.services.metrics.status(customer.id).sources] == [MANY[DENIED]]


def test_where_the_queue_is_not_told_which_message_failed_the_others_are_done_and_the_whole_batch_raises(feeds: Feeds) -> None:
    join(feeds, MANY)
    feeds.use(partial_batches=False)
    feeds.aws.on("dynamodb", "before-send.dynamodb", Refusing(MANY[DENIED]))
    event = batch([{"job": "customer", "customer_id": customer.id, "end": iso(CLOSED)} for customer in MANY[:10]])
    with pytest.raises(StoreUnavailable):
        feeds.handlers[tables.AGGREGATION_QUEUE](event, turn.context(signals.AGGREGATION_WORKER))
    feeds.aws.mend()
    assert [customer for customer in MANY[:10] if not known(feeds, customer)] == [MANY[DENIED]]
    assert feeds.handlers[tables.AGGREGATION_QUEUE](event, turn.context(signals.AGGREGATION_WORKER)) == {"batchItemFailures": []}
    assert known(feeds, MANY[DENIED])


# Every six hours


def planned(feeds: Feeds, end: datetime) -> list[dict[str, str]]:
    line = Line()
    with_ = replace(feeds.aws.services.collaborators, queue=line)
    aggregate.plan(with_, end)
    lists = [job for job in line.jobs if job["job"] == "plan"]
    line.jobs = []
    for job in lists:
        aggregate.run(with_, job)
    return [dict(job) for job in line.jobs]


@pytest.mark.parametrize("every", [1, 6])
def test_in_any_hours_that_lie_between_two_reads_each_customer_is_planned_once_and_its_day_once_in_a_day(feeds: Feeds, every: int) -> None:
    join(feeds, MANY)
    feeds.use(usage_every=every)
    by_hour = [planned(feeds, CLOSED + number * HOUR) for number in range(49)]
    for kind, length in (("customer", every), ("daily", 24)):
        for start in range(len(by_hour) - length):
            jobs = [job["customer_id"] for hour in by_hour[start : start + length] for job in hour if job["job"] == kind]
            assert Counter(jobs) == dict.fromkeys((customer.id for customer in MANY), 1), (kind, start)


def test_read_every_six_hours_the_same_hours_are_known_after_each_read(feeds: Feeds) -> None:
    some, until = MANY[:3], CLOSED + 8 * HOUR
    reads: dict[int, dict[str, dict[datetime, Any]]] = {}
    for every in (1, 6):
        feeds.empty()
        join(feeds, some)
        feeds.use(usage_every=every)
        for end in Window(CLOSED, until + HOUR).hours():
            feeds.aws.now = end + timedelta(minutes=5)
            feeds.aws.work_off(job for job in planned(feeds, end) if job["job"] == "customer")
        reads[every] = {customer.id: known(feeds, customer) for customer in some}
    for customer in some:
        often, seldom = reads[1][customer.id], reads[6][customer.id]
        assert often == {hour: put_in(customer, hour) for hour in Window(FIRST, until).hours()}
        through = max(seldom) + HOUR
        assert until - through < 6 * HOUR
        assert seldom == {hour: amount for hour, amount in often.items() if min(seldom) <= hour < through}
        assert min(seldom) - FIRST < 6 * HOUR, "it begins three hours before its first read"


def test_read_every_six_hours_a_customer_whose_next_read_is_not_due_is_not_stale(feeds: Feeds) -> None:
    join(feeds, MANY[:1])
    feeds.use(usage_every=6)
    for end in Window(CLOSED, CLOSED + 12 * HOUR).hours():
        feeds.aws.now = end + timedelta(minutes=5)
        feeds.aws.work_off(job for job in planned(feeds, end) if job["job"] == "customer")
        state = feeds.aws.services.metrics.status(MANY[0].id).sources.get(CLOUDWATCH)
        assert state is None or not state.stale(feeds.aws.now), end
