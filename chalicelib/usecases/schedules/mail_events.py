"""What SES tells of a mail after it was taken: sent, delivered, bounced, complained of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.domain.delivery import BOUNCED, COMPLAINED, DELIVERED, FAILED, SENDING, TAKEN, Delivery
from chalicelib.domain.errors import NotFound
from chalicelib.domain.recipient import BOUNCED as ADDRESS_BOUNCED
from chalicelib.domain.recipient import COMPLAINED as READER_COMPLAINED
from chalicelib.domain.signals import DELIVERIES_FAILED
from chalicelib.usecases.schedules.delivering import set_status
from chalicelib.usecases.schedules.scheduling import Scheduling

PERMANENT = "Permanent"
RANK = {SENDING: 0, TAKEN: 1, DELIVERED: 2, FAILED: 3, BOUNCED: 3, COMPLAINED: 4}
"""What is heard later may come first; nothing takes back what ranks higher."""
STATUS_OF: Mapping[str, str] = {
    "Send": TAKEN,
    "Delivery": DELIVERED,
    "Bounce": BOUNCED,
    "Complaint": COMPLAINED,
    "Reject": FAILED,
    "Rendering Failure": FAILED,
}


class MailEvent(NamedTuple):
    """`detail` is a bounce's or complaint's kind; `message_id` is SES's."""

    customer_id: str
    delivery: str
    kind: str
    detail: str
    message_id: str
    at: datetime


def hear(with_: Scheduling, event: MailEvent) -> None:
    """Records it on its delivery; who can't be reached or doesn't want it isn't written to any more. Told twice, it counts once."""
    status = STATUS_OF.get(event.kind)
    passing = status == BOUNCED and event.detail != PERMANENT
    if status is None:
        return
    news = False

    def heard(held: Delivery | None) -> Delivery:
        nonlocal news
        if held is None:
            raise NotFound("there is no such delivery")
        told = held.heard(event.at, "delayed" if passing else status, event.detail, event.message_id)
        news = not passing and RANK[status] > RANK.get(held.status, 0)
        return replace(told, status=status, due_at=None) if news else told

    try:
        delivery = with_.schedules.change(event.customer_id, Delivery, event.delivery, heard)
    except NotFound:  # it has expired, or is of another deployment in the same account
        return
    if status in (BOUNCED, COMPLAINED) and not passing:
        set_status(with_, event.customer_id, delivery.recipient_id, ADDRESS_BOUNCED if status == BOUNCED else READER_COMPLAINED)
    if news and status in (FAILED, BOUNCED, COMPLAINED):
        with_.emit(DELIVERIES_FAILED, 1)
