"""What the use cases need of the world, as protocols; stores, sources and fakes stand behind them.

What they only name is imported for the type checker: the API, which starts most often, needs none of the payer's or the readers' values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from chalicelib.domain.cost import CostDay
from chalicelib.domain.usage import UsageBucket
from chalicelib.usecases.choices import Choices as Choices

if TYPE_CHECKING:
    from chalicelib.domain.compliance import ComplianceDay, DayScore, Finding, Sweep
    from chalicelib.domain.cost import CostLine, CostPart
    from chalicelib.domain.customer import Customer
    from chalicelib.domain.payer import Manifest, PayerExport
    from chalicelib.domain.period import Window
    from chalicelib.domain.prospect import Forecast, Prospects
    from chalicelib.domain.reading import CostExport, CostRows, Registry, UsageReading
    from chalicelib.domain.state import CustomerStatus, Drop, SourceState

Clock = Callable[[], datetime]
Day = TypeVar("Day", CostDay, UsageBucket)


class UsageSource(Protocol):
    name: str

    def read(
        self, customer: Customer, window: Window, regions: Mapping[str, Collection[str]], registry: Registry, relist: bool
    ) -> UsageReading: ...


class CostSource(Protocol):
    """One series for all accounts at once: complete parts per account, only of accounts that the source knows."""

    name: str

    def read(self, window: Window, billing_view: str = "") -> Mapping[str, tuple[CostPart, ...]]: ...


class ForecastSource(Protocol):
    """(currency, its forecast of the month after today's) of what accounts are billed; SourceUnavailable."""

    method: str

    def read(self, accounts: Collection[str], today: date, billing_view: str = "") -> tuple[str, Forecast]: ...


class FindingsSource(Protocol):
    name: str

    def chunks(self, accounts: Iterable[str]) -> list[list[str]]:
        """Accounts that are asked for together."""
        ...

    def step(self, sweep: Sweep, chunks_: list[list[str]]) -> Sweep:
        """The sweep, one page further."""
        ...

    def disabled(self, findings: Iterable[Finding], known: Mapping[str, tuple[str, ...]]) -> frozenset[tuple[str, str]]: ...


class CostExportReader(Protocol):
    """A dropped cost export, read; RejectedDrop when it can't be."""

    def __call__(self, file: BinaryIO, origin: str, received: datetime) -> CostExport: ...


class FindingsExportReader(Protocol):
    def __call__(self, file: BinaryIO) -> tuple[Finding, ...]: ...


class DayStore(Protocol[Day]):
    """Days of one kind. With `consistent` false a write of the last moments may be missing; `as_of` brings back what was known then."""

    def read(self, customer_id: str, first: date, last: date, consistent: bool = True, as_of: datetime | None = None) -> list[Day]: ...
    def put(self, customer_id: str, days: Iterable[Day], gone: Iterable[date] = ()) -> str:
        """Days that say what is there already aren't touched; a version that is replaced is kept. Returns a digest of the days."""
        ...

    def fold(self, customer_id: str) -> None:
        """Packs months that are long over."""
        ...


class HourStore(Protocol):
    def read(self, customer_id: str, window: Window, consistent: bool = True) -> list[UsageBucket]: ...
    def last(self, customer_id: str) -> datetime | None:
        """The end of the last hour that is known."""
        ...

    def of_service(self, customer_id: str, service: str, window: Window) -> list[UsageBucket]: ...
    def of_region(self, customer_id: str, region: str, window: Window) -> list[UsageBucket]: ...
    def put(self, customer_id: str, hours: Iterable[UsageBucket], held: Iterable[UsageBucket] | None = None) -> None:
        """Hours that say what is there already (`held`, where it was read before) aren't touched."""
        ...


class HubStore(Protocol):
    """Security Hub's findings as they are known now."""

    def findings(self, customer_id: str, account: str | None = None) -> dict[str, tuple[Finding, ...]]: ...
    def change(self, customer_id: str, account: str, to: Callable[[tuple[Finding, ...]], tuple[Finding, ...]]) -> bool:
        """Puts what `to` makes of an account's findings; False when nothing changes."""
        ...

    def disabled(self, customer_id: str) -> frozenset[tuple[str, str]]: ...
    def put_disabled(self, customer_id: str, disabled: Iterable[tuple[str, str]]) -> None: ...
    def sweep(self, customer_id: str) -> Sweep | None: ...
    def put_sweep(self, customer_id: str, sweep: Sweep | None) -> None:
        """None forgets it."""
        ...


class MetricStore(Protocol):
    @property
    def hours(self) -> HourStore: ...
    @property
    def usage(self) -> DayStore[UsageBucket]: ...
    @property
    def costs(self) -> DayStore[CostDay]: ...
    @property
    def hub(self) -> HubStore: ...
    @property
    def choices(self) -> Choices: ...
    def cost_parts(self, customer_id: str, first: date, last: date) -> list[CostPart]: ...
    def put_cost_parts(self, customer_id: str, parts: Iterable[CostPart]) -> None: ...
    def delete_cost_parts(self, customer_id: str, parts: Iterable[tuple[date, str, str]]) -> None: ...
    def latest_compliance_day(self, customer_id: str, until: date) -> ComplianceDay | None: ...
    def compliance_scores(self, customer_id: str, first: date, last: date) -> list[DayScore]: ...
    def put_compliance_days(self, customer_id: str, days: Iterable[ComplianceDay]) -> str: ...
    def drops(self, customer_id: str) -> list[Drop]: ...
    def put_drop(self, customer_id: str, drop: Drop) -> None: ...
    def delete_drop(self, customer_id: str, key: str) -> None: ...
    def findings(self, customer_id: str) -> list[tuple[datetime, tuple[Finding, ...]]]: ...
    def put_findings(self, customer_id: str, key: str, received: datetime, findings: tuple[Finding, ...]) -> None: ...
    def delete_findings(self, customer_id: str, key: str) -> None: ...
    def registry(self, customer_id: str) -> Registry: ...
    def put_registry(self, customer_id: str, registry: Registry) -> None: ...
    def status(self, customer_id: str) -> CustomerStatus: ...
    def statuses(self, customer_ids: Iterable[str]) -> dict[str, CustomerStatus]: ...
    def put_state(self, customer_id: str, state: SourceState, prospects: Prospects | None = None) -> None:
        """With `prospects`, they are put along with the state."""
        ...


class CustomerDirectory(Protocol):
    def get(self, customer_id: str) -> Customer | None: ...
    def all(self) -> list[Customer]: ...


class ExportFiles(Protocol):
    """The exports bucket, seen from one customer."""

    def open(self, customer_id: str, key: str) -> tuple[BinaryIO, str, datetime] | None:
        """(content, SHA-256, when it was dropped), or None when there is no such key."""
        ...

    def keys(self, customer_id: str, kind: str) -> list[str]: ...


class PayerExports(Protocol):
    """One record per export of the payer and billing period."""

    def get(self, key: str) -> PayerExport | None: ...
    def all(self) -> list[PayerExport]: ...
    def put(self, export: PayerExport) -> PayerExport | None:
        """The record as kept; None, with nothing written, when somebody else has put one since this was read."""
        ...


class PayerFiles(Protocol):
    """The exports bucket, seen from the payer's export."""

    bucket: str

    def manifest(self, key: str) -> tuple[bytes, datetime] | None:
        """(content, when it was written), or None when there is no such key."""
        ...

    def look(self, key: str) -> tuple[str, datetime] | None:
        """(ETag, when it was written) of a data file."""
        ...

    def open(self, key: str) -> tuple[BinaryIO, str] | None:
        """(content, ETag) of a data file."""
        ...


class ManifestReader(Protocol):
    """A manifest, read; RejectedDrop when it can't be."""

    def __call__(self, content: bytes, key: str, bucket: str) -> Manifest: ...


class CostRowReader(Protocol):
    """Hands over every row of a cost export; RejectedDrop when it can't be read."""

    def __call__(self, file: BinaryIO, take: Callable[[date, CostLine], None]) -> CostRows: ...


class CostPartMaker(Protocol):
    """An export's day from its lines."""

    def __call__(self, day: date, lines: tuple[CostLine, ...], origin: str, received: datetime) -> CostPart: ...


class ResultCache(Protocol):
    def get(self, customer_id: str, question: str) -> tuple[bytes | None, CustomerStatus]:
        """The kept answer, if it is this customer's, unexpired and of the current generation; and the customer's status."""
        ...

    def put(self, customer_id: str, question: str, answer: bytes, generation: str, until: datetime | None = None) -> None: ...


class Ledger(Protocol):
    """What the deployment has asked for money, and when shared work was last done."""

    def spend(self, source: str, units: int, cap: int) -> None:
        """SourceUnavailable, and nothing counted, where the day's cap would be passed."""
        ...

    def spent(self, day: date) -> dict[str, int]: ...
    def done_at(self, what: str) -> datetime | None: ...
    def put_done(self, what: str, at: datetime) -> None: ...


class Handover(Protocol):
    """Customers' shares of what one job read for all of them, kept for a few days."""

    def put(self, name: str, shares: Mapping[str, Sequence[CostPart]]) -> str:
        """Returns its key."""
        ...

    def get(self, key: str) -> dict[str, tuple[CostPart, ...]] | None:
        """By customer; None when it is gone."""
        ...


class Queue(Protocol):
    def send(self, messages: Iterable[Mapping[str, str]]) -> None: ...
