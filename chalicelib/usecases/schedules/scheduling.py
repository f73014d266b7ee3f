"""What schedules, their runs and deliveries are done with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.recipient import Recipients
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.ports.schedules import Channel, ScheduleStore
from chalicelib.usecases.ports.world import Clock, Queue
from chalicelib.usecases.reports.links import Linking
from chalicelib.usecases.reports.reporting import Reporting

RUN, DIGEST, DELIVERY, REPORT_FAILED = "run", "digest", "delivery", "report failed"
"""Jobs of the deliveries' queue; each names a customer and a key."""


@dataclass(frozen=True)
class Scheduling:
    """The collaborators of everything here. `channels` are by a recipient's channel; `link_for` gives (token, id, digest of its secret) of
    the link that one delivery of one report has, the same every time; `base_url` is where people reach the API ('' where that isn't known);
    `subscription` gives the address at which a recipient confirms or ends what it gets."""

    reporting: Reporting
    linking: Linking
    schedules: ScheduleStore
    queue: Queue
    channels: Mapping[str, Channel]
    link_for: Callable[[str, str], tuple[str, str, str]]
    subscription: Callable[[str, str, str], str]
    base_url: str
    emit: Callable[[str, int], None]
    clock: Clock

    def recipients(self, customer_id: str) -> Recipients:
        return choice_of(self.reporting.metrics, customer_id, Recipients)

    def hurry(self, kind: str, customer_id: str, keys: Iterable[str], delay: int = 0) -> None:
        """Has them done now. They are done anyway once they are due, so a queue that doesn't answer costs time and nothing else."""
        later = {"delay": str(delay)} if delay else {}
        try:
            self.queue.send([{"job": kind, "customer_id": customer_id, "key": key, **later} for key in keys])
        except StoreUnavailable:
            return

    def add_deliveries(self, customer_id: str, deliveries: Iterable[Delivery]) -> list[str]:
        """Those that weren't there; returns the keys of all."""
        keys = []
        for delivery in deliveries:
            self.schedules.add(customer_id, delivery)
            keys.append(delivery.key)
        return keys
