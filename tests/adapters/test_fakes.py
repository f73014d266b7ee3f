"""The fakes behind `make run`, asked by real clients; and the sources read back what was seeded, to the last digit."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.backends import get_backend

from chalicelib.domain.customer import READER_ROLE
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.names import service_name
from chalicelib.domain.period import Window, midnight
from chalicelib.domain.reading import Registry
from chalicelib.sources.cloudwatch import CloudWatch
from chalicelib.sources.cost_explorer import CostExplorer
from chalicelib.sources.security_hub import SecurityHub, get_findings
from local.fakes.cloudwatch import install_cloudwatch
from local.fakes.cost_explorer import FakeCostExplorer
from local.fakes.cost_records import METRICS
from local.fakes.http import Served, serve_moto
from local.fakes.metric_points import MetricPoints
from local.fakes.security_hub import FakeSecurityHub
from local.fakes.sts import install_sts_check
from local.fill import swept
from local.seed import associations, cost_records, findings, metric_series, organisation
from local.seed.controls import CONTROLS, FSBP
from local.seed.findings import EVER, SeededFinding
from local.seed.organisation import ACME_DATA, ACME_SHOP, BOREALIS_CLINIC, COBALT, UNALLOCATED

SESSION = boto3.Session()
ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})
NOW = datetime(2026, 3, 17, 14, 25, tzinfo=UTC)
TODAY = NOW.date()
ORGANISATION = organisation(TODAY)
RECORDS = cost_records(ORGANISATION)
ACME, BOREALIS, GAMES = ORGANISATION.customers
WEEK = Window(midnight(TODAY - timedelta(days=7)), midnight(TODAY))
ALL_DAYS = Window(midnight(TODAY - timedelta(days=90)), midnight(TODAY))


def client(
    service: str, url: str, region: str = "us-east-1", account: str = "", credentials: tuple[str, ...] = ("testing", "testing")
) -> Any:
    """Its own retries off; `account` is whose, where moto can't tell by the credentials."""
    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), credentials, strict=False))
    made = SESSION.client(service, region, endpoint_url=url, config=ONE_ATTEMPT, **keys)
    if account:
        made.meta.events.register("before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", account))
    return made


def code_of(failure: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    return failure.value.response["Error"]["Code"], failure.value.response["ResponseMetadata"]["HTTPStatusCode"]


# Cost Explorer


@pytest.fixture
def costs() -> Iterator[tuple[FakeCostExplorer, Any]]:
    fake = FakeCostExplorer(RECORDS, lambda: NOW)
    served = Served(fake.app)
    yield fake, client("ce", served.url)
    served.stop()


def asked(start: date, end: date, *keys: str, **more: Any) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": ["NetUnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in keys],
        **more,
    }


def dimension(key: str, *values: str) -> dict[str, Any]:
    return {"Dimensions": {"Key": key, "Values": list(values)}}


def test_costs_are_filtered_and_grouped_by_day(costs: tuple[FakeCostExplorer, Any]) -> None:
    start, end = TODAY - timedelta(days=40), TODAY
    wanted = {"And": [{"Not": dimension("REGION", "us-east-1")}, {"Or": [dimension("RECORD_TYPE", "Usage"), dimension("SERVICE", "Tax")]}]}
    answer = costs[1].get_cost_and_usage(**asked(start, end, "LINKED_ACCOUNT", "REGION", Filter=wanted))
    expected: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for record in RECORDS:
        if record.day >= start and record.region != "us-east-1" and (record.record_type == "Usage" or record.service == "Tax"):
            expected[record.day.isoformat(), record.account, record.region] += record.amounts["NetUnblendedCost"]
    got = {
        (result["TimePeriod"]["Start"], *group["Keys"]): Decimal(group["Metrics"]["NetUnblendedCost"]["Amount"])
        for result in answer["ResultsByTime"]
        for group in result["Groups"]
    }
    assert got == expected
    assert {result["TimePeriod"]["Start"]: result["TimePeriod"]["End"] for result in answer["ResultsByTime"]} == {
        (start + timedelta(days=n)).isoformat(): (start + timedelta(days=n + 1)).isoformat() for n in range(40)
    }


def test_a_day_without_a_record_is_there_without_a_group(costs: tuple[FakeCostExplorer, Any]) -> None:
    answer = costs[1].get_cost_and_usage(**asked(TODAY - timedelta(days=40), TODAY, "SERVICE", Filter=dimension("SERVICE", "Tax")))
    days = {result["TimePeriod"]["Start"][8:]: len(result["Groups"]) for result in answer["ResultsByTime"][-20:]}
    assert len(answer["ResultsByTime"]) == 40
    assert {day for day, groups in days.items() if groups} == {"01"}


def test_months_are_clipped_and_ungrouped_totals_are_sums(costs: tuple[FakeCostExplorer, Any]) -> None:
    answer = costs[1].get_cost_and_usage(**{**asked(date(2026, 1, 20), date(2026, 3, 3)), "Granularity": "MONTHLY"})
    got = {
        result["TimePeriod"]["Start"]: (result["Total"]["NetUnblendedCost"]["Amount"], result["Estimated"])
        for result in answer["ResultsByTime"]
    }
    expected: Counter[str] = Counter()
    for record in RECORDS:
        if date(2026, 1, 20) <= record.day < date(2026, 3, 3):
            expected["2026-01-20" if record.day.month == 1 else f"{record.day:%Y-%m-01}"] += record.amounts["NetUnblendedCost"]  # type: ignore[assignment]
    assert got == {day: (f"{amount:f}", day == "2026-03-01") for day, amount in expected.items()}


@pytest.mark.parametrize(("now", "estimated"), [("2026-03-05", True), ("2026-03-06", False)])
def test_a_day_is_final_after_the_fifth_of_the_next_month(costs: tuple[FakeCostExplorer, Any], now: str, estimated: bool) -> None:
    costs[0].clock = lambda: datetime.fromisoformat(now).replace(tzinfo=UTC)
    answer = costs[1].get_cost_and_usage(**asked(date(2026, 2, 28), date(2026, 3, 2)))
    assert [result["Estimated"] for result in answer["ResultsByTime"]] == [estimated, True]


def test_pages_hold_every_group_once_and_every_day(costs: tuple[FakeCostExplorer, Any]) -> None:
    request = asked(WEEK.start.date(), TODAY, "LINKED_ACCOUNT", "SERVICE")
    whole = costs[1].get_cost_and_usage(**request)["ResultsByTime"]
    costs[0].page_size = 5
    found: list[tuple[str, ...]] = []
    pages = 0
    while True:
        page = costs[1].get_cost_and_usage(**request)
        pages += 1
        found += [(result["TimePeriod"]["Start"], *group["Keys"]) for result in page["ResultsByTime"] for group in result["Groups"]]
        if "NextPageToken" not in page:
            break
        request["NextPageToken"] = page["NextPageToken"]
    assert found == [(result["TimePeriod"]["Start"], *group["Keys"]) for result in whole for group in result["Groups"]]
    assert pages == -(-len(found) // 5)
    with pytest.raises(ClientError) as failure:
        costs[1].get_cost_and_usage(**{**request, "Metrics": ["AmortizedCost"]})
    assert code_of(failure) == ("RequestChangedException", 400)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TimePeriod": {"Start": "2026-03-02", "End": "2026-03-02"}}, "ValidationException"),
        ({"Metrics": ["Cost"]}, "ValidationException"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": key} for key in ("SERVICE", "REGION", "RECORD_TYPE")]}, "ValidationException"),
        ({"Filter": {**dimension("REGION", "x"), "Not": dimension("REGION", "y")}}, "ValidationException"),
        ({"TimePeriod": {"Start": "2024-12-01", "End": "2025-01-01"}}, "DataUnavailableException"),
        ({"TimePeriod": {"Start": "2026-03-18", "End": "2026-03-19"}}, "DataUnavailableException"),
        ({"NextPageToken": "made up"}, "InvalidNextTokenException"),
    ],
)
def test_bad_cost_requests_are_refused(costs: tuple[FakeCostExplorer, Any], change: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as failure:
        costs[1].get_cost_and_usage(**{**asked(date(2026, 3, 1), TODAY), **change})
    assert code_of(failure) == (code, 400)


def test_costs_fail_as_often_as_asked_and_a_repeated_token_is_noticed(costs: tuple[FakeCostExplorer, Any]) -> None:
    costs[0].fail_next("LimitExceededException", 2)
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="LimitExceededException"):
            CostExplorer(costs[1], free).read(WEEK)
    assert costs[0].calls == ["GetDimensionValues"] * 2
    costs[0].repeat_token = True
    with pytest.raises(SourceUnavailable, match="RepeatedPageToken"):
        CostExplorer(costs[1], free).read(WEEK)


def test_what_cost_explorer_source_reads_is_what_was_seeded(costs: tuple[FakeCostExplorer, Any]) -> None:
    costs[0].page_size = 300
    parts = CostExplorer(costs[1], free).read(ALL_DAYS)
    assert set(parts) == {account for customer in ORGANISATION.customers for account in customer.account_ids} | {UNALLOCATED}
    accounts: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    services: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for record in RECORDS:
        for basis, metric in (("billed", "NetUnblendedCost"), ("effective", "NetAmortizedCost")):
            accounts[record.day, record.account, basis] += record.amounts[metric]
            services[record.account, service_name(record.service), basis] += record.amounts[metric]
    totals: dict[tuple[Any, ...], Decimal] = {}
    lines: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for account, its_parts in parts.items():
        assert [part.day for part in its_parts] == list(ALL_DAYS.days())
        for part in its_parts:
            for basis in ("billed", "effective"):
                summed = sum((line.amount(basis) or Decimal(0) for line in part.lines), Decimal(0))
                assert summed == sum(total.amount(basis) or Decimal(0) for total in part.totals)
                if part.lines:
                    totals[part.day, account, basis] = summed
                for line in part.lines:
                    lines[account, line.service, basis] += line.amount(basis) or Decimal(0)
    assert totals == accounts
    assert lines == services


def test_the_cost_stories_are_told() -> None:
    def by_day(account: str, service: str, region: str) -> dict[int, Decimal]:
        return {
            (TODAY - r.day).days: r.amounts["UnblendedCost"]
            for r in RECORDS
            if (r.account, r.service, r.region) == (account, service, region)
        }

    spike = by_day(ACME_DATA, "AWS Lambda", "us-east-1")
    assert {ago for ago, amount in spike.items() if amount > 60} == {24, 25, 26}
    assert set(by_day(COBALT, "Amazon ElastiCache", "us-east-1")) == set(range(36, 91))
    assert set(by_day(COBALT, "Amazon Simple Storage Service", "ap-northeast-1")) == set(range(1, 21))
    assert cost_records(organisation(TODAY)) == RECORDS
    assert {key for record in RECORDS for key in record.amounts} <= set(METRICS)
    assert max(-amount.as_tuple().exponent for record in RECORDS for amount in record.amounts.values()) == 10  # type: ignore[operator]


# Security Hub


def free(units: int) -> None:
    """What is asked here costs nothing."""


def at_once() -> None:
    """Nobody else is asking."""


@pytest.fixture
def hub() -> Iterator[tuple[FakeSecurityHub, Any]]:
    fake = FakeSecurityHub(findings(ORGANISATION), associations(ORGANISATION), lambda: NOW)
    served = Served(fake.app)
    yield fake, client("securityhub", served.url)
    served.stop()


def test_findings_are_filtered_by_and_of_ors(hub: tuple[FakeSecurityHub, Any]) -> None:
    def equals(*values: str) -> list[dict[str, str]]:
        return [{"Value": value, "Comparison": "EQUALS"} for value in values]

    filters = {
        "AwsAccountId": equals(ACME_SHOP, BOREALIS_CLINIC),
        "ComplianceStatus": equals("FAILED"),
        "RecordState": equals("ARCHIVED", "ACTIVE"),
    }
    found = hub[1].get_findings(Filters=filters, MaxResults=100)["Findings"]
    assert {finding["AwsAccountId"] for finding in found} == {ACME_SHOP, BOREALIS_CLINIC}
    assert {finding["Compliance"]["Status"] for finding in found} == {"FAILED"}
    assert {finding["RecordState"] for finding in found} == {"ACTIVE", "ARCHIVED"}
    assert {finding["ProductName"] for finding in found} == {"Security Hub", "GuardDuty"}


def test_the_source_reads_security_hubs_findings_only_over_all_pages(hub: tuple[FakeSecurityHub, Any]) -> None:
    impostor = SeededFinding(COBALT, "us-east-1", CONTROLS[0], "impostor", failed_from=EVER, product=("Security Hub", "someone/else"))
    hub[0].findings.append(impostor)
    source = SecurityHub(hub[1], at_once)
    read = [swept(source, customer.account_ids, NOW) for customer in ORGANISATION.customers]
    expected = {
        finding.id
        for finding in findings(ORGANISATION)
        if finding.product == ("Security Hub", "aws/securityhub") and finding.record_state == "ACTIVE" and finding.state_at(NOW)
    }
    assert {finding.id for found in read for finding in found} == expected
    assert sum(len(found) for found in read) == len(expected) > 200
    everybody = [account for customer in ORGANISATION.customers for account in customer.account_ids]
    hub[0].calls.clear()
    assert {finding.id for finding in swept(source, everybody, NOW)} == expected
    assert len(hub[0].calls) == 3  # of a hundred findings each
    assert all(NOW - timedelta(hours=12) <= finding.updated_at <= NOW for found in read for finding in found)
    assert sum(finding.status == "WARNING" for finding in read[0]) == 1
    assert sum(finding.ignored for finding in read[0]) > 0


def test_findings_are_those_of_the_clock(hub: tuple[FakeSecurityHub, Any]) -> None:
    failing = {}
    for ago in (50, 20, 0):
        hub[0].clock = lambda ago=ago: NOW - timedelta(days=ago)
        found = swept(SecurityHub(hub[1], at_once), BOREALIS.account_ids, hub[0].clock())
        failing[ago] = {finding.control_id for finding in found if finding.status == "FAILED"}
    assert failing[50] - failing[20] == {"EC2.19"}
    assert failing[0] - failing[20] == {"IAM.4"}


def test_a_switched_off_control_is_told_of(hub: tuple[FakeSecurityHub, Any]) -> None:
    known = {"Macie.1": (FSBP,), "GuardDuty.1": (FSBP,), "Gone.1": (FSBP,)}
    source = SecurityHub(hub[1], at_once)
    assert source.disabled(swept(source, BOREALIS.account_ids, NOW), known) == {("Macie.1", FSBP)}
    hub[0].clock = lambda: NOW - timedelta(days=70)
    assert not source.disabled(swept(source, BOREALIS.account_ids, NOW), known)


def test_security_hub_refuses_only_when_no_account_has_it(hub: tuple[FakeSecurityHub, Any]) -> None:
    hub[0].not_enabled = {ACME_SHOP}
    assert {finding["AwsAccountId"] for finding in get_findings(hub[1], [ACME_SHOP, ACME_DATA], None)[0]} == {ACME_DATA}
    with pytest.raises(ClientError) as failure:
        hub[1].get_findings(Filters={"AwsAccountId": [{"Value": ACME_SHOP, "Comparison": "EQUALS"}]})
    assert code_of(failure) == ("InvalidAccessException", 401)
    hub[0].fail_next("TooManyRequestsException")
    with pytest.raises(ClientError) as failure:
        hub[1].get_findings()
    assert code_of(failure) == ("TooManyRequestsException", 429)
    with pytest.raises(ClientError) as failure:
        hub[1].get_findings(Filters={"ProductName": [{"Value": "Sec", "Comparison": "PREFIX"}]})
    assert code_of(failure) == ("InvalidInputException", 400)


# CloudWatch, through assumed roles


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[MetricPoints, str]]:
    points = MetricPoints(lambda: NOW)
    for metric, its_points in metric_series(ORGANISATION, NOW):
        points.add(metric, its_points)
    undo = [install_cloudwatch(points), install_sts_check()]
    served = serve_moto()
    for customer in ORGANISATION.customers:
        for account in customer.account_ids:
            make_role(account, customer.external_id)
    yield points, served.url
    served.stop()
    for backend in ("cloudwatch", "iam", "sts"):
        get_backend(backend).reset()
    for one in undo:
        one()


def make_role(account: str, external_id: str) -> None:
    """In that account's own IAM, which no client reaches without a role there."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
    trust = json.dumps({"Statement": [statement]})
    get_backend("iam")[account]["aws"].create_role(READER_ROLE, trust, "/", None, "", [], "3600")


def assumed(url: str, service: str, role_arn: str, external_id: str, region: str = "us-east-1") -> Any:
    sts = client("sts", url)
    given = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", ExternalId=external_id)["Credentials"]
    return client(service, url, region, credentials=(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))


def source(url: str) -> CloudWatch:
    return CloudWatch(
        lambda account, external_id, region: assumed(url, "cloudwatch", account.role_arn, external_id, region), lambda: NOW, free
    )


def test_a_role_is_given_only_with_its_external_id(aws: tuple[MetricPoints, str]) -> None:
    account = ACME.accounts[0]
    assert assumed(aws[1], "sts", account.role_arn, ACME.external_id).get_caller_identity()["Account"] == account.id
    for arn, external_id in (
        (account.role_arn, BOREALIS.external_id),
        (f"arn:aws:iam::{UNALLOCATED}:role/{READER_ROLE}", ACME.external_id),
    ):
        with pytest.raises(ClientError) as failure:
            assumed(aws[1], "sts", arn, external_id)
        assert code_of(failure) == ("AccessDenied", 403)


READ = (
    # metric, namespace:name, dimension names, what a point counts as, divisor
    ("api_calls", "AWS/ApiGateway:Count", "ApiName", 2, 1),
    ("api_calls", "AWS/ApiGateway:Count", "ApiId", 2, 1),
    ("api_calls", "AWS/ApplicationELB:RequestCount", "LoadBalancer", 1, 1),
    ("compute_hours", "AWS/EC2:CPUUtilization", "InstanceId", 2, 12),
    ("compute_hours", "AWS/Lambda:Duration", "", 1, 3_600_000),
    ("data_transfer_gb", "AWS/CloudFront:BytesDownloaded", "DistributionId Region", 1, 2**30),
    ("data_transfer_gb", "AWS/EC2:NetworkOut", "InstanceId", 1, 2**30),
    ("nat_gb", "AWS/NATGateway:BytesOutToDestination", "NatGatewayId", 1, 2**30),
)


def expected_samples(accounts: tuple[str, ...], window: Window) -> dict[tuple[Any, ...], Decimal]:
    """Straight from the seed: sums per hour, then one division."""
    sums: defaultdict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for (account, region, namespace, name, dimensions), points in metric_series(ORGANISATION, NOW):
        for metric, of, names, column, divisor in READ:
            if account in accounts and of == f"{namespace}:{name}" and names.split() == [key for key, _ in dimensions]:
                place = "global" if "CloudFront" in of else region
                for point in points:
                    hour = datetime.fromtimestamp(point[0] // 3600 * 3600, UTC)
                    if window.start <= hour < window.end:
                        sums[hour, metric, service_name(namespace), place, account, divisor] += Decimal(repr(point[column]))
    return {key[:-1]: (total / key[-1]).quantize(Decimal("0.000001"), ROUND_HALF_EVEN) for key, total in sums.items()}


@pytest.mark.parametrize("number", range(3))
def test_what_cloudwatch_source_reads_is_what_was_seeded(aws: tuple[MetricPoints, str], number: int) -> None:
    customer = ORGANISATION.customers[number]
    window = Window(midnight(TODAY - timedelta(days=5)), NOW.replace(minute=0))
    regions = dict.fromkeys(customer.account_ids, ("us-west-2", "eu-central-1", "eu-west-1", "ap-northeast-1", "global"))
    reading = source(aws[1]).read(customer, window, regions, Registry(), relist=True)
    got = {(s.hour, s.metric, s.service, s.region, s.account): s.value for s in reading.samples if s.metric != "storage_gb"}
    assert got == expected_samples(customer.account_ids, window)
    assert not reading.failures
    stored = {(s.account, s.hour): s.value for s in reading.samples if s.metric == "storage_gb"}
    assert len(stored) == len(list(window.hours()))


def test_a_gauge_holds_its_last_value(aws: tuple[MetricPoints, str]) -> None:
    window = Window(midnight(TODAY - timedelta(days=2)), midnight(TODAY))
    reading = source(aws[1]).read(GAMES, window, {}, Registry(), relist=True)
    held = {s.hour.date(): s.value for s in reading.samples if s.metric == "storage_gb"}
    (points,) = [points for metric, points in metric_series(ORGANISATION, NOW) if metric[0] == COBALT and metric[3] == "BucketSizeBytes"]
    sizes = {datetime.fromtimestamp(point[0], UTC).date(): point[1] for point in points}
    assert held == {day: (Decimal(sizes[day]) / 2**30).quantize(Decimal("0.000001"), ROUND_HALF_EVEN) for day in window.days()}


def test_another_customers_external_id_is_a_failure_of_that_account_only(aws: tuple[MetricPoints, str]) -> None:
    def client_for(account: Any, external_id: str, region: str) -> Any:
        wrong = account.id == ACME_DATA
        return assumed(aws[1], "cloudwatch", account.role_arn, "guessed" if wrong else external_id, region)

    reading = CloudWatch(client_for, lambda: NOW, free).read(
        ACME, Window(NOW.replace(hour=3, minute=0), NOW.replace(hour=5, minute=0)), {}, Registry(), relist=True
    )
    assert reading.failures == ((f"{ACME_DATA}/us-east-1", "AccessDenied"),)
    assert {sample.account for sample in reading.samples} == {ACME_SHOP}


def test_put_points_come_back_by_every_statistic(aws: tuple[MetricPoints, str]) -> None:
    cloudwatch = client("cloudwatch", aws[1], "eu-west-3", account="440000000001")
    at = NOW.replace(minute=3)
    dimensions = [{"Name": "Stage", "Value": "dev"}]
    values = {"Values": [1.5, 4.0], "Counts": [2, 1]}
    one = {"Sum": 8.0, "SampleCount": 2.0, "Minimum": 0.5, "Maximum": 7.5}
    for data in (
        {"Timestamp": at, **values},
        {"Timestamp": at.replace(minute=4), "StatisticValues": one},
        {"Timestamp": at.replace(minute=5), "Value": 3},
    ):
        cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "Things", "Dimensions": dimensions, **data}])
    metric = {"Namespace": "Own", "MetricName": "Things", "Dimensions": dimensions}
    statistics = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")
    queries = [{"Id": f"q{n}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}} for n, stat in enumerate(statistics)]
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=NOW.replace(minute=0), EndTime=NOW, ScanBy="TimestampAscending"
    )
    assert [result["Values"] for result in answer["MetricDataResults"]] == [[15.0, 3.0], [5.0, 1.0], [3.0, 3.0], [0.5, 3.0], [7.5, 3.0]]
    assert answer["MetricDataResults"][0]["Timestamps"] == [NOW.replace(minute=0), NOW.replace(minute=5)]
    assert cloudwatch.list_metrics(Namespace="Own")["Metrics"] == [metric]
    assert client("cloudwatch", aws[1], "eu-west-3", account="440000000002").list_metrics(Namespace="Own")["Metrics"] == []


def test_metrics_silent_for_two_weeks_are_not_listed_but_a_registry_still_reads_them(aws: tuple[MetricPoints, str]) -> None:
    window = Window(midnight(TODAY - timedelta(days=37)), midnight(TODAY - timedelta(days=36)))
    instance = "i-0c3f2c3d4e5f60001"
    metric = ("AWS/EC2", "CPUUtilization", "InstanceId", instance)
    known = Registry().with_listed(f"{COBALT}/us-east-1", [metric], window.end.date())

    def hours(registry: Registry) -> Decimal:
        reading = source(aws[1]).read(GAMES, window, {}, registry, relist=True)
        return sum((sample.value for sample in reading.samples if sample.metric == "compute_hours"), Decimal(0))

    assert hours(known) - hours(Registry()) == 12  # it runs half the day


def test_many_metrics_and_points_come_in_pages(aws: tuple[MetricPoints, str]) -> None:
    points, url = aws
    for number in range(510):
        epoch = int((NOW - timedelta(hours=9)).timestamp()) // 300 * 300
        points.add(
            ("440000000003", "us-east-1", "Own", "Many", (("N", f"{number:03}"),)),
            [(epoch + 300 * n, 1.0, 1.0, 1.0, 1.0) for n in range(60)],
        )
    cloudwatch = client("cloudwatch", url, account="440000000003")
    metrics = [metric for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="Own") for metric in page["Metrics"]]
    assert len(metrics) == 510
    queries = [{"Id": f"q{n}", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}} for n, metric in enumerate(metrics)]
    request = {"StartTime": NOW - timedelta(hours=12), "EndTime": NOW}
    with pytest.raises(ClientError, match="500 queries"):
        cloudwatch.get_metric_data(MetricDataQueries=queries, **request)
    undo = install_cloudwatch(points, points_a_call=1000)
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries[:70], **request))
    undo()
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({result["Id"]: len(result["Values"]) for result in page["MetricDataResults"]})
    assert len(pages) == 5
    assert counts == {f"q{n}": 60 for n in range(70)}
    assert {result["StatusCode"] for result in pages[0]["MetricDataResults"]} == {"Complete", "PartialData"}


def test_alarms_are_still_motos(aws: tuple[MetricPoints, str]) -> None:
    cloudwatch = client("cloudwatch", aws[1])
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        Namespace="Own",
        MetricName="Things",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]] == ["a"]
