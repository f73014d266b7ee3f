"""Whom the aggregation works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.usecases.ports import (
    Clock,
    CostExportReader,
    CostSource,
    CustomerDirectory,
    ExportFiles,
    FindingsExportReader,
    FindingsSource,
    MetricStore,
    Queue,
    UsageSource,
)


@dataclass(frozen=True)
class Collaborators:
    customers: CustomerDirectory
    metrics: MetricStore
    usage: UsageSource
    costs: CostSource
    findings: FindingsSource
    exports: ExportFiles
    read_cost_export: CostExportReader
    read_findings_export: FindingsExportReader
    queue: Queue
    hours_kept: timedelta
    clock: Clock
