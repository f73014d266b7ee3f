"""What comes in other than over HTTP: the schedules' events, and jobs, S3 notifications, findings and mail events from the queues.

What only these need is imported in the functions: app.py imports this module in every container, most of which answer HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import msgspec
from chalice.app import CloudWatchEvent, SQSEvent

from chalicelib.domain import signals
from chalicelib.domain.errors import AnalyticsError, Busy
from chalicelib.domain.period import iso
from chalicelib.logs import LOGGER, emit
from chalicelib.stores.files import customer_of
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.domain.compliance import Finding
    from chalicelib.domain.customer import Customer
    from chalicelib.domain.due import Due
    from chalicelib.usecases.schedules.mail_events import MailEvent

FINDINGS_EVENT = "Security Hub Findings - Imported"
FINDINGS_JOB, MAIL_JOB = "findings told", "mail told"
GREETING = "Successfully validated SNS topic for Amazon SES"
"""In plain words SES tries whether a topic takes what it will tell."""


class LenientEvent(CloudWatchEvent):
    """A schedule event, also one typed by hand as {"source": "aws.events"}: what is missing gets a default, `time` is now."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        defaults = {"version": "0", "account": "", "region": "", "detail": {}, "detail-type": "Scheduled Event", "source": "aws.events"}
        super()._extract_attributes({**defaults, "time": iso(datetime.now(UTC)), "id": "", "resources": [], **event_dict})


def plan(event: LenientEvent) -> dict[str, object]:
    """Plans the hour that the event itself names, so that a late or repeated event means the same hour."""
    from chalicelib.usecases.aggregation import aggregate

    planned = aggregate.plan(services().collaborators, datetime.fromisoformat(event.time))
    LOGGER.info("planned", extra=planned)
    return planned


def take_up(event: LenientEvent) -> dict[str, object]:
    """Takes up what is due by now, not by the event's time: a late or repeated one finds what is left."""
    from chalicelib.routes.schedules import scheduling
    from chalicelib.usecases.schedules import reporter

    def failed(due: Due, error: Exception) -> None:
        LOGGER.error("not taken up", extra={"customer_id": due.customer_id, "key": due.key, "reason": type(error).__name__}, exc_info=error)

    with_ = services()
    context = event.context
    found = reporter.take_up(scheduling(), with_.clock(), lambda: context.get_remaining_time_in_millis() / 1000, failed)
    if found.failed:
        emit(with_.settings.stage, signals.HANDLED_FAILURES, found.failed)
    told = asdict(found)
    LOGGER.info("taken up", extra=told)
    return told


def jobs_of(body: str) -> Iterator[dict[str, Any]]:
    """A message's jobs: our own; a drop, or a manifest of the payer's export, per record of S3's; what an event tells of findings."""
    from chalicelib.stores.payer import export_of

    if body.startswith(GREETING):
        return
    message = msgspec.json.decode(body)
    if "job" in message:
        yield message
    if message.get("detail-type") == FINDINGS_EVENT:
        yield {"job": FINDINGS_JOB, "findings": told_by(message)}
    if "eventType" in message:
        yield {"job": MAIL_JOB, "event": message}
    for record in message.get("Records", []):
        key = unquote_plus(record["s3"]["object"]["key"])
        owner, export = customer_of(key), export_of(key)
        if export:
            yield {"job": "payer_export", "export": export, "key": key}
        elif owner:
            yield {"job": "drop", "kind": owner[0], "customer_id": owner[1], "key": key}


def told_by(message: dict[str, Any]) -> list[Any]:
    """An event's findings: of any account where this one's Security Hub tells, which administers the others; else of the teller's own."""
    teller, findings = message.get("account"), message["detail"]["findings"]
    ours = teller is None or teller == services().account
    told = [one for one in findings if ours or one.get("AwsAccountId") == teller]
    if len(told) < len(findings):
        LOGGER.warning("findings of others not taken", extra={"teller": teller, "findings": len(findings) - len(told)})
    return told


def work(event: SQSEvent) -> dict[str, Any] | None:
    """Does a batch's jobs, each message by itself: one that fails is repeated by the queue and at last put aside, the others are done.

    Where the queue isn't told which ones failed, an error leaves here and all are repeated, which every job bears.
    """
    failed: list[tuple[str, Exception]] = []
    for record in event:
        try:
            for job in jobs_of(record.body):
                _do(job, lambda: event.context.get_remaining_time_in_millis() / 1000)
        except Exception as error:  # noqa: BLE001  the process's edge: whatever it is, it is logged, and this message comes again
            if not isinstance(error, AnalyticsError):
                LOGGER.exception("job failed unexpectedly")
            failed.append((record.to_dict()["messageId"], error))
    with_ = services()
    if failed and not with_.settings.partial_batches:
        raise failed[0][1]
    if failures := sum(not isinstance(error, Busy) for _, error in failed):
        emit(with_.settings.stage, signals.HANDLED_FAILURES, failures)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id, _ in failed]}


def _do(job: dict[str, Any], left: Callable[[], float]) -> None:
    from chalicelib.routes.reports import reporting
    from chalicelib.usecases.aggregation import aggregate
    from chalicelib.usecases.reports import rendering
    from chalicelib.usecases.schedules.scheduling import DELIVERY, DIGEST, REPORT_FAILED, RUN

    started, told = time.perf_counter(), {name: value for name, value in job.items() if isinstance(value, str) and name != "customers"}
    try:
        if job["job"] == "report":
            rendering.run(reporting(), job["customer_id"], job["report_id"])
        elif job["job"] == FINDINGS_JOB:
            _take_events(job["findings"])
        elif job["job"] == MAIL_JOB:
            _hear(job["event"])
        elif job["job"] in (RUN, DIGEST, DELIVERY, REPORT_FAILED):
            _deliver(job)
        else:
            aggregate.run(services().collaborators, job, left)
    except AnalyticsError as error:
        LOGGER.error("job failed", extra={**told, "code": error.code, "reason": str(error)})
        raise
    LOGGER.info("job done", extra={**told, "milliseconds": round((time.perf_counter() - started) * 1000, 1)})


def _deliver(job: dict[str, Any]) -> None:
    from chalicelib.routes.schedules import scheduling
    from chalicelib.usecases.schedules import delivering, digests, running
    from chalicelib.usecases.schedules.scheduling import DELIVERY, DIGEST, REPORT_FAILED, RUN

    does = {RUN: running.advance, DIGEST: digests.close, DELIVERY: delivering.deliver, REPORT_FAILED: running.tell_failed}
    does[job["job"]](scheduling(), job["customer_id"], job["key"])


def _hear(told: dict[str, Any]) -> None:
    from chalicelib.routes.schedules import scheduling
    from chalicelib.usecases.schedules import mail_events

    event = mail_event_of(told)
    if event.customer_id and event.delivery:  # else somebody else's mail by the same configuration set
        mail_events.hear(scheduling(), event)


def mail_event_of(told: dict[str, Any]) -> MailEvent:
    """From what SES tells: its own tags name the customer and the delivery."""
    from chalicelib.channels import key_of
    from chalicelib.usecases.schedules.mail_events import MailEvent

    mail, kind = told["mail"], str(told["eventType"])
    details = {"Bounce": ("bounce", "bounceType"), "Complaint": ("complaint", "complaintFeedbackType")}
    about, name = details.get(kind, (kind.lower(), "reason"))
    tags = {tag: values[0] for tag, values in mail.get("tags", {}).items()}
    at = datetime.fromisoformat(told.get(about, {}).get("timestamp", mail["timestamp"]))
    detail = str(told.get(about, {}).get(name, ""))[:100]
    return MailEvent(tags.get("customer", ""), key_of(tags.get("delivery", "")), kind, detail, str(mail["messageId"]), at)


def _take_events(raw: list[dict[str, Any]]) -> None:
    """Each finding goes to the customer whose account it names; an account that is nobody's is none of ours."""
    from chalicelib.sources.security_hub import read_events
    from chalicelib.usecases.aggregation import findings

    with_, owners = services(), services().known_owners()
    by_customer: dict[str, tuple[Customer, list[Finding]]] = {}
    for finding in read_events(raw):
        owner = owners.get(finding.account)
        if owner is not None:
            by_customer.setdefault(owner.id, (owner, []))[1].append(finding)
    for customer, found in by_customer.values():
        current = with_.customers.get(customer.id)  # an account may have moved since the owners were looked up
        theirs = [finding for finding in found if current and finding.account in current.account_ids]
        if current and theirs:
            findings.take_events(with_.collaborators, current, theirs, with_.clock())
