"""What is to be looked at at some time: schedules, their runs, digests and deliveries."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.schedule import Digest, Run, Schedule

Entry = Schedule | Run | Digest | Delivery
Value = TypeVar("Value", Schedule, Run, Digest, Delivery)


class Due(NamedTuple):
    """`value` None is of a version that isn't known; `since` is the time that it was found under."""

    customer_id: str
    key: str
    value: Entry | None
    since: str
