"""What schedules and deliveries need of the world, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due, Entry, Value
from chalicelib.domain.message import Attachment, Message, Outcome
from chalicelib.domain.recipient import Recipient
from chalicelib.domain.schedule import Run, Schedule


class Deliveries(Protocol):
    def add(self, customer_id: str, value: Delivery) -> bool:
        """False, with nothing written, where there is another one of that key."""
        ...


class ScheduleStore(Protocol):
    @property
    def shards(self) -> Sequence[str]: ...

    def get(self, customer_id: str, kind: type[Value], key: str) -> Value | None: ...
    def add(self, customer_id: str, value: Entry) -> bool:
        """False, with nothing written, where there is another one of that key."""
        ...

    def swap(self, customer_id: str, was: Value, value: Value) -> Value | None:
        """The value as it is kept; None, with nothing written, where it isn't what it was any more."""
        ...

    def change(self, customer_id: str, kind: type[Value], key: str, to: Callable[[Value | None], Value]) -> Value:
        """Puts what `to` makes of what is there and returns it; `to` is called again when somebody else was faster."""
        ...

    def delete(self, customer_id: str, schedule_id: str) -> None: ...
    def schedules(self, customer_id: str) -> list[Schedule]: ...
    def runs(self, customer_id: str, schedule_id: str, limit: int, before: str | None) -> tuple[list[Run], str | None]:
        """One page, the latest occurrence first, and the key that the next page starts before."""
        ...

    def run_numbered(self, customer_id: str, schedule_id: str, number: str) -> Run | None:
        """The run by hand that was given that number lately."""
        ...

    def deliveries(self, customer_id: str, owner: str) -> list[Delivery]: ...
    def take(self, customer_id: str, was: Schedule, now: Schedule, runs: Sequence[Run]) -> list[Run] | None:
        """The schedule moved on and its runs there, all or nothing: the runs that are new, None where somebody else has moved it."""
        ...

    def due(self, shard: str, now: datetime) -> Iterable[Due]: ...
    def hold(self, due: Due, until: datetime) -> bool:
        """Out of sight until then, unless somebody has touched it since it was found."""
        ...


class Channel(Protocol):
    """One way to reach a recipient: one attempt. The delivery's key names the message, the same every time."""

    def __call__(
        self, customer_id: str, to: Recipient, delivery: Delivery, message: Message, attached: tuple[Attachment, ...], now: datetime
    ) -> Outcome: ...
