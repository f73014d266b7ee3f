"""A customer's recipients: added, proven, changed, taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.delivery import Delivery, Note
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, TooOften
from chalicelib.domain.message import CONFIRM, TEST
from chalicelib.domain.recipient import (
    CHANNELS,
    COMPLAINED,
    DOMAIN,
    EMAIL,
    EVENTS,
    MOST,
    S3,
    SNS,
    UNSUBSCRIBED,
    UNVERIFIED,
    VERIFIED,
    WEBHOOK,
    Asked,
    Recipient,
    Recipients,
)
from chalicelib.domain.schedule import Schedule, stamp
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.schedules.schedule import shown_delivery
from chalicelib.usecases.schedules.scheduling import DELIVERY, Scheduling

LONGEST_NAME = 100
MOST_ASKED, MOST_OF_ONE, A_DAY = 100, 5, timedelta(days=1)
"""So many proofs a customer may ask for a day, and so many of one place: whoever is asked to confirm hasn't asked for it."""
BOTH_KEYS = timedelta(days=1)
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True)
class RecipientBody:
    """`account` is whose the bucket is, and only of s3."""

    channel: str
    address: str
    name: str = ""
    account: str = ""
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RecipientPatch:
    name: str | None = None
    events: list[str] | None = None


Checks = Mapping[str, Callable[[str], str]]
"""Per channel what takes an address, in its one form, or raises InvalidInput."""


def recipient_of(body: RecipientBody, recipient_id: str, accounts: tuple[str, ...], checks: Checks, by: str, now: datetime) -> Recipient:
    """The recipient that is asked for; InvalidInput names every member that is wrong. A bucket or topic lies in the customer's accounts."""
    problems = _problems(body.name, body.events)
    if body.channel not in CHANNELS:
        raise InvalidInput(("channel", "must be one of " + ", ".join(CHANNELS)), *problems)
    address = body.address
    try:
        address = checks[body.channel](body.address)
    except InvalidInput as error:
        problems += [("address", message) for _, message in error.problems]
    account = address.split(":")[4] if body.channel == SNS and not problems else body.account
    if body.channel in (S3, SNS) and account not in accounts and not problems:
        problems.append(("account" if body.channel == S3 else "address", "must be one of the customer's own accounts"))
    if body.channel != S3 and body.account:
        problems.append(("account", "is of s3 alone"))
    if body.channel == DOMAIN and body.events:
        problems.append(("events", "nothing is sent to a domain"))
    if problems:
        raise InvalidInput(*problems)
    return Recipient(recipient_id, body.channel, address, now, by, body.name, account, tuple(dict.fromkeys(body.events)))


def _problems(name: str, events: list[str]) -> list[tuple[str, str]]:
    problems = [("name", f"must hold at most {LONGEST_NAME} characters")] if len(name) > LONGEST_NAME else []
    return problems + ([("events", "must be of " + ", ".join(EVENTS))] if not set(events) <= set(EVENTS) else [])


def add(with_: Scheduling, customer_id: str, recipient: Recipient) -> Recipient:
    """A mail address is asked to confirm; everything else is proven by a test."""

    def added(held: Recipients | None) -> Recipients:
        held = held or Recipients()
        if held.at(recipient.channel, recipient.address):
            raise Conflict("there is such a recipient already")
        if len(held.all) >= MOST:
            raise Conflict(f"there are {MOST} recipients: delete one first")
        if held.refused(recipient.address) == COMPLAINED:
            raise Conflict("the reader of that address has complained of mail")
        more = replace(held, all=(*held.all, recipient))
        return _asked(more, recipient, now) if recipient.channel == EMAIL else more

    now = with_.clock()
    held = _change(with_, customer_id, added)
    if recipient.channel == EMAIL:
        _send_proof(with_, customer_id, held, recipient, now)
    return recipient


def _change(with_: Scheduling, customer_id: str, to: Callable[[Recipients | None], Recipients]) -> Recipients:
    return with_.reporting.metrics.choices.change(customer_id, Recipients, to)


def fetch_recipient(with_: Scheduling, customer_id: str, recipient_id: str) -> Recipient:
    recipient = with_.recipients(customer_id).get(recipient_id)
    if recipient is None:
        raise NotFound("there is no such recipient")
    return recipient


def patch(with_: Scheduling, customer_id: str, recipient_id: str, body: RecipientPatch) -> Recipient:
    held = fetch_recipient(with_, customer_id, recipient_id)
    problems = _problems(body.name or "", body.events or [])
    if held.channel == DOMAIN and body.events:
        problems.append(("events", "nothing is sent to a domain"))
    if problems:
        raise InvalidInput(*problems)

    def patched(one: Recipient) -> Recipient:
        named = one if body.name is None else replace(one, name=body.name)
        return named if body.events is None else replace(named, events=tuple(dict.fromkeys(body.events)))

    changed = _change(with_, customer_id, lambda all_: (all_ or Recipients()).changed(recipient_id, patched)).get(recipient_id)
    if changed is None:
        raise NotFound("there is no such recipient")
    return changed


def remove(with_: Scheduling, customer_id: str, recipient_id: str) -> None:
    """Also from the schedules that it is in; first from there, so that what is cut off can be done again."""
    fetch_recipient(with_, customer_id, recipient_id)

    def without(held: Schedule | None) -> Schedule:
        if held is None:
            raise NotFound("there is no such schedule")
        return replace(held, recipients=tuple(one for one in held.recipients if one != recipient_id))

    for schedule in with_.schedules.schedules(customer_id):
        if recipient_id in schedule.recipients:
            with_.schedules.change(customer_id, Schedule, schedule.id, without)
    _change(with_, customer_id, lambda held: (held or Recipients()).without([recipient_id]))


def prove(with_: Scheduling, customer_id: str, recipient_id: str) -> Delivery:
    """A test, or for a mail address that isn't proven the question whether it wants any of this."""
    now, recipient = with_.clock(), fetch_recipient(with_, customer_id, recipient_id)
    if recipient.status not in (UNVERIFIED, VERIFIED):
        raise Conflict(f"the recipient is {recipient.status}: delete it and add it again, if it wants that")
    recipients = _change(with_, customer_id, lambda held: _asked(held or Recipients(), recipient, now))
    return _send_proof(with_, customer_id, recipients, recipient, now)


def _send_proof(with_: Scheduling, customer_id: str, recipients: Recipients, recipient: Recipient, now: datetime) -> Delivery:
    confirms = recipient.channel == EMAIL and not recipients.verified(recipient)
    note = (
        Note(CONFIRM, "Please confirm your address", "Reports shall be sent to this address. Confirm it only if you expect them.")
        if confirms
        else Note(TEST, "A test", "This is a test: reports and events will come the same way.")
    )
    owner = f"proof#{recipient.id}#{stamp(now)}"
    delivery = Delivery(owner, recipient.id, recipient.channel, recipient.shown_address, now, now, note=note)
    with_.hurry(DELIVERY, customer_id, with_.add_deliveries(customer_id, [delivery]))
    return delivery


def _asked(held: Recipients, recipient: Recipient, now: datetime) -> Recipients:
    """Noted by the mail address, which deleting and adding doesn't change; TooOften for one too many."""
    place = recipient.address.casefold() if recipient.channel == EMAIL else recipient.id
    lately = tuple(one for one in held.asked if now - one.at < A_DAY)
    if len(lately) >= MOST_ASKED or len([one for one in lately if one.address == place]) >= MOST_OF_ONE:
        raise TooOften(f"a place is asked {MOST_OF_ONE} times a day at most, all together {MOST_ASKED} times: try again later")
    return replace(held, asked=(*lately, Asked(place, now)))


def rotate(with_: Scheduling, customer_id: str, recipient_id: str) -> Recipient:
    """A new signing key; for a day the one before signs, too."""
    held, now = fetch_recipient(with_, customer_id, recipient_id), with_.clock()
    if held.channel != WEBHOOK:
        raise Conflict("only webhooks have signing keys")
    if len(held.key_versions(now)) > 1:  # a third one would end the first before its day is over
        raise Conflict(f"two keys sign until {text_of(held.both_keys_until)}")
    until = now + BOTH_KEYS

    def rotated(one: Recipient) -> Recipient:
        return replace(one, key_version=one.key_version + 1, both_keys_until=until)

    changed = _change(with_, customer_id, lambda all_: (all_ or Recipients()).changed(recipient_id, rotated)).get(recipient_id)
    if changed is None:
        raise NotFound("there is no such recipient")
    return changed


def subscribe(with_: Scheduling, customer_id: str, recipient_id: str, purpose: str) -> None:
    """What whoever has a mail address said by its link: that it wants to be written to, or doesn't. Both may be said again."""
    status = {CONFIRM: VERIFIED, UNSUBSCRIBE: UNSUBSCRIBED}[purpose]
    now = with_.clock()

    def said(one: Recipient) -> Recipient:
        may = one.status == UNVERIFIED if purpose == CONFIRM else one.status in (UNVERIFIED, VERIFIED)
        return one.now(status, now) if may else one

    _change(with_, customer_id, lambda held: (held or Recipients()).changed(recipient_id, said))


def shown_recipient(recipients: Recipients, recipient: Recipient) -> Answer:
    return {
        "id": recipient.id,
        "channel": recipient.channel,
        "address": recipient.shown_address,
        "name": recipient.name,
        "account": recipient.account or None,
        "events": list(recipient.events),
        "status": VERIFIED if recipients.verified(recipient) else recipient.status,
        "since": text_of(recipient.since),
        "created_at": text_of(recipient.created_at),
        "created_by": recipient.created_by,
        "key_version": recipient.key_version if recipient.channel == WEBHOOK else None,
        "both_keys_until": text_of(recipient.both_keys_until),
    }


def proofs(with_: Scheduling, customer_id: str, recipient_id: str) -> list[Answer]:
    """What became of its tests and confirmations, the latest first."""
    found = with_.schedules.deliveries(customer_id, f"proof#{recipient_id}")
    return [shown_delivery(one) for one in sorted(found, key=lambda one: one.created_at, reverse=True)[:10]]
