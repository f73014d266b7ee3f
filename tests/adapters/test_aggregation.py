"""The aggregation when sources and stores fail, repeat and race: it goes on, names what failed, and leaves the same table."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
from moto.cloudwatch.exceptions import InvalidParameterValue

from chalicelib import wiring
from chalicelib.domain.consumption import value
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.period import DAY, Window, iso, midnight
from chalicelib.domain.reading import Registry
from chalicelib.domain.usage import UsageBucket
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from local.turn import QueueWorker
from tests.e2e.embedded import CLOSED, HOUR, NOW, Embedded, Failing

YESTERDAY = Window(midnight(CLOSED.date()) - DAY, midnight(CLOSED.date()))
Item = dict[str, Any]


@pytest.fixture
def acme(aws: Embedded) -> Customer:
    return aws.customers[0]


def hours(aws: Embedded, customer: Customer, since: datetime, until: datetime = CLOSED) -> list[UsageBucket]:
    return aws.services.metrics.hours.read(customer.id, Window(since, until))


def costs(aws: Embedded, customer: Customer) -> list[Any]:
    first = CLOSED.date() - timedelta(days=70)
    return aws.services.metrics.costs.read(customer.id, first, CLOSED.date())


def without_times(items: list[Item]) -> list[Item]:
    """All but when an item was written (`ttl`) and the status, which says when."""
    kept = [item for item in items if item["timestamp"]["S"] != "status"]
    return [{name: attribute for name, attribute in item.items() if name != "ttl"} for item in kept]


# What is read


def test_seven_metrics_of_one_hour_are_seven_things_read_back(aws: Embedded) -> None:
    customer, hour = aws.customers[2], CLOSED - 2 * HOUR
    account, epoch, gib = customer.account_ids[0], int(hour.timestamp()) + 60, 2**30
    seen = {
        ("AWS/ApiGateway", "Count", (("ApiName", "seven"),)): (11.0, 11.0),
        ("AWS/EC2", "CPUUtilization", (("InstanceId", "i-seven"),)): (50.0, 1.0),
        ("AWS/Lambda", "Duration", ()): (3_600_000.0 * 5, 7.0),
        ("AWS/EC2", "NetworkOut", (("InstanceId", "i-seven"),)): (13.0 * gib, 12.0),
        ("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/seven/1"),)): (17.0, 17.0),
        ("AWS/CloudFront", "BytesDownloaded", (("DistributionId", "ESEVEN"), ("Region", "Global"))): (19.0 * gib, 12.0),
        ("AWS/NATGateway", "BytesOutToDestination", (("NatGatewayId", "nat-seven"),)): (23.0 * gib, 12.0),
    }
    known = aws.aws.points.known(account, "us-east-1", None, None)
    before = totals(read_hour(aws, customer, hour))
    aws.services.metrics.put_registry(customer.id, Registry())  # the list of metrics is good for six hours
    for (namespace, name, dimensions), (total, count) in seen.items():
        aws.aws.points.add((account, "us-east-1", namespace, name, dimensions), [(epoch, total, count, total / count, total / count)])
    after = totals(read_hour(aws, customer, hour))
    assert len(aws.aws.points.known(account, "us-east-1", None, None)) == len(known) + 7
    gained = {key: amount - before.get(key, Decimal(0)) for key, amount in after.items() if amount != before.get(key)}
    assert gained == {
        ("api_calls", "Amazon API Gateway", "us-east-1"): 11,
        ("api_calls", "Elastic Load Balancing", "us-east-1"): 17,
        ("compute_hours", "Amazon Elastic Compute Cloud", "us-east-1"): Decimal("0.083333"),
        ("compute_hours", "AWS Lambda", "us-east-1"): 5,
        ("data_transfer_gb", "Amazon Elastic Compute Cloud", "us-east-1"): 13,
        ("data_transfer_gb", "Amazon CloudFront", "global"): 19,
        ("nat_gb", "Amazon Elastic Compute Cloud", "us-east-1"): 23,
    }


def read_hour(aws: Embedded, customer: Customer, hour: datetime) -> UsageBucket:
    aggregate.read_usage(aws.services.collaborators, customer, Window(hour, hour + HOUR), CLOSED)
    (bucket,) = hours(aws, customer, hour, hour + HOUR)
    return bucket


def totals(bucket: UsageBucket) -> dict[tuple[str, str, str], Decimal]:
    return {(key.metric, key.service, key.region): total for key, total in bucket.by_key().items()}


def test_the_first_aggregation_brings_costs_usage_and_compliance(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    assert {source: state.state for source, state in aws.services.metrics.status(acme.id).sources.items()} == {
        "cloudwatch": "ok",
        "cost_explorer": "ok",
        "security_hub": "ok",
    }
    assert len(hours(aws, acme, CLOSED - 3 * HOUR)) == 3
    assert costs(aws, acme)
    assert aws.services.metrics.latest_compliance_day(acme.id, CLOSED.date())


# Again and at once


def test_an_hour_aggregated_five_times_leaves_the_same_table(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    first = aws.scan()
    for _ in range(4):
        aws.aggregate(acme)
    assert aws.scan() == first


def test_a_later_repeat_changes_nothing_but_times(aws: Embedded, acme: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws.aws.hub, "clock", lambda: NOW)  # by which findings are updated
    aws.aggregate(acme)
    first = aws.scan()
    aws.now += timedelta(minutes=20)
    aws.aggregate(acme)
    assert without_times(aws.scan()) == without_times(first)


def test_an_hour_aggregated_by_four_at_once_leaves_the_same_table(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    alone = aws.scan()
    aws.reset()
    aws.services.customers.put(acme)
    aws.work_off([{"job": "costs", "end": iso(CLOSED)}])  # tells the regions to look into; then everything four times at once
    jobs = [{"job": "costs", "end": iso(CLOSED)}]
    jobs += [{"job": kind, "customer_id": acme.id, "end": iso(CLOSED)} for kind in ("customer", "findings")]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(aggregate.run, aws.services.collaborators, job) for job in jobs * 4]:
            done.result()
    assert without_times(aws.scan()) == without_times(alone)


@pytest.mark.parametrize("after", [0, 2, 7])
def test_a_job_killed_between_two_writes_and_run_again_leaves_the_same_table(aws: Embedded, acme: Customer, after: int) -> None:
    aws.aggregate(acme)
    whole = aws.scan()
    aws.reset()
    killing = Killing(after)
    aws.on("dynamodb", "before-call.dynamodb", killing)
    killed = 0
    for _ in range(2):
        try:
            aws.aggregate(acme)
        except Killed:
            killed += 1
    assert killed == 1
    assert without_times(aws.scan()) == without_times(whole)


class Killed(BaseException):
    """The container is gone: nothing of the code may take it for an error of AWS."""


class Killing:
    """Lets `after` writes through, then kills once."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, model: Any, **_: Any) -> None:
        if model.name in ("BatchWriteItem", "PutItem", "UpdateItem", "TransactWriteItems"):
            self.left -= 1
            if self.left == -1:
                raise Killed


def test_what_dynamodb_leaves_unprocessed_is_written_again(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    whole = aws.scan()
    aws.reset()
    aws.on("dynamodb", "after-call.dynamodb.BatchWriteItem", Unprocessed(aws))
    aws.aggregate(acme)
    assert aws.scan() == whole


class Unprocessed:
    """Takes the last item of every first batch back, as a throttled DynamoDB would."""

    def __init__(self, aws: Embedded) -> None:
        self._client, self._again = aws.services.client("dynamodb"), False
        self.requests: list[Any] = []
        aws.on("dynamodb", "before-parameter-build.dynamodb.BatchWriteItem", self.remember)

    def remember(self, params: dict[str, Any], **_: Any) -> None:
        ((table, requests),) = params["RequestItems"].items()
        self.requests = [table, requests]

    def __call__(self, parsed: dict[str, Any], **_: Any) -> None:
        table, requests = self.requests
        last = requests[-1]
        self._again = not self._again
        if self._again and "PutRequest" in last:
            item = last["PutRequest"]["Item"]
            self._client.delete_item(TableName=table, Key={key: item[key] for key in ("customer_id", "timestamp")})
            parsed["UnprocessedItems"] = {table: [last]}


# Failing sources


@pytest.mark.parametrize("code", ["LimitExceededException", "InternalServerException"])
def test_without_cost_explorer_the_rest_goes_on_and_costs_stay(aws: Embedded, acme: Customer, code: str) -> None:
    aws.aggregate(acme)
    before = costs(aws, acme)
    aws.now = CLOSED + 8 * HOUR
    aws.aws.costs.fail_next(code, 20)
    aws.aggregate(acme, aws.now)
    assert aws.state(acme, "cost_explorer") == ("failing", {code})
    assert costs(aws, acme) == before
    assert aws.state(acme, "cloudwatch")[0] == "ok"
    assert aws.state(acme, "security_hub")[0] == "ok"
    aws.aws.costs._waiting.clear()
    aws.aggregate(acme, aws.now)
    assert aws.state(acme, "cost_explorer") == ("ok", set())


def test_cost_explorer_failing_from_the_start_leaves_unknown_not_zero(aws: Embedded, acme: Customer) -> None:
    aws.aws.costs.fail_next("DataUnavailableException", 20)
    aws.aggregate(acme)
    assert aws.state(acme, "cost_explorer") == ("failing", {"DataUnavailableException"})
    assert costs(aws, acme) == []
    assert aws.services.metrics.status(acme.id).sources["cost_explorer"].data_through is None


def test_cost_explorer_failing_on_a_late_page_brings_nothing_of_the_series(aws: Embedded, acme: Customer) -> None:
    aws.aws.costs.page_size = 200
    try:
        aws.on("ce", "before-send.cost-explorer", Late(aws, 12))
        aws.aggregate(acme)
    finally:
        aws.aws.costs.page_size = 1000
    assert aws.state(acme, "cost_explorer")[0] == "failing"
    assert costs(aws, acme) == []


class Late(Failing):
    """Lets some calls through first."""

    def __init__(self, aws: Embedded, after: int) -> None:
        super().__init__(500, "InternalServerException")
        self._after = after

    def __call__(self, request: Any, **more: Any) -> Any:
        self._after -= 1
        return super().__call__(request, **more) if self._after < 0 else None


def test_a_repeated_page_token_of_cost_explorer_ends_in_a_named_failure(aws: Embedded, acme: Customer) -> None:
    aws.aws.costs.repeat_token = True
    aws.aggregate(acme)
    assert aws.state(acme, "cost_explorer") == ("failing", {"RepeatedPageToken"})
    assert aws.state(acme, "cloudwatch")[0] == "ok"


def test_a_repeated_next_token_of_security_hub_ends_in_a_named_failure(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    before = aws.services.metrics.latest_compliance_day(acme.id, CLOSED.date())
    aws.aws.hub.repeat_token = True
    aws.aggregate(acme)
    assert aws.state(acme, "security_hub") == ("failing", {"RepeatedPageToken"})
    assert aws.services.metrics.latest_compliance_day(acme.id, CLOSED.date()) == before


def test_without_security_hub_the_last_score_stays(aws: Embedded, acme: Customer) -> None:
    aws.aggregate(acme)
    before = aws.services.metrics.latest_compliance_day(acme.id, CLOSED.date())
    assert before
    assert before.overall.score
    aws.aws.hub.fail_next("InternalException", 20)
    aws.now += DAY
    aws.aggregate(acme, CLOSED + DAY)
    assert aws.state(acme, "security_hub") == ("failing", {"InternalException"})
    assert aws.services.metrics.latest_compliance_day(acme.id, (CLOSED + DAY).date()) == before
    assert aws.state(acme, "cloudwatch")[0] == "ok"


def test_security_hub_that_is_not_enabled_is_called_so(aws: Embedded, acme: Customer) -> None:
    aws.aws.hub.not_enabled = set(acme.account_ids)
    aws.aggregate(acme)
    assert aws.state(acme, "security_hub") == ("not_enabled", {"InvalidAccessException"})
    assert aws.services.metrics.latest_compliance_day(acme.id, CLOSED.date()) is None
    borealis = aws.customers[1]
    aws.aggregate(borealis)
    assert aws.state(borealis, "security_hub")[0] == "ok"


def test_an_account_without_its_role_is_named_and_the_other_is_read(aws: Embedded, acme: Customer) -> None:
    shop, data = acme.account_ids
    aws.without_role(data)
    aws.aggregate(acme)
    found = aws.services.metrics.status(acme.id).sources["cloudwatch"]
    assert found.state == "partial"
    assert {scope.split("/")[0] for scope, _ in found.failures} == {data}
    assert {reason for _, reason in found.failures} == {"AccessDenied"}
    (bucket,) = hours(aws, acme, CLOSED - HOUR)
    assert {key.account for key in bucket.keys} == {shop}
    assert not any(scope.startswith(data) for scope in bucket.covered)


def test_without_any_role_no_hour_is_covered_and_none_is_zero(aws: Embedded, acme: Customer) -> None:
    for account in acme.account_ids:
        aws.without_role(account)
    aws.aggregate(acme)
    assert aws.state(acme, "cloudwatch") == ("failing", {"AccessDenied"})
    assert hours(aws, acme, CLOSED - 5 * HOUR) == []
    assert costs(aws, acme)


def test_an_outage_of_cloudwatch_is_caught_up_and_skips_no_hour(aws: Embedded, acme: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    start = CLOSED - 30 * HOUR
    aws.aggregate(acme, start)
    earlier = hours(aws, acme, start - 3 * HOUR, start)
    known = aws.aws.points.known

    def down(*_: Any, **__: Any) -> Any:
        raise InvalidParameterValue("the metrics don't answer")

    monkeypatch.setattr(aws.aws.points, "known", down)
    for end in (start + 12 * HOUR, start + 14 * HOUR):  # the list of metrics is old by then, and is asked for again, in vain
        aws.aggregate(acme, end, costs=False)
        assert aws.state(acme, "cloudwatch")[0] == "failing"
        assert hours(aws, acme, start - 3 * HOUR, end) == earlier, "what was known stays, what wasn't read is no zero"
    monkeypatch.setattr(aws.aws.points, "known", known)
    aws.aggregate(acme, costs=False)
    assert aws.state(acme, "cloudwatch") == ("ok", set())
    found = hours(aws, acme, start)
    assert [bucket.start for bucket in found] == list(Window(start, CLOSED).hours())
    assert all(value(bucket, "api_calls") for bucket in found)


def test_an_account_that_failed_for_hours_is_caught_up_when_it_answers(aws: Embedded, acme: Customer) -> None:
    from local.aws import create_reader_role

    start = CLOSED - 20 * HOUR
    aws.aggregate(acme, start)
    shop, data = acme.account_ids
    aws.without_role(data)
    aws.forget_roles()
    for end in (start + HOUR, start + 8 * HOUR, start + 16 * HOUR):
        aws.aggregate(acme, end, costs=False)
        assert aws.state(acme, "cloudwatch") == ("partial", {"AccessDenied"})
    create_reader_role(data, acme.external_id)
    aws.aggregate(acme, costs=False)
    assert aws.state(acme, "cloudwatch") == ("ok", set())
    for bucket in hours(aws, acme, start):
        assert {key.account for key in bucket.keys} == {shop, data}, bucket.start


def test_a_lost_connection_to_a_source_is_named(aws: Embedded, acme: Customer) -> None:
    from botocore.exceptions import EndpointConnectionError

    def cut(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://securityhub")

    aws.on("securityhub", "before-send.securityhub", cut)
    aws.aggregate(acme)
    assert aws.state(acme, "security_hub") == ("failing", {"EndpointConnectionError"})


def test_a_store_that_fails_ends_the_job_so_that_the_queue_repeats_it(aws: Embedded, acme: Customer) -> None:
    failing = Failing(400, "ProvisionedThroughputExceededException", operation="BatchWriteItem")
    aws.on("dynamodb", "before-send.dynamodb", failing)
    with pytest.raises(StoreUnavailable, match="ProvisionedThroughputExceededException"):
        aws.aggregate(acme)
    failing.mend()
    aws.aggregate(acme)
    assert aws.state(acme, "cloudwatch")[0] == "ok"


def test_one_customers_failure_is_nobody_elses(aws: Embedded, acme: Customer) -> None:
    for account in acme.account_ids:
        aws.without_role(account)
    for customer in aws.customers:
        aws.aggregate(customer)
    states = {customer.id: aws.state(customer, "cloudwatch")[0] for customer in aws.customers}
    assert states == {"acme-retail": "failing", "borealis-health": "ok", "cobalt-games": "ok"}


# How an hour starts


@pytest.mark.parametrize("event", [{"source": "aws.events"}, {"source": "aws.events", "time": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}])
def test_the_runbooks_manual_invoke_and_the_schedule_plan_an_hour_that_the_queue_then_does(aws: Embedded, event: dict[str, str]) -> None:
    for customer in aws.customers:
        aws.services.customers.put(customer)
    wiring.use(aws.services)
    import app

    planned = app.analytics_aggregator(event, None)
    assert planned["customers"] == len(aws.customers)
    workers = [QueueWorker(tables.AGGREGATION_QUEUE, app.aggregation_worker), QueueWorker(tables.FINDINGS_QUEUE, app.findings_worker)]
    jobs = 0
    while sum(worker.once() for worker in workers):
        jobs += 1
    daily = sum("time" in event and crc32(customer.id.encode()) % 24 == CLOSED.hour for customer in aws.customers)
    shared = 3  # the costs, the plan, and the test message that S3 sends when notifications are set up
    assert jobs >= shared + len(aws.customers) + 1 + daily  # each one's hour, and a list of shares of the costs
    for customer in aws.customers:
        assert aws.state(customer, "security_hub")[0] == "ok"
    if "time" in event:
        assert all(hours(aws, customer, CLOSED - HOUR) for customer in aws.customers)
