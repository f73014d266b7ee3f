"""POST, GET and DELETE of /analytics/reports, and what proves them."""

from __future__ import annotations

import json
import re
import uuid
from functools import partial

from chalice.app import Blueprint, Response

from chalicelib import renderers
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.reporting import FAILED, QUEUED, READY, STATUSES, ReportRecord
from chalicelib.logs import emit
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_of, registering
from chalicelib.routes.parameters import idempotency_key, of_body, of_query, wait_of
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.questions.paging import cursor_of, limit_of, no_such_cursor, position_of
from chalicelib.usecases.questions.parameters import FILTERS, Parameters, check_names, is_tag, one
from chalicelib.usecases.reports import report
from chalicelib.usecases.reports.reporting import Reporting, fetch
from chalicelib.usecases.reports.request import REPORTS_PARAMETERS
from chalicelib.wiring import services

reports = Blueprint(__name__)
on = registering(reports)
POLL_SECONDS = 0.2
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)


def reporting() -> Reporting:
    """The collaborators of reports, for the routes and for the engine."""
    with_ = services()
    return Reporting(
        with_.customers,
        with_.metrics,
        with_.reports,
        with_.report_files,
        with_.report_queue,
        renderers.write,
        renderers.write_data_set,
        lambda name: renderers.FORMATS[name].content_type,
        lambda: with_.signers[0],
        partial(emit, with_.settings.stage),
        _finished,
        with_.clock,
    )


def _finished(customer_id: str, record: ReportRecord) -> None:
    """Has the schedule's run go on that waits for it; of another report that failed, whoever asked for that is told."""
    from chalicelib.usecases.schedules.scheduling import REPORT_FAILED, RUN

    if record.run:
        services().delivery_queue.send([{"job": RUN, "customer_id": customer_id, "key": record.run}])
    elif record.status == FAILED:
        services().delivery_queue.send([{"job": REPORT_FAILED, "customer_id": customer_id, "key": record.id}])


@on("/analytics/reports", "POST")
def create() -> Response:
    request = reports.current_request
    body, named = of_body(request, lambda name: name in FILTERS or is_tag(name), ("top",))
    customer_id, key = customer_of(request, "report", named), idempotency_key(request)
    record = report.request(reporting(), customer_id, body, uuid.uuid4().hex, key)
    location = {"Location": f"/analytics/reports/{record.id}"}
    seconds = wait_of(request)
    if not seconds:  # also to a repeated request, whatever has become of the report: the answer is the first one's
        return made({"id": record.id, "status": QUEUED}, 202, {**location, "Retry-After": "2"})
    record = _awaited(customer_id, record, seconds)
    if record.status != READY:
        why = {"reason": record.reason, "detail": record.detail} if record.status == FAILED else {}
        return made({"id": record.id, "status": record.status, **why}, 202, {**location, "Retry-After": "2"})
    ready = {"message": "the report is ready", **shown(record), "url": report.link(reporting(), customer_id, record.id)}
    return made(ready, 200, location)


def _awaited(customer_id: str, record: ReportRecord, seconds: int) -> ReportRecord:
    """The record as it is once finished, or after that many seconds."""
    with_ = services()
    for _ in range(int(seconds / POLL_SECONDS)):
        if record.finished:
            break
        with_.sleep(POLL_SECONDS)
        record = fetch(reporting(), customer_id, record.id)
    return record


@on("/analytics/reports", "GET")
def index() -> Response:
    request = reports.current_request
    values, named = of_query(request)
    customer_id = customer_of(request, "report", named)
    check_names(values, REPORTS_PARAMETERS)
    limit, status = limit_of(values, usual=20), one(values, "status")
    if status is not None and status not in STATUSES:
        raise InvalidInput(("status", "must be one of " + ", ".join(STATUSES)))
    records, position = services().reports.list(customer_id, limit, after_of(values), status)
    more = cursor_of(position) if position else None
    return fetched(request, encode({"reports": [shown(record) for record in records], "next_cursor": more}))


def after_of(values: Parameters) -> tuple[str, str] | None:
    """When the last report of the page before was created, and its id."""
    position = position_of(values, str, str)
    if position is None:
        return None
    created_at, report_id = map(str, position)
    if not _ID.fullmatch(report_id) or not _CREATED.fullmatch(created_at):
        raise no_such_cursor()
    return created_at, report_id


@on("/analytics/reports/{report_id}", "GET")
def show(report_id: str) -> Response:
    customer_id = customer_alone(reports.current_request, "report")
    record = fetch(reporting(), customer_id, checked_id(report_id))
    return fetched(reports.current_request, encode({**shown(record), "restated": report.restated(reporting(), customer_id, record)}))


@on("/analytics/reports/{report_id}/download", "GET")
def download(report_id: str) -> Response:
    return downloaded(customer_alone(reports.current_request, "report"), report_id)


def downloaded(customer_id: str, report_id: str) -> Response:
    url = report.link(reporting(), customer_id, checked_id(report_id))
    return Response("", {"Location": url, "Cache-Control": "no-store"}, 303)


@on("/analytics/reports/{report_id}/verify", "GET")
def verify(report_id: str) -> Response:
    customer_id = customer_alone(reports.current_request, "report")
    return fetched(reports.current_request, encode(verified(customer_id, checked_id(report_id))))


def verified(customer_id: str, report_id: str) -> Answer:
    from chalicelib.security import signing  # cryptography is slow to import

    known = [signer.public_key for signer in services().signers]
    check = partial(signing.check, known=known)
    record, found = report.verify(reporting(), customer_id, report_id, check)
    signed = record.signed
    assert signed is not None
    return {
        "id": record.id,
        "valid": found.valid,
        "document": found.document,
        "signature_check": found.signature,
        "manifest": json.loads(signed.manifest),
        "signature": signed.signature,
        "algorithm": "Ed25519",
        "public_key": signed.public_key,
        "fingerprint": signing.fingerprint(signed.public_key),
    }


@on("/analytics/reports/{report_id}", "DELETE")
def remove(report_id: str) -> Response:
    report.delete(reporting(), customer_alone(reports.current_request, "report"), checked_id(report_id))
    return Response("", {"Cache-Control": "no-store"}, 204)


def checked_id(report_id: str) -> str:
    if not _ID.fullmatch(report_id):
        raise NotFound("there is no such report")
    return report_id


def shown(record: ReportRecord) -> Answer:
    return {
        "id": record.id,
        "status": record.status,
        "type": record.type,
        "template": record.template.id,
        "format": record.format,
        "parameters": {name: list(values) for name, values in record.parameters.items()},
        "filename": record.filename,
        "size_bytes": record.size_bytes,
        "rows": record.rows,
        "estimated": record.estimated,
        "data_through": text_of(record.data_through),
        "attempts": record.attempts,
        "reason": record.reason or None,
        "detail": record.detail or None,
        "created_at": text_of(record.created_at),
        "started_at": text_of(record.started_at),
        "finished_at": text_of(record.finished_at),
        "expires_at": text_of(record.expires_at),
        "schedule_id": record.run.partition("#")[0] or None,
        "timings": _timings(record),
    }


def _timings(record: ReportRecord) -> Answer:
    """Milliseconds that it waited and that its last attempt took."""
    waited = record.started_at - record.created_at if record.started_at else None
    took = record.finished_at - record.started_at if record.started_at and record.finished_at else None
    return {"queued_ms": waited and round(waited.total_seconds() * 1000), "rendering_ms": took and round(took.total_seconds() * 1000)}
