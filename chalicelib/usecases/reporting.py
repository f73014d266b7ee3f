"""What reports are made, kept and told with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.domain.errors import NotFound
from chalicelib.domain.reporting import ReportRecord
from chalicelib.usecases.ports import Clock, CustomerDirectory, MetricStore, Queue
from chalicelib.usecases.ports_reports import ReportFiles, ReportStore, Signer

if TYPE_CHECKING:
    from chalicelib.domain.report import Report


@dataclass(frozen=True)
class Reporting:
    """The collaborators of everything here. `write` and `content_type` are by format; `data_set` writes what all formats have in common.

    `signer` is made when it is first needed; `emit` tells a metric.
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
    clock: Clock


def fetch(with_: Reporting, customer_id: str, report_id: str) -> ReportRecord:
    record = with_.records.get(customer_id, report_id)
    if record is None:
        raise NotFound("there is no such report")
    return record
