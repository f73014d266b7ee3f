"""What reports are made, kept and told with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.domain.errors import NotFound
from chalicelib.domain.reporting import FAILED, GAVE_UP, ReportRecord
from chalicelib.domain.signals import REPORTS_FAILED
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.reports import ReportFiles, ReportStore, Signer
from chalicelib.usecases.ports.world import Clock, CustomerDirectory, Queue

if TYPE_CHECKING:
    from chalicelib.domain.report import Report


@dataclass(frozen=True)
class Reporting:
    """The collaborators of everything here. `write` and `content_type` are by format; `data_set` writes what all formats have in common.

    `signer` is made when it is first needed; `emit` tells a metric. `finished` is told of every report that is ready or has failed, perhaps
    more than once.
    """

    customers: CustomerDirectory
    metrics: MetricStore
    records: ReportStore
    files: ReportFiles
    queue: Queue
    write: Callable[[Report, str, BinaryIO], None]
    data_set: Callable[[Report, BinaryIO], None]
    content_type: Callable[[str], str]
    signer: Callable[[], Signer]
    emit: Callable[[str, int], None]
    finished: Callable[[str, ReportRecord], None]
    clock: Clock


def fetch(with_: Reporting, customer_id: str, report_id: str) -> ReportRecord:
    """NotFound where there is none; one whose job is lost is failed from now on."""
    record = with_.records.get(customer_id, report_id)
    if record is None:
        raise NotFound("there is no such report")
    return fail(with_, customer_id, record, GAVE_UP, "its job is lost") if record.lost(with_.clock()) else record


def fail(with_: Reporting, customer_id: str, record: ReportRecord, reason: str, detail: str) -> ReportRecord:
    """Ends it and counts it, unless somebody else has gone on with it."""
    failed = replace(record, status=FAILED, reason=reason, detail=detail, finished_at=with_.clock())
    if with_.records.swap(customer_id, record, failed):
        with_.emit(REPORTS_FAILED, 1)
    return failed
