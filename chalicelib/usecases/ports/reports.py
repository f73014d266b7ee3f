"""What reports need of the world, as protocols."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from chalicelib.domain.link import Link, Uses
from chalicelib.domain.reporting import Once, ReportRecord


class ReportStore(Protocol):
    def create(self, customer_id: str, record: ReportRecord, once: Once | None) -> ReportRecord:
        """The record, kept as one of those under way; with `once` the record that the same request made before, if there is one.

        KeyReused for another request of that key, Conflict where what it made is deleted, TooManyRunning for one report too many.
        """
        ...

    def made_by(self, customer_id: str, once: Once) -> ReportRecord | None:
        """What the same request made before; KeyReused for another request of that key, Conflict where what it made is deleted."""
        ...

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None: ...
    def swap(self, customer_id: str, was: ReportRecord, record: ReportRecord) -> bool:
        """False, with nothing changed, when the record is gone or further than it was. A finished one isn't under way any more."""
        ...

    def delete(self, customer_id: str, report_id: str, once: Once | None = None) -> None: ...
    def list(
        self, customer_id: str, limit: int, after: tuple[str, str] | None, status: str | None = None
    ) -> tuple[list[ReportRecord], tuple[str, str] | None]: ...


class ReportFiles(Protocol):
    """Each attempt's document lies by itself."""

    def put(self, customer_id: str, record: ReportRecord, content: BinaryIO, content_type: str) -> None: ...

    def open(self, customer_id: str, record: ReportRecord) -> BinaryIO | None: ...
    def url(self, customer_id: str, record: ReportRecord) -> str: ...
    def delete(self, customer_id: str, report_id: str) -> None:
        """Whatever any attempt left of it, old versions, too."""
        ...


class Signer(Protocol):
    """Signs with the deployment's own key."""

    @property
    def public_key(self) -> str:
        """Base64."""
        ...

    def sign(self, content: bytes) -> str:
        """Base64."""
        ...


class LinkStore(Protocol):
    def put(self, customer_id: str, link: Link) -> None: ...
    def find(self, link_id: str) -> tuple[str, Link] | None:
        """(whose it is, the link)."""
        ...

    def of(self, customer_id: str, report_id: str) -> list[tuple[Link, Uses]]: ...
    def used(self, customer_id: str, link: Link) -> None: ...
