"""Sends what is to be sent: each message once to its recipient, whatever dies in between, and tried again where it wasn't taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.delivery import CANCELLED, FAILED, SENDING, TELLS_WITHIN, UNHEARD, UNHEARD_FOR, WAITS, Delivery
from chalicelib.domain.errors import AnalyticsError, Busy
from chalicelib.domain.message import CONFIRM, GONE, LOST, PARKED, SENT, TEST, Outcome
from chalicelib.domain.recipient import EMAIL, UNVERIFIED, VERIFIED, Recipient, Recipients
from chalicelib.domain.recipient import GONE as RECIPIENT_GONE
from chalicelib.domain.signals import DELIVERIES_FAILED, DELIVERIES_SENT
from chalicelib.usecases.schedules.messages import NothingToTell, message_of
from chalicelib.usecases.schedules.scheduling import Scheduling

PROVES = (CONFIRM, TEST)
"""What may go to a recipient that isn't proven yet: a mail address is asked to confirm, everything else is proven by taking a test."""


def deliver(with_: Scheduling, customer_id: str, key: str) -> None:
    """One attempt, if one is due: claimed before anything is sent, and what it came to is recorded after."""
    delivery, now = with_.schedules.get(customer_id, Delivery, key), with_.clock()
    if delivery is None or delivery.finished or _too_early(with_, customer_id, delivery, now):
        return
    customer, recipients = with_.reporting.customers.get(customer_id), with_.recipients(customer_id)
    recipient = recipients.get(delivery.recipient_id)
    disabled = customer is None or (customer.disabled and not (delivery.note and delivery.note.kind == PARKED))
    if customer is None or disabled or recipient is None or not _may_be_told(recipients, recipient, delivery):
        reason = "customer_disabled" if disabled else recipient.status if recipient else "recipient_deleted"
        with_.schedules.swap(customer_id, delivery, _cancelled(delivery, now, reason))
        return
    if delivery.attempts > len(WAITS):  # whoever made the last one died in it
        if with_.schedules.swap(customer_id, delivery, delivery.failed(now, "gave_up")):
            with_.emit(DELIVERIES_FAILED, 1)
        return
    begun = with_.schedules.swap(customer_id, delivery, delivery.begun(now))
    if begun is None:
        raise Busy("the delivery was taken by another worker")
    try:
        message, attached = message_of(with_, customer, begun, recipient)
    except NothingToTell:
        with_.schedules.swap(customer_id, begun, _cancelled(begun, now, "report_deleted"))
        return
    except Exception as error:  # nothing has left yet, so it certainly wasn't taken
        reason = error.code if isinstance(error, AnalyticsError) else AnalyticsError.code
        with_.schedules.swap(customer_id, begun, begun.postponed(now, reason))
        raise
    try:
        outcome = with_.channels[recipient.channel](customer_id, recipient, begun, message, attached, now)
    except Exception:  # a defect of the channel: whatever it has done, it may have been taken
        _record(with_, customer_id, recipient, begun, Outcome(LOST, AnalyticsError.code))
        raise
    _record(with_, customer_id, recipient, begun, outcome)


def _too_early(with_: Scheduling, customer_id: str, delivery: Delivery, now: datetime) -> bool:
    """Whether another attempt is under way, or may have been the one; a mail's is told of by SES."""
    if delivery.status != SENDING:
        return delivery.attempts > 0 and delivery.due_at is not None and now < delivery.due_at
    if delivery.channel != EMAIL:
        return delivery.due_at is not None and now < delivery.due_at
    started = max(receipt.at for receipt in delivery.receipts if receipt.status == SENDING)
    looked = [receipt.at for receipt in delivery.receipts if (receipt.attempt, receipt.status) == (delivery.attempts, UNHEARD)]
    if now < started + TELLS_WITHIN:
        waiting = replace(delivery, due_at=started + TELLS_WITHIN)
    elif not looked:  # what SES told may wait in the queue, behind whatever stopped us: it comes first
        waiting = replace(delivery.heard(now, UNHEARD), due_at=now + UNHEARD_FOR)
    else:
        return now < looked[0] + UNHEARD_FOR
    if delivery.due_at is not None and now >= delivery.due_at:
        with_.schedules.swap(customer_id, delivery, waiting)
    return True


def _may_be_told(recipients: Recipients, recipient: Recipient, delivery: Delivery) -> bool:
    if delivery.note is not None and delivery.note.kind in PROVES and recipient.status == UNVERIFIED:
        return delivery.note.kind == CONFIRM or recipient.channel != EMAIL or recipients.verified(recipient)
    return recipients.verified(recipient)


def _cancelled(delivery: Delivery, now: datetime, reason: str) -> Delivery:
    return replace(delivery.heard(now, CANCELLED, reason), status=CANCELLED, due_at=None)


def _record(with_: Scheduling, customer_id: str, recipient: Recipient, begun: Delivery, outcome: Outcome) -> None:
    now, ours = with_.clock(), True

    def settled(held: Delivery) -> Delivery:
        nonlocal ours
        ours = _still(held, begun)
        return held.came_to(outcome, now) if ours else held

    came_to = with_.schedules.swap(customer_id, begun, begun.came_to(outcome, now))
    if came_to is None:
        came_to = _settle(with_, customer_id, begun.key, settled)
    if outcome.state == GONE:
        set_status(with_, customer_id, recipient.id, RECIPIENT_GONE)
    elif _proven(recipient, begun, outcome):
        set_status(with_, customer_id, recipient.id, VERIFIED)
    if came_to.status == FAILED and ours:  # else whoever failed it has counted it
        with_.emit(DELIVERIES_FAILED, 1)
    elif came_to.finished and came_to.status != FAILED:
        with_.emit(DELIVERIES_SENT, 1)


def _proven(recipient: Recipient, delivery: Delivery, outcome: Outcome) -> bool:
    """A mail's being taken proves nothing; its reader has to confirm."""
    return delivery.note is not None and delivery.note.kind == TEST and recipient.channel != EMAIL and outcome.state == SENT


def _still(held: Delivery, begun: Delivery) -> bool:
    """Whether it waits for this very attempt: SES may have told of it before."""
    return held.status == SENDING and held.attempts == begun.attempts


def _settle(with_: Scheduling, customer_id: str, key: str, to: Callable[[Delivery], Delivery]) -> Delivery:
    def settled(held: Delivery | None) -> Delivery:
        if held is None:
            raise Busy("the delivery is gone")
        return to(held)

    return with_.schedules.change(customer_id, Delivery, key, settled)


def set_status(with_: Scheduling, customer_id: str, recipient_id: str, status: str) -> None:
    """Of a recipient that is there; another one isn't touched."""
    now = with_.clock()
    choices = with_.reporting.metrics.choices
    choices.change(customer_id, Recipients, lambda held: (held or Recipients()).changed(recipient_id, lambda one: one.now(status, now)))
