"""Round trips to DynamoDB of an answer that is not kept, for every route and length of window."""

from __future__ import annotations

from collections.abc import Iterator

from bench.case import Bench, asked
from bench.data import CUSTOMER
from bench.measure import Row
from bench.traffic import MEGABYTE, Call, sizes_read, watched
from chalicelib.domain.state import CustomerStatus
from chalicelib.routes.answers import encode
from chalicelib.usecases.answers.kept import cached
from chalicelib.usecases.answers.values import Answer

PERIODS = ("24h", "7d", "30d", "90d", "1y", "13m")
RANGES = 2
CACHE = 2
"""One to look, one to keep."""


def run(bench: Bench) -> Iterator[Row]:
    for kind in ("usage", "costs"):
        for period in PERIODS:
            if (kind, period) != ("costs", "24h"):  # costs are by day
                yield from _rows(bench, f"cold {period} {kind}", kind, period=period)
    for kind in ("compliance", "controls", "spend at risk"):
        yield from _rows(bench, f"cold {kind}", kind)


def _rows(bench: Bench, name: str, kind: str, **parameters: str) -> Iterator[Row]:
    with_, (question, answer) = bench.services, asked(kind, **parameters)
    reads: list[Call] = []
    with watched(with_.client("dynamodb")) as calls:

        def make(status: CustomerStatus) -> Answer:
            before = len(calls)
            made = answer(bench.cold_store(), status)
            reads.extend(calls[before:])
            return made

        _, hit = cached(with_.cache, CUSTOMER, f"trips {kind}", question, make, encode)
    assert not hit
    yield Row(f"{name}, calls", len(calls), "", CACHE + _pages(bench, reads))
    yield Row("  bytes over the wire", sum(call.size for call in calls) / 1024, " KB")


def _pages(bench: Bench, reads: list[Call]) -> int:
    """One for every started megabyte, of the two largest ranges."""
    ranges: dict[str, int] = {}
    for call in reads:
        ranges[call.range] = ranges.get(call.range, 0) + sum(sizes_read(bench.bare, call))
    return sum(max(1, -(-size // MEGABYTE)) for size in sorted(ranges.values())[-RANGES:])
