"""What the aggregation reads, as protocols: sources, dropped files and their readers.

What they only name is imported for the type checker: the API, which starts most often, needs few of these values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.compliance import Finding, Sweep
    from chalicelib.domain.cost import CostPart
    from chalicelib.domain.customer import Customer
    from chalicelib.domain.period import Window
    from chalicelib.domain.prospect import Forecast
    from chalicelib.domain.reading import CostExport, Registry, UsageReading


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


class ExportFiles(Protocol):
    """The exports bucket, seen from one customer."""

    def open(self, customer_id: str, key: str) -> tuple[BinaryIO, str, datetime] | None:
        """(content, SHA-256, when it was dropped), or None when there is no such key."""
        ...

    def keys(self, customer_id: str, kind: str) -> list[str]: ...
