"""Whom the aggregation works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.usecases.ports import (
    Clock,
    CostExportReader,
    CostPartMaker,
    CostRowReader,
    CostSource,
    CustomerDirectory,
    ExportFiles,
    FindingsExportReader,
    FindingsSource,
    ManifestReader,
    MetricStore,
    PayerExports,
    PayerFiles,
    Queue,
    UsageSource,
)


@dataclass(frozen=True)
class Payer:
    """Whom the payer's export is taken in with."""

    exports: PayerExports
    files: PayerFiles
    read_manifest: ManifestReader
    read_rows: CostRowReader
    to_part: CostPartMaker


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
    payer: Payer
