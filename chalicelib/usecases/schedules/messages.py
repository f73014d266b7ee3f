"""From a delivery to the message that it is: reports with their figures and links, or the words of an event."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.branding import Branding
from chalicelib.domain.customer import Customer
from chalicelib.domain.delivery import Delivery, Note
from chalicelib.domain.link import Link
from chalicelib.domain.message import CONFIRM, DIGEST, LARGEST_MAIL, REPORT, Attachment, Document, Message
from chalicelib.domain.recipient import EMAIL, S3, Recipient
from chalicelib.domain.reporting import READY, ReportRecord
from chalicelib.domain.schedule import Run
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.reports.headlines import told
from chalicelib.usecases.schedules.scheduling import Scheduling

LINK_DAYS = timedelta(days=14)
BY = "recipient"


class NothingToTell(Exception):
    """What was to be told of is gone."""


def message_of(with_: Scheduling, customer: Customer, delivery: Delivery, recipient: Recipient) -> tuple[Message, tuple[Attachment, ...]]:
    """With the documents that go along: all into a bucket, one with a mail that shall have it. NothingToTell where none of its reports is
    there any more."""
    if delivery.note is not None:
        return _noted(with_, customer, delivery, delivery.note, recipient), ()
    found = [with_.reporting.records.get(customer.id, report_id) for report_id in delivery.reports]
    records = [record for record in found if record is not None and record.status == READY]
    if not records:
        raise NothingToTell
    documents = tuple(document(with_, customer.id, delivery, record, recipient.channel != S3) for record in records)
    one = len(documents) == 1
    title = documents[0].title if one else f"{len(documents)} reports for {customer.name}"
    run = with_.schedules.get(customer.id, Run, delivery.owner) if one else None
    text = f"The report of the schedule {run.schedule.name!r} is ready." if run else "The reports of this hour are ready."
    message = Message(
        REPORT if one else DIGEST,
        f"{title}{_window(records[0]) if one else ''}",
        text,
        customer.id,
        customer.name,
        with_.clock(),
        documents=documents,
        data=_data_of(run, records[0]) if one else {"report_ids": [record.id for record in records]},
        brand=choice_of(with_.reporting.metrics, customer.id, Branding),
    )
    if recipient.channel == S3:
        return message, tuple(_attachment(with_, customer.id, record, None) for record in records)
    attached = delivery.attach and one and recipient.channel == EMAIL
    return message, (_attachment(with_, customer.id, records[0], LARGEST_MAIL),) if attached else ()


def _data_of(run: Run | None, record: ReportRecord) -> dict[str, object]:
    """Which run of which schedule it is of, for machines."""
    told: dict[str, object] = {"report_id": record.id, "estimated": record.estimated}
    if run is None:
        return told
    window = None if run.window is None else {"start": run.window.start, "end": run.window.end}
    named = {"id": run.key.partition("#")[2], "occurrence": run.occurrence, "trigger": run.trigger, "window": window}
    return {**told, "schedule": {"id": run.schedule.id, "name": run.schedule.name}, "run": named}


def _noted(with_: Scheduling, customer: Customer, delivery: Delivery, note: Note, recipient: Recipient) -> Message:
    action = None
    if note.kind == CONFIRM:
        action = ("Confirm this address", with_.subscription(CONFIRM, customer.id, recipient.id))
    data = {label.lower().replace(" ", "_"): text for label, text in note.facts} | dict(note.amounts)
    brand = choice_of(with_.reporting.metrics, customer.id, Branding)
    at = delivery.created_at
    return Message(note.kind, note.title, note.text, customer.id, customer.name, at, note.facts, data=data, action=action, brand=brand)


def document(with_: Scheduling, customer_id: str, delivery: Delivery, record: ReportRecord, linked: bool) -> Document:
    """With a link of its own for this recipient, the same one at every attempt, where it doesn't get the document itself."""
    url, expires_at = _link(with_, customer_id, delivery, record) if linked else ("", None)
    headline = told(record.headline)
    return Document(record.id, record.title, record.filename, record.size_bytes or 0, record.facts, headline, url, expires_at)


def _link(with_: Scheduling, customer_id: str, delivery: Delivery, record: ReportRecord) -> tuple[str, datetime | None]:
    if not with_.base_url:
        return "", None
    token, link_id, digest = with_.link_for(customer_id, f"{delivery.key}#{record.id}")
    expires_at = min(delivery.created_at + LINK_DAYS, record.expires_at)
    held = with_.linking.links.find(link_id)
    if held is None:
        link = Link(link_id, record.id, digest, delivery.created_at, f"{BY}:{delivery.recipient_id}", expires_at)
        with_.linking.links.put(customer_id, link)
    return f"{with_.base_url}/downloads/{token}", expires_at


def _window(record: ReportRecord) -> str:
    """The period that it tells of, where it has one."""
    period = dict(record.facts).get("Period")
    return f", {period}" if period else ""


def _attachment(with_: Scheduling, customer_id: str, record: ReportRecord, largest: int | None) -> Attachment:
    """Without its content where that is larger than it may be: a mail says so. NothingToTell where it is gone."""
    content_type = with_.reporting.content_type(record.format)
    size = record.size_bytes or 0
    if largest is not None and size > largest:
        return Attachment(record.filename, content_type, None, size)
    file = with_.reporting.files.open(customer_id, record)
    if file is None:
        raise NothingToTell
    with file:
        return Attachment(record.filename, content_type, file.read(), size)
