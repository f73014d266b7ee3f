"""Whom the aggregation works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.ports.payer import CostPartMaker, CostRowReader, ManifestReader, PayerExports, PayerFiles
from chalicelib.usecases.ports.schedules import Deliveries
from chalicelib.usecases.ports.sources import (
    CostExportReader,
    CostSource,
    ExportFiles,
    FindingsExportReader,
    FindingsSource,
    ForecastSource,
    UsageSource,
)
from chalicelib.usecases.ports.world import Clock, CustomerDirectory, Handover, Ledger, Queue


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
    """`usage_every` is how many hours lie between two reads of CloudWatch. `measure` tells one of the app's own metrics,
    and `forecast` is asked for what customers will be billed, where the deployment pays for that. `deliveries` takes what is to be told.
    """

    customers: CustomerDirectory
    metrics: MetricStore
    usage: UsageSource
    costs: CostSource
    findings: FindingsSource
    exports: ExportFiles
    read_cost_export: CostExportReader
    read_findings_export: FindingsExportReader
    queue: Queue
    findings_queue: Queue
    handover: Handover
    ledger: Ledger
    hours_kept: timedelta
    usage_every: int
    clock: Clock
    payer: Payer
    measure: Callable[[str, float | Decimal], None]
    deliveries: Deliveries
    forecast: ForecastSource | None = None
