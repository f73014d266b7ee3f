"""Schedules, deliveries and their channels in memory, with the promises of the real ones."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from chalicelib.domain.customer import Customer
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due, Entry
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.link import Link
from chalicelib.domain.message import SENT, Attachment, Message, Outcome
from chalicelib.domain.recipient import CHANNELS, DOMAIN, EMAIL, VERIFIED, Recipient, Recipients
from chalicelib.domain.reporting import ReportRecord
from chalicelib.domain.schedule import Digest, Run, Schedule
from chalicelib.domain.template import Templates
from chalicelib.usecases.reports.links import Linking
from chalicelib.usecases.reports.reporting import Reporting
from chalicelib.usecases.schedules.request import Asking, CadenceBody, ScheduleBody, schedule_of
from chalicelib.usecases.schedules.scheduling import Scheduling
from tests.fakes import Clock, FakeBooks

CUSTOMER = "acme"


def due_of(value: Entry) -> datetime | None:
    return value.next_run if isinstance(value, Schedule) else value.due_at


@dataclass
class FakeSchedules:
    """`taken` runs before each `take`: who else is at it."""

    found: dict[tuple[str, type, str], Entry] = field(default_factory=dict)
    held: dict[tuple[str, str], datetime] = field(default_factory=dict)
    interfering: Callable[[], None] = lambda: None
    shards: Sequence[str] = ("00",)

    @staticmethod
    def _key(value: Entry) -> str:
        return value.id if isinstance(value, Schedule) else value.key

    def get(self, customer_id: str, kind: Any, key: str) -> Any:
        return self.found.get((customer_id, kind, key))

    def add(self, customer_id: str, value: Entry) -> bool:
        return self.found.setdefault((customer_id, type(value), self._key(value)), value) == value

    def swap(self, customer_id: str, was: Any, value: Any) -> Any:
        key = (customer_id, type(value), self._key(value))
        if key not in self.found or self.found[key].revision != was.revision:
            return None
        kept = self.found[key] = replace(value, revision=was.revision + 1)
        self.held.pop((customer_id, self._key(value)), None)
        return kept

    def change(self, customer_id: str, kind: Any, key: str, to: Callable[[Any], Any]) -> Any:
        held = self.get(customer_id, kind, key)
        wanted = to(held)
        if held is None:
            self.add(customer_id, wanted)
            return wanted
        return held if wanted == held else self.swap(customer_id, held, wanted)

    def delete(self, customer_id: str, schedule_id: str) -> None:
        self.found.pop((customer_id, Schedule, schedule_id))

    def schedules(self, customer_id: str) -> list[Schedule]:
        return [value for (customer, kind, _), value in self.found.items() if (customer, kind) == (customer_id, Schedule)]  # type: ignore[misc]

    def runs(self, customer_id: str, schedule_id: str, limit: int, before: str | None) -> tuple[list[Run], str | None]:
        return sorted(self.all(Run), key=lambda run: run.key, reverse=True)[:limit], None

    def run_numbered(self, customer_id: str, schedule_id: str, number: str) -> Run | None:
        return next((run for run in self.all(Run) if (run.schedule.id, run.number) == (schedule_id, number)), None)

    def deliveries(self, customer_id: str, owner: str) -> list[Delivery]:
        return [one for one in self.all(Delivery) if one.key.startswith(f"{owner}#")]

    def take(self, customer_id: str, was: Schedule, now: Schedule, runs: Sequence[Run]) -> list[Run] | None:
        self.interfering()
        if self.swap(customer_id, was, now) is None:
            return None
        return [run for run in runs if self.add(customer_id, run)]

    def due(self, shard: str, now: datetime) -> Iterable[Due]:
        for (customer_id, _, key), value in list(self.found.items()):
            at = self.held.get((customer_id, key)) or due_of(value)
            if at is not None and at <= now:
                yield Due(customer_id, key, value, at.isoformat())

    def hold(self, due: Due, until: datetime) -> bool:
        self.held[due.customer_id, due.key] = until
        return True

    def all(self, kind: Any) -> list[Any]:
        return [value for (_, found, _), value in self.found.items() if found is kind]

    def meanwhile(self, act: Callable[[], Any]) -> None:
        """Somebody else does it just before the next swap."""
        real = self.swap

        def late(customer_id: str, was: Any, value: Any) -> Any:
            self.swap = real  # type: ignore[method-assign]
            act()
            return real(customer_id, was, value)

        self.swap = late  # type: ignore[method-assign]


@dataclass
class FakeReports:
    """Records that are ready as soon as they are asked for, unless `status` says otherwise."""

    found: dict[str, ReportRecord] = field(default_factory=dict)
    refusing: list[Exception] = field(default_factory=list)
    status: str = "ready"
    reason: str = ""
    size_bytes: int = 10

    def create(self, customer_id: str, record: ReportRecord, once: Any) -> ReportRecord:
        if self.refusing:
            raise self.refusing.pop()
        told = {"reason": self.reason, "detail": self.reason, "title": "Cost report for Acme", "size_bytes": self.size_bytes}
        made = replace(record, status=self.status, **told)
        self.found[record.id] = made
        return made

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None:
        return self.found.get(report_id)


@dataclass
class FakeFiles:
    """Documents by their reports' ids."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def open(self, customer_id: str, record: ReportRecord) -> BinaryIO | None:
        content = self.kept.get(record.id)
        return None if content is None else io.BytesIO(content)


@dataclass
class FakeLinks:
    found: dict[str, Link] = field(default_factory=dict)

    def find(self, link_id: str) -> Any:
        link = self.found.get(link_id)
        return link and (CUSTOMER, link)

    def put(self, customer_id: str, link: Link) -> None:
        self.found[link.id] = link


@dataclass
class FakeChannel:
    """Notes what it was given, and answers as told, else that it was taken. `sending` is what happens before it answers."""

    sent: list[tuple[Recipient, Delivery, Message]] = field(default_factory=list)
    attached: list[Attachment] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    sending: Callable[[], None] = lambda: None

    def __call__(
        self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: tuple[Attachment, ...], now: datetime
    ) -> Outcome:
        self.sent.append((to, delivery, message))
        self.attached += attached
        self.sending()
        return self.outcomes.pop(0) if self.outcomes else Outcome(SENT)


@dataclass
class FakeCustomers:
    customer: Customer | None

    def get(self, customer_id: str) -> Customer | None:
        return self.customer


@dataclass
class FakeQueue:
    sent: list[Any] = field(default_factory=list)
    broken: bool = False

    def send(self, jobs: Any) -> None:
        if self.broken:
            raise StoreUnavailable("SQS doesn't answer")
        self.sent += jobs


@dataclass
class FakePost:
    """One customer and everything that its schedules are done with."""

    now: datetime
    schedules: FakeSchedules = field(default_factory=FakeSchedules)
    reports: FakeReports = field(default_factory=FakeReports)
    files: FakeFiles = field(default_factory=FakeFiles)
    books: FakeBooks = field(default_factory=FakeBooks)
    links: FakeLinks = field(default_factory=FakeLinks)
    queue: FakeQueue = field(default_factory=FakeQueue)
    channels: dict[str, FakeChannel] = field(default_factory=lambda: {channel: FakeChannel() for channel in CHANNELS})
    emitted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(self.now)
        self.customers = FakeCustomers(Customer(CUSTOMER, "Acme", (), "x", self.now))
        nothing: Any = None
        reporting = Reporting(
            self.customers,  # type: ignore[arg-type]
            self.books,  # type: ignore[arg-type]
            self.reports,  # type: ignore[arg-type]
            self.files,  # type: ignore[arg-type]
            self.queue,
            nothing,
            nothing,
            lambda form: "text/plain",
            nothing,
            lambda metric, value: self.emitted.append(metric),
            lambda customer_id, record: None,
            self.clock,
        )
        linking = Linking(reporting, self.links, nothing, nothing, nothing)  # type: ignore[arg-type]
        self.with_ = Scheduling(
            reporting,
            linking,
            self.schedules,
            self.queue,
            self.channels,
            lambda customer_id, purpose: (f"token of {purpose}", purpose, "digest"),
            lambda purpose, customer_id, recipient_id: f"https://x.example/subscriptions/{purpose}-{recipient_id}",
            "https://x.example",
            lambda metric, value: self.emitted.append(metric),
            self.clock,
        )

    def wait(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    def recipient(self, channel: str = EMAIL, status: str = VERIFIED, events: tuple[str, ...] = (), address: str = "") -> Recipient:
        held = self.with_.recipients(CUSTOMER)
        made = Recipient(
            f"{len(held.all) + 1:032x}", channel, address or f"{channel}@x.example", self.now, "test", events=events, status=status
        )
        self.books.change(CUSTOMER, Recipients, lambda _: replace(held, all=(*held.all, made)))
        return made

    def schedule(self, cadence: CadenceBody | None = None, number: int = 0, **more: Any) -> Schedule:
        recipients = self.with_.recipients(CUSTOMER)
        body = ScheduleBody("Costs", {"type": "costs", "format": "csv"}, cadence or CadenceBody("daily"))
        everybody = [one.id for one in recipients.all if one.channel != DOMAIN]
        body = replace(body, **{"recipients": everybody, **more})
        asking = Asking(CUSTOMER, "key:x", self.clock.now, self.books.get(CUSTOMER, Templates) or Templates(), recipients)
        schedule = schedule_of(body, f"{0xA + number:032x}", asking)
        self.schedules.add(CUSTOMER, schedule)
        return schedule

    def digests(self) -> list[Digest]:
        return self.schedules.all(Digest)
