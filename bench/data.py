"""The customer that is measured: 760 days of costs and usage in 20 services and 4 regions, the same in every run.

The only module here that knows the store's methods for writing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

from chalicelib.domain.amounts import Amounts
from chalicelib.domain.compliance import Finding, assess
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.names import service_category
from chalicelib.domain.period import DAY, HOUR, Window, midnight
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, OK, REPLICATED_AFTER, SECURITY_HUB, SourceState
from chalicelib.domain.usage import Sample, UsageBucket, UsageKey, gauges, hour_buckets
from chalicelib.settings import Settings
from chalicelib.usecases.answers.prospects import make_prospects
from chalicelib.wiring import Services
from ops.keys import issue

NOW = datetime(2026, 11, 23, 20, 7, tzinfo=UTC)
TODAY = NOW.date()
CUSTOMER, ACCOUNT = "acme-retail", "210987654321"
DAYS = 760
SERVICES = (
    "Amazon API Gateway",
    "Amazon Athena",
    "Amazon CloudFront",
    "Amazon DynamoDB",
    "Amazon ElastiCache",
    "Amazon Elastic Compute Cloud",
    "Amazon Elastic Container Service",
    "Amazon Elastic File System",
    "Amazon Elastic Kubernetes Service",
    "Amazon Kinesis",
    "Amazon OpenSearch Service",
    "Amazon Redshift",
    "Amazon Relational Database Service",
    "Amazon Route 53",
    "Amazon Simple Notification Service",
    "Amazon Simple Queue Service",
    "Amazon Simple Storage Service",
    "AmazonCloudWatch",
    "AWS Key Management Service",
    "AWS Lambda",
)
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
METRICS = ("api_calls", "compute_hours", "data_transfer_gb", "errors", "nat_gb", "objects", "storage_gb")
SERIES = [(metric, service, region, ACCOUNT) for metric in METRICS for service in SERVICES for region in REGIONS]
HOURS_OF = (0, 1, 2, 7, 14, 30, 60)
"""Days ago that are kept by the hour: in one of them 24h, 7d and 30d, and what is compared with them, begin."""
CONTROLS = 200
STANDARDS = ("standards/aws-foundational-security-best-practices/v/1.0.0", "standards/cis-aws-foundations-benchmark/v/1.4.0")


def services() -> Services:
    """As a container's, at a fixed moment."""
    return Services(Settings.from_environment(os.environ), clock=lambda: NOW)


def fill(with_: Services) -> str:
    """Writes all of it; returns the customer's API key."""
    days = [TODAY - ago * DAY for ago in range(DAYS, -1, -1)]
    store = replace(with_, clock=lambda: NOW - REPLICATED_AFTER).metrics
    store.costs.put(CUSTOMER, [cost_day(day) for day in days])
    store.hours.put(CUSTOMER, _hours())
    store.usage.put(CUSTOMER, [usage_bucket(midnight(day), 24) for day in days])
    store.put_compliance_days(CUSTOMER, [assess(SECURITY_HUB, "aws/securityhub", _findings(day), midnight(day)) for day in days[-60:]])
    for source, through in ((CLOUDWATCH, NOW.replace(minute=0)), (COST_EXPLORER, midnight(TODAY)), (SECURITY_HUB, NOW)):
        ahead = make_prospects(store, CUSTOMER, NOW)[0] if source == COST_EXPLORER else None
        store.put_state(CUSTOMER, SourceState(source, OK, NOW, through, NOW, (), "1"), ahead)
    with_.customers.create(Customer(CUSTOMER, "Acme Retail", (Account(ACCOUNT),), "external", NOW))
    return issue(with_, CUSTOMER, ("read",))[0]


def read_usage_days(with_: Services, window: Window) -> object:
    """The days of the window alone, without what they are compared with."""
    return with_.metrics.usage.read(CUSTOMER, window.start.date(), (window.end - DAY).date(), consistent=False)


def put_hour(with_: Services, count: int) -> None:
    """One hour of that many samples, from samples to the table."""
    hour = NOW.replace(minute=0) - HOUR
    accounts = range(-(-count // (len(SERVICES) * len(REGIONS) * len(METRICS))))
    numbers = Random(1)

    def samples() -> Iterator[Sample]:
        keys = ((m, s, r, f"{a:012d}") for a in accounts for m in METRICS for s in SERVICES for r in REGIONS)
        for _, (metric, service, region, account) in zip(range(count), keys, strict=False):
            yield Sample(hour, metric, service, region, account, _six_digits(numbers))

    scopes = [f"{account:012d}/{region}" for account in accounts for region in REGIONS]
    with_.metrics.hours.put("wide-customer", hour_buckets(samples(), Window(hour, hour + HOUR), scopes))


def cost_day(day: date) -> CostDay:
    """One account's day: billed varies about a level of each line, effective is what discounts leave of it; ten places each."""
    levels, numbers = Random("levels"), Random(f"costs {day}")
    lines = tuple(
        CostLine(ACCOUNT, service, region, service_category(service), "AWS", "Usage", "USD", billed, effective, None)
        for service in SERVICES
        for region in REGIONS
        for billed in [_places(levels.lognormvariate(2, 1.5) * numbers.uniform(0.8, 1.2))]
        for effective in [_places(float(billed) * numbers.uniform(0.7, 1))]
    )
    return CostDay.of(day, lines, totals_of(lines), False, (COST_EXPLORER,))


def usage_bucket(start: datetime, hours: int) -> UsageBucket:
    """Six random digits per series, and six more per gauge for its last hour."""
    numbers = Random(f"usage {start} {hours}")
    keys = tuple(sorted(UsageKey(*key) for key in SERIES))
    totals, levels = (Amounts.of([_six_digits(numbers) for _ in its_keys]) for its_keys in (keys, gauges(keys)))
    return UsageBucket(start, {f"{ACCOUNT}/{region}": hours for region in REGIONS}, keys, totals, levels)


def _hours() -> Iterator[UsageBucket]:
    for ago in HOURS_OF:
        for hour in range(24):
            yield usage_bucket(midnight(TODAY - ago * DAY) + hour * HOUR, 1)


def _findings(day: date) -> Iterator[Finding]:
    numbers = Random(f"findings {day}")
    for number in range(CONTROLS):
        status = numbers.choice(("PASSED", "PASSED", "PASSED", "FAILED"))
        control, severity = f"EC2.{number}", numbers.choice(("CRITICAL", "HIGH", "MEDIUM", "LOW"))
        resources = (f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-{number:017x}",)
        title = f"EC2 control {number} should hold"
        at = midnight(day)
        yield Finding(
            control,
            "aws/securityhub",
            control,
            title,
            severity,
            status,
            False,
            at,
            ACCOUNT,
            "us-east-1",
            resources,
            STANDARDS[: number % 3],
        )


def _six_digits(numbers: Random) -> Decimal:
    return Decimal(numbers.randrange(100_000, 1_000_000))


def _places(amount: float) -> Decimal:
    return Decimal(f"{amount:.10f}")
