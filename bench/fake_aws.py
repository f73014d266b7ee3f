"""Customers' AWS as the aggregation asks it: per account 40 metrics in two regions, 150 findings, 16 lines of costs a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import msgspec

from bench.meter import Meter, answering
from chalicelib.domain.cost import CostLine, CostPart, totals_of
from chalicelib.domain.names import service_category
from chalicelib.domain.period import DAY, Window
from chalicelib.domain.state import COST_EXPLORER

REGIONS = ("eu-west-1", "us-east-1")
FINDINGS_AN_ACCOUNT, CONTROLS = 150, 100
SERIES_PAGES = 19
"""Of one Cost Explorer series of 12 regions, were it of few accounts."""
COSTED = (
    "Amazon API Gateway",
    "Amazon Elastic Compute Cloud",
    "Amazon Elastic Load Balancing",
    "Amazon Relational Database Service",
    "Amazon Simple Storage Service",
    "AmazonCloudWatch",
    "Amazon Virtual Private Cloud",
    "AWS Lambda",
)
RESOURCES: dict[tuple[str, str], tuple[int, Callable[[str], dict[str, str]]]] = {
    ("AWS/ApiGateway", "Count"): (1, lambda name: {"ApiName": name}),
    ("AWS/ApplicationELB", "RequestCount"): (1, lambda name: {"LoadBalancer": f"app/{name}/50dc6c495c0c9188"}),
    ("AWS/EC2", "CPUUtilization"): (5, lambda name: {"InstanceId": f"i-{crc32(name.encode()):017x}"}),
    ("AWS/EC2", "NetworkOut"): (5, lambda name: {"InstanceId": f"i-{crc32(name.encode()):017x}"}),
    ("AWS/Lambda", "Duration"): (1, lambda name: {}),
    ("AWS/S3", "BucketSizeBytes"): (5, lambda name: {"BucketName": name, "StorageType": "StandardStorage"}),
    ("AWS/NATGateway", "BytesOutToDestination"): (1, lambda name: {"NatGatewayId": f"nat-{crc32(name.encode()):017x}"}),
    ("AWS/CloudFront", "BytesDownloaded"): (2, lambda name: {"DistributionId": name, "Region": "Global"}),
}
"""Per metric how many resources of a region have it (CloudFront: in its home region alone), and what dimensions name one."""
SHORT = 0.99
"""What CloudWatch tells of its newest hour: the rest comes within the next one."""


class FakeSts:
    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    @answering("sts")
    def assume_role(self, RoleArn: str, **_: Any) -> dict[str, Any]:
        """The access key is the account's number, by which `FakeCloudWatch` knows where it is."""
        return {"Credentials": {"AccessKeyId": RoleArn.split(":")[4], "SecretAccessKey": "s", "SessionToken": "t"}}


class FakeCloudWatch:
    def __init__(self, meter: Meter, account: str, region: str) -> None:
        self.meter, self._account, self._region = meter, account, region

    @answering("cloudwatch")
    def list_metrics(self, Namespace: str, MetricName: str) -> dict[str, Any]:
        count, dimensions = RESOURCES[Namespace, MetricName]
        named = [dimensions(f"{self._account}-{self._region}-{number}") for number in range(count)]
        metric = {"Namespace": Namespace, "MetricName": MetricName}
        return {"Metrics": [{**metric, "Dimensions": [{"Name": key, "Value": text} for key, text in one.items()]} for one in named]}

    @answering("cloudwatch")
    def get_metric_data(self, MetricDataQueries: list[dict[str, Any]], StartTime: datetime, EndTime: datetime, **_: Any) -> dict[str, Any]:
        """A point in every period of each metric."""
        assert len(MetricDataQueries) <= 500
        self.meter.counts["metrics asked"] += len(MetricDataQueries)
        newest, results = self.meter.clock.now().timestamp() - 5400, []
        instants: dict[int, tuple[list[datetime], list[int]]] = {}
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            period = stat["Period"]
            if period not in instants:
                stamps = list(range(-(-int(StartTime.timestamp()) // period) * period, int(EndTime.timestamp()), period))
                instants[period] = [datetime.fromtimestamp(stamp, UTC) for stamp in stamps], stamps
            times, stamps = instants[period]
            number = crc32(repr((self._account, self._region, stat["Metric"])).encode())
            values = [1000.0 + (number ^ stamp * 2654435761) % 10_000_019 for stamp in stamps]
            told_late = [place for place, stamp in enumerate(stamps[-24:], max(0, len(stamps) - 24)) if newest <= stamp and period <= 3600]
            for place in told_late:
                values[place] *= SHORT
            results.append({"Id": query["Id"], "Timestamps": times, "Values": values, "StatusCode": "Complete"})
        return {"MetricDataResults": results}


class FakeSecurityHub:
    """Every finding was updated in the last day."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    @answering("securityhub")
    def get_findings(self, Filters: dict[str, list[dict[str, str]]], MaxResults: int, NextToken: str = "0") -> dict[str, Any]:
        accounts = [wanted["Value"] for wanted in Filters["AwsAccountId"]]
        start, whole = int(NextToken), len(accounts) * FINDINGS_AN_ACCOUNT
        page = range(start, min(start + MaxResults, whole))
        findings = [self.finding(accounts[number // FINDINGS_AN_ACCOUNT], number % FINDINGS_AN_ACCOUNT) for number in page]
        return {"Findings": findings, **({"NextToken": str(page.stop)} if page.stop < whole else {})}

    def finding(self, account: str, number: int) -> dict[str, Any]:
        """As ASFF; two in three controls have more than one resource."""
        control = f"EC2.{number % CONTROLS}"
        updated = self.meter.clock.now() - timedelta(hours=1 + number % 20)
        arn = f"arn:aws:securityhub:us-east-1:{account}:security-control/{control}/finding/{crc32(account.encode()):08x}-{number:04d}"
        standards = [{"StandardsId": f"standards/{name}"} for name in ("aws-foundational-security-best-practices/v/1.0.0", "cis/v/3.0.0")]
        return {
            "Id": arn,
            "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
            "GeneratorId": f"security-control/{control}",
            "Title": f"EC2 control {number % CONTROLS} should hold",
            "Severity": {"Label": ("CRITICAL", "HIGH", "MEDIUM", "LOW")[number % 4]},
            "Compliance": {
                "Status": "PASSED" if number % 4 else "FAILED",
                "SecurityControlId": control,
                "AssociatedStandards": standards[: 1 + number % 2],
            },
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE",
            "UpdatedAt": updated.isoformat(),
            "AwsAccountId": account,
            "Region": REGIONS[number % 2],
            "Resources": [{"Id": f"arn:aws:ec2:{REGIONS[number % 2]}:{account}:instance/i-{number:017x}"}],
        }


class FakeSqs:
    """Hands every message to `send(queue's name, body, delay)`."""

    meta = SimpleNamespace(endpoint_url="https://sqs")

    def __init__(self, meter: Meter, send: Callable[[str, str, float], None]) -> None:
        self.meter, self._send = meter, send

    @answering("sqs")
    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert len(Entries) <= 10
        for entry in Entries:
            self._send(QueueUrl.rpartition("/")[2], entry["MessageBody"], entry["DelaySeconds"])
        return {}


class FakeS3:
    def __init__(self, meter: Meter) -> None:
        self.meter, self._objects = meter, dict[str, bytes]()

    @answering("s3")
    def put_object(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self._objects[Key] = Body
        return {}

    @answering("s3")
    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": BytesIO(self._objects[Key])}


class Series(Mapping[str, tuple[CostPart, ...]]):
    """Parts by account; accounts beyond those that it tells of cost nothing, so that thousands of them needn't be made up."""

    def __init__(self, accounts: tuple[str, ...], window: Window) -> None:
        self._accounts, self._window = accounts, window

    def __getitem__(self, account: str) -> tuple[CostPart, ...]:
        return tuple(cost_part(account, day, self._window.end.date()) for day in self._window.days()) if account in self._accounts else ()

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)


class FakeCosts:
    """A Cost Explorer series of these accounts."""

    name = COST_EXPLORER

    def __init__(self, meter: Meter, accounts: tuple[str, ...]) -> None:
        self.meter, self._accounts = meter, accounts

    def read(self, window: Window, billing_view: str = "") -> Series:
        for _ in range(SERIES_PAGES):
            self.meter.called("ce.get_cost_and_usage", 0.0)
        return Series(self._accounts, window)


def cost_part(account: str, day: date, told_on: date) -> CostPart:
    """The last two days are told anew each day."""
    numbers = Random(f"{account} {day} {told_on if told_on - day <= 2 * DAY else ''}")
    lines = tuple(
        CostLine(account, service, region, service_category(service), "AWS", "Usage", "USD", amount, amount, None)
        for service in COSTED
        for region in REGIONS
        for amount in [Decimal(f"{numbers.uniform(0, 100):.10f}")]
    )
    return CostPart(day, COST_EXPLORER, account, lines, totals_of(lines), told_on - day <= 2 * DAY)


def encoded(job: Mapping[str, str]) -> str:
    return msgspec.json.encode(job).decode()
