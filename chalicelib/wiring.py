"""The one module that knows everybody: builds clients, stores and sources, once per container."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from cachetools import TTLCache, cached

from chalicelib import laptop, logs
from chalicelib.channels import Channels
from chalicelib.domain import signals
from chalicelib.domain.customer import Customer
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, SECURITY_HUB
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.stores.answers import parsed_in_c
from chalicelib.stores.cache import Cache
from chalicelib.stores.files import ExportFiles, Handover, ReportFiles
from chalicelib.stores.ledger import Ledger
from chalicelib.stores.metrics import Metrics
from chalicelib.stores.queues import Queue
from chalicelib.stores.reports import Reports
from chalicelib.usecases.answers.kept import Turns

if TYPE_CHECKING:
    from chalicelib.sources.accounts import AccountClients
    from chalicelib.stores.everything import Everything
    from chalicelib.stores.payer import PayerExports, PayerFiles
    from chalicelib.stores.schedules import Schedules
    from chalicelib.usecases.aggregation.collaborators import Collaborators

OWNERS_SECONDS = 300
FINDINGS_A_SECOND = 3
"""Security Hub's own limit of GetFindings, over all workers."""
CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=2, read_timeout=15, max_pool_connections=128)
ONCE = CONFIG.merge(Config(retries={"total_max_attempts": 1}))
"""For what may not be asked twice, as it would be done twice."""
CONFIGS = {"s3": CONFIG.merge(Config(signature_version="s3v4"))}
"""Links signed the old way stop at encrypted objects."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services(Channels):
    """Everything a request or a job needs. Clients are low-level ones, which threads may share."""

    settings: Settings
    clock: Callable[[], datetime] = now
    sleep: Callable[[float], None] = time.sleep
    turns: Turns = field(default_factory=Turns)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The container's one client of that service."""
        with self._lock:
            if service not in self._clients:
                client = boto3.client(service, region_name=self.settings.region, config=CONFIGS.get(service, CONFIG))
                self._clients[service] = parsed_in_c(client) if service == "dynamodb" else client
            return self._clients[service]

    def once(self, service: str, region: str = "") -> Any:
        name = f"{service}/{region}"
        with self._lock:
            if name not in self._clients:
                self._clients[name] = boto3.client(service, region_name=region or self.settings.region, config=ONCE)
            return self._clients[name]

    @cached_property
    def account_clients(self) -> AccountClients:
        from chalicelib.sources.accounts import AccountClients

        return AccountClients(lambda: self.client("sts"), CONFIG)

    @cached_property
    def account(self) -> str:
        return self.settings.account or str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(self.dynamo, self.table(tables.METRICS), self.clock, self.settings.hours_kept)

    @cached_property
    def cache(self) -> Cache:
        return Cache(self.dynamo, self.table(tables.CACHE), self.table(tables.METRICS), self.clock)

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.dynamo, self.table(tables.REPORTS), self.clock)

    @cached_property
    def report_files(self) -> ReportFiles:
        return ReportFiles(self.client("s3"), self._bucket(tables.REPORTS_BUCKET))

    @cached_property
    def export_files(self) -> ExportFiles:
        return ExportFiles(self.client("s3"), self._bucket(tables.EXPORTS_BUCKET))

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.dynamo, self.table(tables.LEDGER), self.clock, self.sleep)

    @cached_property
    def known_owners(self) -> Callable[[], dict[str, Customer]]:
        """Account -> customer, for events that name an account; a new customer's are known within five minutes."""

        def owners() -> dict[str, Customer]:
            return {account: customer for customer in self.customers.all() if not customer.disabled for account in customer.account_ids}

        return cached(TTLCache(1, OWNERS_SECONDS), lock=threading.Lock())(owners)

    @cached_property
    def everything(self) -> Everything:
        from chalicelib.stores.everything import Everything

        return Everything(self.dynamo, self.client("s3"), self.table, self._bucket)

    @cached_property
    def payer_exports(self) -> PayerExports:
        from chalicelib.stores.payer import PayerExports

        return PayerExports(self.dynamo, self.table(tables.METRICS))

    @cached_property
    def payer_files(self) -> PayerFiles:
        from chalicelib.stores.payer import PayerFiles

        return PayerFiles(self.client("s3"), self._bucket(tables.EXPORTS_BUCKET))

    @cached_property
    def report_queue(self) -> Queue:
        return self._queue(tables.REPORT_QUEUE.name)

    @cached_property
    def delivery_queue(self) -> Queue:
        return self._queue(tables.DELIVERY_QUEUE.name)

    @cached_property
    def schedules(self) -> Schedules:
        from chalicelib.stores.schedules import Schedules

        return Schedules(self.dynamo, self.table(tables.SCHEDULES), self.clock)

    @cached_property
    def collaborators(self) -> Collaborators:
        """What the aggregation works with; its sources are imported here, as the API, which starts most often, needs none of them."""
        from chalicelib.sources import data_export, findings, focus_export
        from chalicelib.sources.cloudwatch import CloudWatch
        from chalicelib.sources.cost_explorer import CostExplorer
        from chalicelib.sources.cost_forecast import CostForecast
        from chalicelib.sources.security_hub import SecurityHub
        from chalicelib.usecases.aggregation.collaborators import Collaborators, Payer

        spend = partial(self._spend, COST_EXPLORER, signals.COST_EXPLORER_PAGES)
        return Collaborators(
            self.customers,
            self.metrics,
            CloudWatch(self.account_clients, self.clock, partial(self._spend, CLOUDWATCH, signals.CLOUDWATCH_METRICS)),
            CostExplorer(self.client("ce"), spend),
            SecurityHub(self.client("securityhub"), lambda: self.ledger.wait_turn(SECURITY_HUB, FINDINGS_A_SECOND)),
            self.export_files,
            focus_export.read,
            findings.read,
            self._queue(tables.AGGREGATION_QUEUE.name),
            self._queue(tables.FINDINGS_QUEUE.name),
            Handover(self.client("s3"), self._bucket(tables.EXPORTS_BUCKET)),
            self.ledger,
            self.settings.hours_kept,
            self.settings.usage_every,
            self.clock,
            Payer(self.payer_exports, self.payer_files, data_export.parse, focus_export.scan, focus_export.to_part),
            partial(logs.emit, self.settings.stage),
            self.schedules,
            CostForecast(self.client("ce"), spend) if self.settings.paid_forecasts else None,
        )

    def _spend(self, source: str, metric: str, units: int) -> None:
        """Counts what is about to be paid for and tells it as a metric; SourceUnavailable where the day's cap would be passed."""
        self.ledger.spend(source, units, self.settings.daily_caps[source])
        logs.emit(self.settings.stage, metric, units)

    def table(self, table: tables.Table) -> str:
        return tables.physical_name(self.settings.stage, table.name)

    def _bucket(self, bucket: tables.Bucket) -> str:
        return tables.bucket_name(self.settings.stage, bucket.name, self.account)

    def queues_with_dead_letters(self) -> list[tuple[str, Queue, Queue]]:
        """(name, the queue, where its jobs go that were given up)."""
        return [(queue.name, self._queue(queue.name), self._queue(f"{queue.name}-dead")) for queue in tables.QUEUES]

    def _queue(self, name: str) -> Queue:
        client = self.client("sqs")
        return Queue(client, f"{client.meta.endpoint_url}/{self.account}/{tables.physical_name(self.settings.stage, name)}")


_container: list[Services] = []
_container_lock = threading.Lock()
_acting: ContextVar[Services | None] = ContextVar("acting", default=None)


def services() -> Services:
    """Whoever acts for the customer of this request, else this container's services, built on first use."""
    scoped = _acting.get()
    if scoped is not None:
        return scoped
    with _container_lock:
        if not _container:
            if os.environ.get("STAGE") == "local":
                laptop.join(os.environ)
            _container.append(Services(Settings.from_environment(os.environ)))
        return _container[0]


@contextmanager
def acting_for(customer_id: str) -> Iterator[None]:
    """Within it `services()` are those of the customer."""
    token = _acting.set(services().for_customer(customer_id))
    try:
        yield
    finally:
        _acting.reset(token)


def use(chosen: Services | None) -> None:
    """Puts other services in place (tests, the laptop's launcher); None builds them anew on next use."""
    with _container_lock:
        _container[:] = [chosen] if chosen else []
