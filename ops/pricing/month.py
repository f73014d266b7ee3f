"""What a stage's month comes to: what a customer and the stage itself take, measured or assumed, at AWS's prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from alarms.logs import PRODUCTION_DAYS
from alarms.stack import build
from alarms.tags import KEPT_STAGE
from chalicelib.domain import signals
from chalicelib.stores.tables import QUEUES
from ops.pricing.prices import (
    API_REQUEST,
    CLOUDWATCH_ALARM_METRIC_MONTH,
    CLOUDWATCH_COMPOSITE_ALARM_MONTH,
    CLOUDWATCH_DASHBOARD_MONTH,
    CLOUDWATCH_METRIC_ASKED,
    CLOUDWATCH_METRIC_MONTH,
    CLOUDWATCH_REQUEST,
    COST_EXPLORER_PAGE,
    DYNAMODB_GB_MONTH,
    DYNAMODB_READ_UNIT,
    DYNAMODB_RECOVERY_GB_MONTH,
    DYNAMODB_WRITE_UNIT,
    KMS_KEY_MONTH,
    KMS_REQUEST,
    LAMBDA_GB_SECOND,
    LAMBDA_REQUEST,
    LOGS_GB,
    LOGS_GB_MONTH,
    MILLION,
    S3_GB_MONTH,
    S3_GET,
    S3_PUT,
    SECRET_MONTH,
    SECRET_REQUEST,
    SES_MAIL,
    SQS_REQUEST,
    THOUSAND,
    TRANSFER_OUT_GB,
)

CENT = Decimal("0.01")
RESOURCES = build(KEPT_STAGE).to_dict()["Resources"].values()


def _count(kind: str) -> Decimal:
    """How many of a kind the stack makes."""
    return Decimal(sum(one["Type"] == f"AWS::{kind}" for one in RESOURCES))


def _alarm_metrics() -> Decimal:
    """An alarm is paid by the metric that it looks at."""
    alarms = [one["Properties"] for one in RESOURCES if one["Type"] == "AWS::CloudWatch::Alarm"]
    return Decimal(sum(len([query for query in alarm.get("Metrics", []) if "MetricStat" in query]) or 1 for alarm in alarms))


HOURS, DAYS = Decimal(730), Decimal(365) / 12
"""Of a month."""
MEMORY_GB = Decimal(signals.API.memory) / 1024
MEASURED, ASSUMED, CODE = "`python -m bench scale`, three accounts a customer", "assumed", "the code"


@dataclass(frozen=True)
class Driver:
    """How much of something there is; `source` is where the figure is from."""

    what: str
    amount: Decimal
    source: str


JOBS = Driver("jobs a customer a month", Decimal(900), MEASURED)
JOB_GB_SECONDS = Driver("GB-seconds of a customer's jobs a month", Decimal(1_480), MEASURED)
JOB_WRITES = Driver("write units of a customer's jobs a month, indexes included", Decimal(49_600), MEASURED)
JOB_READS = Driver("read units of a customer's jobs a month", Decimal(26_400), MEASURED)
JOB_MESSAGES = Driver("SQS requests for a customer's jobs a month", Decimal(1_750), MEASURED)
KEPT_GB = Driver("GB that are kept of a customer", Decimal("0.0244"), MEASURED)
METRICS_ASKED = Driver("metrics asked of CloudWatch a customer a month, every hour", Decimal(91_200), MEASURED)
METRICS_ASKED_SELDOM = Driver("the same with USAGE_EVERY_HOURS=6", Decimal(18_200), MEASURED)
LISTS = Driver("ListMetrics requests a customer a month", Decimal(5_510), MEASURED)
PAGES = Driver("Cost Explorer pages a read, four reads a day, all customers together (up to some hundred accounts)", Decimal(19), MEASURED)
QUERIES = Driver("API requests a customer a day", Decimal(200), ASSUMED)
QUERY_SECONDS = Driver("seconds of the API function a request", Decimal("0.05"), ASSUMED)
QUERY_READS = Driver("read units a request", Decimal(5), ASSUMED)
QUERY_WRITES = Driver("write units a request (cache, limits, audit)", Decimal(1), ASSUMED)
QUERY_KB = Driver("KB an answer", Decimal(20), ASSUMED)
REPORTS = Driver("reports a customer a month", Decimal(20), ASSUMED)
REPORT_SECONDS = Driver("seconds of the report engine and the deliveries a report", Decimal(6), ASSUMED)
REPORT_MB = Driver("MB a report, kept for 13 months, fetched once", Decimal("0.5"), ASSUMED)
REPORT_WRITES = Driver("write units a report, its run and deliveries", Decimal(20), ASSUMED)
MAILS = Driver("mails a customer a month, where mail is set up", Decimal(20), ASSUMED)
LOG_KB = Driver("KB of log a request or job", Decimal(1), ASSUMED)
LOG_MONTHS = Driver("months that logs are kept", Decimal(PRODUCTION_DAYS) / 30, CODE)
WARM = Driver("containers that are warm at a time and read the secret every five minutes", Decimal(10), ASSUMED)
CALLERS = Driver("pairs of a function and a table, for each of which DynamoDB asks KMS every five minutes", Decimal(30), ASSUMED)
SCHEDULED_SECONDS = Driver("seconds of a scheduled function that finds little to do", Decimal("0.5"), ASSUMED)
SCHEDULED = Driver("calls of the scheduled functions a month, every hour and every five minutes", 13 * HOURS, CODE)
EMPTY_RECEIVES = Driver("requests of the queues' readers that find nothing, a month", len(QUEUES) * 5 * 180 * HOURS, CODE)
ALARM_METRICS = Driver("metrics that alarms look at", _alarm_metrics(), CODE)
OWN_METRICS = Driver("metrics of our own", Decimal(len(signals.METRICS)), CODE)
DRIVERS = tuple(value for value in list(globals().values()) if isinstance(value, Driver))  # all of the above: none is left untold

REQUESTS = QUERIES.amount * DAYS
"""A customer's of a month."""
CALLS = JOBS.amount + REQUESTS + 2 * REPORTS.amount
"""Of all functions for a customer in a month."""
LOGGED_GB = CALLS * LOG_KB.amount / MILLION
FETCHED_GB = REPORTS.amount * REPORT_MB.amount / THOUSAND
EVERY_FIVE_MINUTES = 12 * HOURS
OURS, THEIRS, OPTIONAL = "ours", "theirs", "optional"
"""Who pays: this account; the customers' accounts, which are asked in their own names; this one where an option is used."""


@dataclass(frozen=True)
class Line:
    """Something at a price, of which a month takes so much for each customer and so much for the stage."""

    service: str
    what: str
    price: Decimal
    a_customer: Decimal = Decimal(0)
    a_stage: Decimal = Decimal(0)
    payer: str = OURS

    def usd(self, customers: int) -> Decimal:
        """Unrounded."""
        return self.price * (self.a_customer * customers + self.a_stage)


_GB_SECONDS = JOB_GB_SECONDS.amount + MEMORY_GB * (REQUESTS * QUERY_SECONDS.amount + REPORTS.amount * REPORT_SECONDS.amount)
_WRITES = JOB_WRITES.amount + REQUESTS * QUERY_WRITES.amount + REPORTS.amount * REPORT_WRITES.amount
_OUT_GB = REQUESTS * QUERY_KB.amount / MILLION
_PAGES = 4 * DAYS * PAGES.amount
LINES = (
    Line("Lambda", "GB-seconds", LAMBDA_GB_SECOND, _GB_SECONDS, MEMORY_GB * SCHEDULED.amount * SCHEDULED_SECONDS.amount),
    Line("Lambda", "requests", LAMBDA_REQUEST, CALLS, SCHEDULED.amount),
    Line("API Gateway", "REST requests", API_REQUEST, REQUESTS),
    Line("DynamoDB", "write units", DYNAMODB_WRITE_UNIT, _WRITES),
    Line("DynamoDB", "read units", DYNAMODB_READ_UNIT, JOB_READS.amount + REQUESTS * QUERY_READS.amount),
    Line("DynamoDB", "GB kept", DYNAMODB_GB_MONTH, KEPT_GB.amount),
    Line("DynamoDB", "GB that can be brought back", DYNAMODB_RECOVERY_GB_MONTH, KEPT_GB.amount),
    Line("S3", "GB kept", S3_GB_MONTH, 13 * FETCHED_GB),
    Line("S3", "PUT", S3_PUT, 2 * REPORTS.amount),
    Line("S3", "GET", S3_GET, 2 * REPORTS.amount),
    Line("SQS", "requests", SQS_REQUEST, JOB_MESSAGES.amount + 6 * REPORTS.amount, EMPTY_RECEIVES.amount),
    Line("CloudWatch", "metrics of our own", CLOUDWATCH_METRIC_MONTH, a_stage=OWN_METRICS.amount),
    Line("CloudWatch", "alarms, by the metric", CLOUDWATCH_ALARM_METRIC_MONTH, a_stage=ALARM_METRICS.amount),
    Line("CloudWatch", "alarms of alarms", CLOUDWATCH_COMPOSITE_ALARM_MONTH, a_stage=_count("CloudWatch::CompositeAlarm")),
    Line("CloudWatch", "dashboards", CLOUDWATCH_DASHBOARD_MONTH, a_stage=_count("CloudWatch::Dashboard")),
    Line("CloudWatch", "GB logged", LOGS_GB, LOGGED_GB, SCHEDULED.amount * LOG_KB.amount / MILLION),
    Line("CloudWatch", "GB of logs kept", LOGS_GB_MONTH, LOG_MONTHS.amount * LOGGED_GB),
    Line("Cost Explorer", "pages", COST_EXPLORER_PAGE, a_stage=_PAGES),
    Line("KMS", "keys", KMS_KEY_MONTH, a_stage=_count("KMS::Key")),
    Line("KMS", "requests", KMS_REQUEST, a_stage=CALLERS.amount * EVERY_FIVE_MINUTES),
    Line("Secrets Manager", "secrets", SECRET_MONTH, a_stage=_count("SecretsManager::Secret")),
    Line("Secrets Manager", "requests", SECRET_REQUEST, a_stage=WARM.amount * EVERY_FIVE_MINUTES),
    Line("Data transfer", "GB to the internet", TRANSFER_OUT_GB, _OUT_GB + FETCHED_GB),
    Line("SES", "mails", SES_MAIL, MAILS.amount, payer=OPTIONAL),
    Line("KMS", "a key of one's own for data (`--own-key`)", KMS_KEY_MONTH, a_stage=Decimal(1), payer=OPTIONAL),
    Line("CloudWatch", "metrics asked, every hour", CLOUDWATCH_METRIC_ASKED, METRICS_ASKED.amount, payer=THEIRS),
    Line("CloudWatch", "ListMetrics", CLOUDWATCH_REQUEST, LISTS.amount, payer=THEIRS),
)


def total(customers: int, payer: str = OURS) -> Decimal:
    """US dollars a month of what that one pays, unrounded."""
    return sum((line.usd(customers) for line in LINES if line.payer == payer), Decimal(0))


def seldom(customers: int) -> Decimal:
    """What customers' accounts pay where CloudWatch is read every six hours."""
    asked = METRICS_ASKED.amount - METRICS_ASKED_SELDOM.amount
    return total(customers, THEIRS) - CLOUDWATCH_METRIC_ASKED * asked * customers


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
