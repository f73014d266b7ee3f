"""A whole report by the engine, from stored days to the kept document: does it fit the function's memory and time?"""

from __future__ import annotations

from collections.abc import Iterator

from bench.case import Bench
from bench.measure import Row
from bench.meter import VCPU
from bench.processes import said_by
from chalicelib.domain.reporting import FORMATS
from chalicelib.domain.signals import REPORT_ENGINE
from chalicelib.usecases.reports.rendering import MOST_ROWS

COUNTS = (100_000, MOST_ROWS - 1_000)
"""Lines of cost; a report has some more rows beside them."""


def run(_: Bench) -> Iterator[Row]:
    for count in COUNTS:
        for form in FORMATS:
            said = said_by("bench.engine_side", form, count)
            yield Row(f"engine, {form} of {count:,} lines, memory", said["megabytes"], " MB", REPORT_ENGINE.memory)
            yield Row("  its seconds on its share of a processor", said["cpu"] / VCPU, " s", REPORT_ENGINE.timeout)
