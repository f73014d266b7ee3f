"""The report engine: a queued report becomes a document, once, however often its job comes and wherever a worker dies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from chalicelib.domain.branding import Branding
from chalicelib.domain.errors import AnalyticsError, Busy, InvalidInput, ReportTooLarge, StoreUnavailable
from chalicelib.domain.reporting import GAVE_UP, QUEUED, READY, RENDERING, ReportRecord
from chalicelib.domain.signals import REPORT_ENGINE, REPORTS_RENDERED
from chalicelib.domain.template import areas_of
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.reports.manifest import data_set_sha256, manifest_of, sha256_of, signed
from chalicelib.usecases.reports.reporting import Reporting, fail

if TYPE_CHECKING:
    from chalicelib.domain.report import Report
    from chalicelib.usecases.reports.documents.compose import Basis

ATTEMPTS, ROUNDS = 3, 5
LEASE = timedelta(seconds=REPORT_ENGINE.timeout)
"""Whoever has begun to render is dead after that."""
IN_MEMORY = 16 * 2**20
MOST_ROWS = 250_000
"""What the engine's memory and time are enough for in every format (`bench engine`)."""
CUT_OFF = "every attempt was cut off"


def run(with_: Reporting, customer_id: str, report_id: str) -> None:
    """Renders a queued report and keeps it; repeated by the queue until it is finished, at most three times."""
    record = with_.records.get(customer_id, report_id)
    if record is None:  # deleted; a worker that was cut off may have left a document since
        with_.files.delete(customer_id, report_id)
        return
    if record.finished:
        with_.finished(customer_id, record)  # whoever finished it may have died before it told
        return
    if record.status == RENDERING and record.started_at and with_.clock() - record.started_at < LEASE:
        raise Busy("the report is being rendered")
    if record.attempts >= ATTEMPTS:  # each try ended without a word: out of time or memory
        with_.finished(customer_id, fail(with_, customer_id, record, GAVE_UP, CUT_OFF))
        return
    claimed = replace(record, status=RENDERING, attempts=record.attempts + 1, started_at=with_.clock())
    if not with_.records.swap(customer_id, record, claimed):
        raise Busy("the report was taken by another worker")
    try:
        ready = replace(make(with_, customer_id, claimed), status=READY, finished_at=with_.clock())
        if with_.records.swap(customer_id, claimed, ready):
            with_.emit(REPORTS_RENDERED, 1)
            with_.finished(customer_id, ready)
        elif with_.records.get(customer_id, report_id) is None:
            with_.files.delete(customer_id, report_id)  # where another worker has gone on, its document lies there, too
    except (InvalidInput, ReportTooLarge) as error:
        with_.finished(customer_id, fail(with_, customer_id, claimed, error.code, str(error)))
    except StoreUnavailable as error:
        if not _given_up(with_, customer_id, claimed, error):
            raise
    except Exception:
        _given_up(with_, customer_id, claimed, AnalyticsError("something went wrong on our side"))
        raise


def _given_up(with_: Reporting, customer_id: str, record: ReportRecord, error: AnalyticsError) -> bool:
    """After the last attempt it has failed; before that it waits for the next."""
    if record.attempts >= ATTEMPTS:
        with_.finished(customer_id, fail(with_, customer_id, record, error.code, str(error)))
        return True
    with_.records.swap(customer_id, record, replace(record, status=QUEUED))
    return False


def make(with_: Reporting, customer_id: str, record: ReportRecord) -> ReportRecord:
    """Makes the document, on disk where it is large, and keeps it; returns the record with all that is known of it."""
    from chalicelib.usecases.reports.headlines import kept_of

    report, basis = build(with_, customer_id, record, MOST_ROWS)
    content_type = with_.content_type(record.format)
    with SpooledTemporaryFile(IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        with_.write(report, record.format, file)
        told = replace(
            record,
            size_bytes=file.seek(0, 2),
            rows=report.rows,
            estimated=basis.estimated,
            data_through=basis.data_through,
            watermarks=basis.watermarks,
            title=report.title,
            facts=report.facts,
            headline=kept_of(report),
        )
        manifest = manifest_of(customer_id, told, sha256_of(file), data_set_sha256(report, with_.data_set), content_type)
        with_.files.put(customer_id, record, file, content_type)
    return replace(told, signed=signed(manifest, with_.signer()))


def build(with_: Reporting, customer_id: str, record: ReportRecord, most_rows: int) -> tuple[Report, Basis]:
    """The report's value, as of when it was asked for; all of it of one state of the customer's data."""
    from chalicelib.usecases.reports.documents.asked import Asked  # only the report engine lays out what the API records
    from chalicelib.usecases.reports.documents.compose import basis_of, compose

    customer = with_.customers.get(customer_id)
    for _ in range(ROUNDS):
        asked = Asked(with_.metrics, customer_id, record.parameters, record.created_at, areas_of(record.template), most_rows).reading_once()
        report = compose(
            record.type,
            record.template,
            asked,
            customer.name if customer else customer_id,
            choice_of(with_.metrics, customer_id, Branding, asked.status),
        )
        basis = basis_of(asked)
        if with_.metrics.status(customer_id).generation == asked.status.generation:
            break
    else:
        raise StoreUnavailable("a customer's data kept changing while they were laid out")
    if report.rows > most_rows:
        raise ReportTooLarge(f"there are {report.rows:,} rows, and a report takes {most_rows:,}: ask for a shorter period or less")
    return report, basis
