"""The first demo customer's schedules, so that one sees them run: every quarter of an hour, and the month's report."""

from __future__ import annotations

import uuid
from datetime import datetime

from chalicelib.domain.customer import Customer
from chalicelib.domain.recipient import EMAIL, VERIFIED, WEBHOOK, Recipient, Recipients
from chalicelib.domain.template import Templates
from chalicelib.usecases.schedules.request import Asking, CadenceBody, ScheduleBody, schedule_of
from chalicelib.wiring import Services

BY = "demo"
BODIES = (
    ("Costs of yesterday", {"type": "costs", "format": "pdf"}, CadenceBody("cron", cron="*/15 * * * *"), "none"),
    ("The month for the board", {"type": "executive", "format": "pdf"}, CadenceBody("monthly", at="07:00", day=1), "final"),
)


def seed_schedules(with_: Services, customer: Customer, now: datetime) -> bool:
    """Whether there was nothing yet: what the user has changed stays."""
    if with_.metrics.choices.get(customer.id, Recipients) is not None:
        return False
    places = ((EMAIL, f"finance@{customer.id}.example"), (WEBHOOK, f"https://hooks.{customer.id}.example/reports"))
    own = tuple(
        Recipient(uuid.uuid4().hex, channel, place, now, BY, events=("budget", "anomaly", "schedule"), status=VERIFIED, since=now)
        for channel, place in places
    )
    recipients = with_.metrics.choices.change(customer.id, Recipients, lambda held: held or Recipients(own))
    asking = Asking(customer.id, BY, now, Templates(), recipients)
    for name, report, cadence, wait_for in BODIES:
        body = ScheduleBody(name, report, cadence, "Europe/London", recipients=[one.id for one in own], wait_for=wait_for)
        with_.schedules.add(customer.id, schedule_of(body, uuid.uuid4().hex, asking))
    return True
