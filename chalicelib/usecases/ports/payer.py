"""What the payer's export needs of the world, as protocols."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.cost import CostLine, CostPart
    from chalicelib.domain.payer import Manifest, PayerExport
    from chalicelib.domain.reading import CostRows


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
