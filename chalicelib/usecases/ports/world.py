"""What nearly every use case needs of the world, as protocols.

What they only name is imported for the type checker: the API, which starts most often, needs few of these values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.cost import CostPart
    from chalicelib.domain.customer import Customer

Clock = Callable[[], datetime]


class CustomerDirectory(Protocol):
    def get(self, customer_id: str) -> Customer | None: ...
    def all(self) -> list[Customer]: ...


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
