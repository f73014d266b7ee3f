"""What reports need of the world, as protocols."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from chalicelib.domain.reporting import ReportRecord


class ReportStore(Protocol):
    def create(self, customer_id: str, record: ReportRecord) -> bool:
        """False, and nothing changed, when a record of that id is there."""
        ...

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None: ...
    def put(self, customer_id: str, record: ReportRecord) -> bool:
        """False when the record is gone."""
        ...

    def delete(self, customer_id: str, report_id: str) -> None: ...
    def list(self, customer_id: str, limit: int, after: tuple[str, str] | None) -> tuple[list[ReportRecord], tuple[str, str] | None]: ...


class ReportFiles(Protocol):
    def put(self, customer_id: str, record: ReportRecord, content: BinaryIO, content_type: str) -> None: ...
    def url(self, customer_id: str, record: ReportRecord) -> str: ...
    def delete(self, customer_id: str, record: ReportRecord) -> None: ...
