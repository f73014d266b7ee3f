"""Stand-ins for what the use cases work with: in memory, with the same promises, no AWS."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.compliance import ComplianceDay, Finding
from chalicelib.domain.cost import CostDay
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import Window
from chalicelib.domain.reading import Registry, UsageReading
from chalicelib.domain.state import CustomerStatus, SourceState
from chalicelib.domain.usage import UsageBucket
from chalicelib.usecases.aggregation.collaborators import Collaborators


@dataclass
class Clock:
    """Stands until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeHours:
    clock: Any
    kept: timedelta
    found: dict[datetime, UsageBucket] = field(default_factory=dict)

    def read(self, customer_id: str, window: Window, consistent: bool = True) -> list[UsageBucket]:
        oldest = self.clock() - self.kept
        return [bucket for start, bucket in sorted(self.found.items()) if window.start <= start < window.end and start >= oldest]

    def last(self, customer_id: str) -> datetime | None:
        return max(self.found, default=None)

    def put(self, customer_id: str, hours: Iterable[UsageBucket], held: Iterable[UsageBucket] | None = None) -> None:
        self.found |= {bucket.start: bucket for bucket in hours if bucket.start >= self.clock() - self.kept}


@dataclass
class FakeDays:
    found: dict[date, Any] = field(default_factory=dict)

    def read(self, customer_id: str, first: date, last: date, consistent: bool = True, as_of: Any = None) -> list[Any]:
        return [bucket for day, bucket in sorted(self.found.items()) if first <= day <= last]

    def put(self, customer_id: str, days: Iterable[Any], gone: Iterable[date] = ()) -> str:
        self.found |= {bucket.start.date(): bucket for bucket in days}
        return "version"


@dataclass
class FakeMetrics:
    """Hours and days of usage and the sources' states of one customer; hours live as long as `kept` says."""

    clock: Any
    kept: timedelta
    sources: dict[str, SourceState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hours, self.usage, self.costs = FakeHours(self.clock, self.kept), FakeDays(), FakeDays()

    def registry(self, customer_id: str) -> Registry:
        return Registry()

    def put_registry(self, customer_id: str, registry: Registry) -> None:
        raise AssertionError("nothing new was seen")

    def status(self, customer_id: str) -> CustomerStatus:
        return CustomerStatus("generation", dict(self.sources))

    def put_state(self, customer_id: str, state: SourceState, prospects: Any = None) -> None:
        self.sources[state.source] = state


@dataclass
class FakeChoices:
    """What one customer has said."""

    said: dict[str, Any] = field(default_factory=dict)

    def get(self, customer_id: str, kind: Any) -> Any:
        return self.said.get(kind.NAME)

    def change(self, customer_id: str, kind: Any, to: Any) -> Any:
        self.said[kind.NAME] = wanted = to(self.get(customer_id, kind))
        return wanted


@dataclass
class FakeCosts:
    """Days of cost of several customers; it counts what is read."""

    found: dict[str, dict[date, CostDay]] = field(default_factory=dict)
    reads: int = 0

    def read(self, customer_id: str, first: date, last: date, consistent: bool = True, as_of: Any = None) -> list[CostDay]:
        self.reads += 1
        return [day for at, day in sorted(self.found.get(customer_id, {}).items()) if first <= at <= last]


@dataclass
class FakeBooks:
    """What customers cost and what they, or the operator for them, have said."""

    costs: FakeCosts = field(default_factory=FakeCosts)
    said: dict[str, FakeChoices] = field(default_factory=dict)
    usage: FakeDays = field(default_factory=FakeDays)

    def put(self, customer_id: str, days: Iterable[CostDay]) -> None:
        self.costs.found.setdefault(customer_id, {}).update({day.day: day for day in days})

    @property
    def choices(self) -> FakeBooks:
        return self

    def get(self, customer_id: str, kind: Any) -> Any:
        return self.said.setdefault(customer_id, FakeChoices()).get(customer_id, kind)

    def change(self, customer_id: str, kind: Any, to: Any) -> Any:
        return self.said.setdefault(customer_id, FakeChoices()).change(customer_id, kind, to)

    def status(self, customer_id: str) -> CustomerStatus:
        said = self.said.get(customer_id)
        return CustomerStatus("generation", {}, None, dict.fromkeys(said.said, "digest") if said else {})

    def statuses(self, customer_ids: Iterable[str]) -> dict[str, CustomerStatus]:
        return {customer_id: self.status(customer_id) for customer_id in customer_ids}


@dataclass
class FakeDirectory:
    customers: list[Customer] = field(default_factory=list)

    def all(self) -> list[Customer]:
        return self.customers


@dataclass
class FakeHub:
    found: dict[str, tuple[Finding, ...]] = field(default_factory=dict)

    asked: list[str | None] = field(default_factory=list)

    def findings(self, customer_id: str, account: str | None = None) -> dict[str, tuple[Finding, ...]]:
        self.asked.append(account)
        return {name: found for name, found in self.found.items() if account in (None, name)}


@dataclass
class FakeCompliance:
    """One customer's days of compliance, what it has said of controls, and its findings and costs; it counts what is read of the days."""

    days: dict[date, ComplianceDay] = field(default_factory=dict)
    choices: FakeChoices = field(default_factory=FakeChoices)
    hub: FakeHub = field(default_factory=FakeHub)
    dropped: list[tuple[datetime, tuple[Finding, ...]]] = field(default_factory=list)
    costs: FakeDays = field(default_factory=FakeDays)
    reads: int = 0

    @property
    def status(self) -> CustomerStatus:
        return CustomerStatus("generation", {}, None, dict.fromkeys(self.choices.said, "digest"))

    def latest_compliance_day(self, customer_id: str, until: date) -> ComplianceDay | None:
        self.reads += 1
        return self.days[max(day for day in self.days if day <= until)] if any(day <= until for day in self.days) else None

    def compliance_scores(self, customer_id: str, first: date, last: date) -> list[ComplianceDay]:
        self.reads += 1
        return [found for day, found in sorted(self.days.items()) if first <= day <= last]

    def findings(self, customer_id: str) -> list[tuple[datetime, tuple[Finding, ...]]]:
        return self.dropped


@dataclass
class FakeCloudWatch:
    """Reads every hour of every account but those that `down` names at that time."""

    clock: Any
    down: Mapping[str, Window] = field(default_factory=dict)
    longest: timedelta = timedelta()
    name: str = "cloudwatch"

    def read(
        self, customer: Customer, window: Window, regions: Mapping[str, Collection[str]], registry: Registry, relist: bool
    ) -> UsageReading:
        self.longest = max(self.longest, window.length)
        failing = {account for account, when in self.down.items() if when.start <= self.clock() < when.end}
        scopes = frozenset(f"{account}/us-east-1" for account in customer.account_ids if account not in failing)
        return UsageReading((), scopes, tuple((f"{account}/us-east-1", "AccessDenied") for account in sorted(failing)))


def collaborators(metrics: FakeMetrics, usage: FakeCloudWatch) -> Collaborators:
    """Only what reading usage needs."""
    nobody: dict[str, Any] = dict.fromkeys(each.name for each in fields(Collaborators))
    known = {"metrics": metrics, "usage": usage, "hours_kept": metrics.kept, "clock": metrics.clock}
    return Collaborators(**{**nobody, **known})
