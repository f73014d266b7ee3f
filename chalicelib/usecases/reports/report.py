"""Reports: asked for, fetched, verified, deleted. rendering.py makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.domain.choosing import CustomerSettings
from chalicelib.domain.errors import Conflict, StoreUnavailable
from chalicelib.domain.reporting import QUEUED, READY, Once, ReportRecord
from chalicelib.domain.template import COMPLIANCE, COSTS, USAGE, Templates, areas_of
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.usecases.reports.manifest import sha256_of
from chalicelib.usecases.reports.reporting import Reporting, fetch
from chalicelib.usecases.reports.request import checked, digest_of, wanted_of

LOST_AFTER = timedelta(seconds=30)
"""A repeated request that finds its report still queued after that sends the job again: the first one may have died before it did."""


def request(with_: Reporting, customer_id: str, body: Parameters, report_id: str, key: str | None, run: str = "") -> ReportRecord:
    """Records the report as queued and queues it; with an Idempotency-Key that was used before, the report that it made then. `run` is
    the key of the schedule's run that asks."""
    now = with_.clock()
    once = None if key is None else Once(hashlib.sha256(key.encode()).hexdigest(), digest_of(body))
    made = None
    held = with_.records.made_by(customer_id, once) if once else None  # before the body is looked at: what it asks for may be gone by now
    if held is None:
        made = _record(with_, customer_id, body, report_id, now, run)
        held = with_.records.create(customer_id, made, once)
    if held is made:
        try:
            _queue(with_, customer_id, held)
        except StoreUnavailable:
            with_.records.delete(customer_id, report_id, once)
            raise
    else:
        hurry(with_, customer_id, held)
    return held


def hurry(with_: Reporting, customer_id: str, record: ReportRecord) -> None:
    """Sends the job again of a report that has been queued for a while: whoever asked for it may have died before."""
    if record.status == QUEUED and with_.clock() - record.created_at > LOST_AFTER:
        _queue(with_, customer_id, record)


def _queue(with_: Reporting, customer_id: str, record: ReportRecord) -> None:
    with_.queue.send([{"job": "report", "customer_id": customer_id, "report_id": record.id}])


def _record(with_: Reporting, customer_id: str, body: Parameters, report_id: str, now: datetime, run: str) -> ReportRecord:
    status = with_.metrics.status(customer_id)
    wanted = wanted_of(customer_id, body, choice_of(with_.metrics, customer_id, Templates, status), now)
    months = choice_of(with_.metrics, customer_id, CustomerSettings, status).report_retention_months
    return ReportRecord(report_id, wanted.type, wanted.template, wanted.format, wanted.parameters, now, months, wanted.filename, run=run)


def link(with_: Reporting, customer_id: str, report_id: str) -> str:
    """Where the ready document can be fetched for five minutes; Conflict before that."""
    return with_.files.url(customer_id, _ready(with_, customer_id, report_id))


def _ready(with_: Reporting, customer_id: str, report_id: str) -> ReportRecord:
    record = fetch(with_, customer_id, report_id)
    if record.status != READY:
        raise Conflict(f"the report is {record.status}{f': {record.detail}' if record.detail else ''}")
    return record


def delete(with_: Reporting, customer_id: str, report_id: str) -> None:
    """The document first, so that where that fails the report is there to be deleted again; and after the record what a rendering that
    was under way has left."""
    record = fetch(with_, customer_id, report_id)
    with_.files.delete(customer_id, report_id)
    with_.records.delete(customer_id, report_id)
    if not record.finished:
        with_.files.delete(customer_id, report_id)


def restated(with_: Reporting, customer_id: str, record: ReportRecord) -> Answer | None:
    """Days of its window whose costs or usage say something else, or anything at all, only since it was made; None of what has no days."""
    areas = [area for area in areas_of(record.template) if area != COMPLIANCE]
    made = record.started_at
    if record.status != READY or made is None or not areas or "as_of" in record.parameters:
        return None
    changed_at = with_.metrics.status(customer_id).changed_at
    if changed_at is not None and changed_at < made:
        return _restated([])
    window = checked(record.template, record.parameters, record.created_at)
    first, last = window.start.date(), (window.end - timedelta(microseconds=1)).date()
    costs = with_.metrics.costs.read(customer_id, first, last) if COSTS in areas else []
    usage = with_.metrics.usage.read(customer_id, first, last) if USAGE in areas else []
    since = [day.since for day in costs] + [day.since for day in usage]
    return _restated([at for at in since if at and at > made])


def _restated(since: list[datetime]) -> Answer:
    return {"days": len(since), "since": text_of(max(since, default=None))}


class Verified(NamedTuple):
    """`document` is ok, altered or missing; `signature` is ok, bad or unknown_key."""

    document: str
    signature: str

    @property
    def valid(self) -> bool:
        return self.document == self.signature == "ok"


def verify(with_: Reporting, customer_id: str, report_id: str, check: Callable[[bytes, str, str], str]) -> tuple[ReportRecord, Verified]:
    """Holds the document that lies there against its manifest; `check` takes content, signature and public key."""
    record = _ready(with_, customer_id, report_id)
    signed = record.signed
    if signed is None:
        raise Conflict("the report has no manifest")
    told = check(signed.manifest.encode(), signed.signature, signed.public_key)
    file = with_.files.open(customer_id, record)
    if file is None:
        return record, Verified("missing", told)
    with file:
        described = json.loads(signed.manifest)["documents"][0]["sha256"]
        return record, Verified("ok" if sha256_of(file) == described else "altered", told)
