"""Memory of one customer's widest hour, from samples to the table."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from bench.case import Bench
from bench.data import put_hour
from bench.measure import Row

SAMPLES, LIMIT = 20_000, 150


def run(bench: Bench) -> Iterator[Row]:
    put_hour(bench.services, 1)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    put_hour(bench.services, SAMPLES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row("an hour of 20,000 samples, memory at its peak", (peak - before) / 2**20, " MB", LIMIT)
