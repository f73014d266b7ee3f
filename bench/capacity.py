"""Read capacity of usage: 20 services, 4 regions and 7 metrics for 30 days."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2

from bench.case import Bench, asked
from bench.data import SERIES, read_usage_days
from bench.measure import Row
from bench.traffic import UNIT, sizes_read, units, watched

DAYS, LIMIT = 30, 8
VALUES = 900_000
"""That many six-digit numbers there are."""


def run(bench: Bench) -> Iterator[Row]:
    client, (question, answer) = bench.services.client("dynamodb"), asked("usage", period=f"{DAYS}d")
    with watched(client) as window:
        read_usage_days(bench.services, question.window)
    with watched(client) as whole:
        answer(bench.cold_store(), bench.status())
    entropy = len(SERIES) * log2(VALUES) * DAYS / 8
    yield Row("30d of usage days, read units", units(bench.bare, window), "", LIMIT)
    yield Row("  the whole answer, what it is compared with included", units(bench.bare, whole), "")
    yield Row("  30d of usage days in the table", sum(sum(sizes_read(bench.bare, call)) for call in window) / 1024, " KB")
    yield Row("  as few bytes as the numbers can have", entropy / 1024, " KB")
    yield Row("  which would be read units", entropy / UNIT / 2, "")
