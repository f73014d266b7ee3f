"""The names and shapes of everything that keeps data. No boto3 here: stores, alarms/ and local/ all read these specs."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.choosing import RETENTIONS

PROJECT = "securebase"
TTL_ATTRIBUTE = "ttl"


@dataclass(frozen=True)
class Index:
    """A global secondary index over all attributes; every key is a string."""

    name: str
    hash_key: str
    range_key: str


@dataclass(frozen=True)
class Table:
    """An on-demand table; every key is a string. `recovery` is point-in-time recovery."""

    name: str
    hash_key: str
    range_key: str | None = None
    indexes: tuple[Index, ...] = ()
    recovery: bool = True

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """Every attribute that is part of a key, once each."""
        keys = [self.hash_key, *([self.range_key] if self.range_key else [])]
        for index in self.indexes:
            keys += [index.hash_key, index.range_key]
        return tuple(dict.fromkeys(keys))


METRICS = Table(
    "metrics",
    "customer_id",
    "timestamp",
    (Index("ServiceIndex", "customer_service", "timestamp"), Index("RegionIndex", "customer_region", "timestamp")),
)
REPORTS = Table("reports", "customer_id", "id", (Index("CreatedAtIndex", "customer_id", "created_at"),))
SCHEDULES = Table("schedules", "customer_id", "schedule_id", (Index("NextRunIndex", "due_shard", "next_run_at"),))
CACHE = Table("cache", "cache_key", recovery=False)
CUSTOMERS = Table("customers", "customer_id")
API_KEYS = Table("api-keys", "key_id", indexes=(Index("CustomerIndex", "customer_id", "key_id"),))
LEDGER = Table("ledger", "name", "period")
LINKS = Table("report-links", "link_id", indexes=(Index("ReportIndex", "report_id", "link_id"),))
AUDIT = Table("audit", "customer_id", "entry")
SESSIONS = Table("sessions", "session_id", recovery=False)
TABLES = (METRICS, REPORTS, SCHEDULES, CACHE, CUSTOMERS, API_KEYS, LEDGER, LINKS, AUDIT, SESSIONS)


KEPT_MONTHS = "kept-months"
"""The tag of an object that tells how long it is kept."""


@dataclass(frozen=True)
class Bucket:
    """`retentions` are the months after which objects that are tagged so expire; others are kept."""

    name: str
    retentions: tuple[int, ...] = ()


REPORTS_BUCKET = Bucket("reports", RETENTIONS)
EXPORTS_BUCKET = Bucket("exports")  # a customer's drops are the record; a new drop of a key replaces the old one
BUCKETS = (REPORTS_BUCKET, EXPORTS_BUCKET)


@dataclass(frozen=True)
class Queue:
    """A queue with a dead-letter queue `<name>-dead`. `timeout` is its function's seconds; visibility is six times that."""

    name: str
    timeout: int
    attempts: int = 3

    @property
    def visibility(self) -> int:
        return 6 * self.timeout


AGGREGATION_QUEUE = Queue("analytics-aggregation", timeout=120)
REPORT_QUEUE = Queue("analytics-report-jobs", timeout=300, attempts=4)  # the fourth tells that all three were cut off
FINDINGS_QUEUE = Queue("analytics-findings", timeout=60)
DELIVERY_QUEUE = Queue("analytics-deliveries", timeout=60)
QUEUES = (AGGREGATION_QUEUE, REPORT_QUEUE, FINDINGS_QUEUE, DELIVERY_QUEUE)
ALERTS_TOPIC = "analytics-alerts"
CUSTOMER_ROLE = "customer-session"
MAIL_TOPIC = "analytics-mail-events"
MAIL_CONFIGURATION = "analytics-mail"
"""SES's configuration set, which tells the topic what becomes of each mail."""
CREDENTIALS_SECRET = "analytics-credentials"  # noqa: S105  the secret's name, not a secret  # nosec B105


def physical_name(stage: str, name: str) -> str:
    """`securebase-<stage>-<name>`: the name of any table, queue, topic, secret or function."""
    return f"{PROJECT}-{stage}-{name}"


def bucket_name(stage: str, name: str, account: str) -> str:
    """`securebase-<stage>-<name>-<account>`: bucket names are global, so they carry the account."""
    return f"{physical_name(stage, name)}-{account}"
