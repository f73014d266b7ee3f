"""The deployed functions and the metrics that the app itself emits, from which alarms, dashboard and policies are drawn."""

from __future__ import annotations

from dataclasses import dataclass

APP = "securebase"  # Chalice's app_name; also the name of every stage's API, so API metrics are told apart by their stage

NAMESPACE = "SecureBase/Analytics"
STAGE = "Stage"  # the one dimension of every metric below
HANDLED_FAILURES = "HandledFailures"  # failures that ended as an answer (of HTTP: any 5xx), so Lambda's own Errors never sees them
REPORTS_RENDERED = "ReportsRendered"
REPORTS_FAILED = "ReportsFailed"  # reports given up, once each, not once per attempt
RECONCILIATION_DIFFERENCE = "ReconciliationDifference"  # sum of lines against the source's own total, without its sign
SOURCE_AGE_RATIO = "SourceAgeRatio"  # the oldest source's age over its freshness limit, every hour; over 1 is stale
CUSTOMERS = "Customers"  # that are active, every hour
CACHE_HITS = "CacheHits"  # 1 or 0 of each answer that may be kept, so that the average is the rate
COST_EXPLORER_PAGES = "CostExplorerPages"  # asked of Cost Explorer, $0.01 each
CLOUDWATCH_METRICS = "CloudWatchMetricsAsked"  # asked of GetMetricData, $0.01 a thousand
DELIVERIES_SENT = "DeliveriesSent"  # messages that were taken by whoever carries them on
DELIVERIES_FAILED = "DeliveriesFailed"  # given up, bounced or complained of
SCHEDULES_PARKED = "SchedulesParked"
LIMITER_FAILED = "LimiterFailed"  # the shared bucket couldn't be reached, so nobody was held up
AUDIT_LOST = "AuditLost"  # a deed that only the log tells of
METRICS = (
    HANDLED_FAILURES,
    REPORTS_RENDERED,
    REPORTS_FAILED,
    RECONCILIATION_DIFFERENCE,
    SOURCE_AGE_RATIO,
    CUSTOMERS,
    CACHE_HITS,
    COST_EXPLORER_PAGES,
    CLOUDWATCH_METRICS,
    DELIVERIES_SENT,
    DELIVERIES_FAILED,
    SCHEDULES_PARKED,
    LIMITER_FAILED,
    AUDIT_LOST,
)


@dataclass(frozen=True)
class Function:
    """A Lambda function by its Chalice name; memory in MB, timeout in seconds. `concurrency` bounds a queue's readers."""

    name: str
    timeout: int
    memory: int = 512
    concurrency: int | None = None

    def deployed(self, stage: str) -> str:
        """The function's name on AWS: Chalice leaves the API handler's own name out."""
        return f"{APP}-{stage}" if self.name == "api_handler" else f"{APP}-{stage}-{self.name}"


API = Function("api_handler", timeout=29)
AGGREGATOR = Function("analytics-aggregator", timeout=60)
AGGREGATION_WORKER = Function("aggregation-worker", timeout=120, concurrency=100)  # handing a series to 10,000 customers takes 70 s
FINDINGS_WORKER = Function("findings-worker", timeout=60, concurrency=20)  # for events; sweeps keep Security Hub's pace by the ledger
REPORTER = Function("analytics-reporter", timeout=240)  # less than the five minutes between two calls
REPORT_ENGINE = Function("report-engine", timeout=300, concurrency=5)
DELIVERY_WORKER = Function("delivery-worker", timeout=60, concurrency=10)
WORKERS = (AGGREGATOR, AGGREGATION_WORKER, FINDINGS_WORKER, REPORTER, REPORT_ENGINE, DELIVERY_WORKER)
FUNCTIONS = (API, *WORKERS)
