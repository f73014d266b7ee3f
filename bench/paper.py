"""PDFs against what a bare reportlab script makes of the same figures, their growth with the rows, and hostile against harmless text."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from statistics import median

from bench.case import Bench
from bench.measure import Row
from bench.processes import said_by

ROUNDS = 5
ROWS, MANY, FEW, HOSTILE_ROWS = 10_000, 100_000, 100, 400


def run(_: Bench) -> Iterator[Row]:
    """Every side of a pair is a process of its own in each round. Imports count where a row says so."""
    detail = _in_turns(("detail", ROWS), ("longtable", ROWS))
    yield from _rows("PDF of 10,000 rows x 8 / LongTable of the same texts", "LongTable", detail, 0.35)
    growth, grown = _growth()
    yield Row("PDF of 100,000 rows / of 10,000", growth, "x", 12)
    yield Row("  memory that it takes beside its rows", grown, " MB", 150)
    executive = _in_turns(("executive", FEW), ("script", FEW), whole=True)
    yield from _rows("executive PDF, imports included / bare reportlab script", "script", executive, 2)
    hostile = _in_turns(("hostile", HOSTILE_ROWS), ("harmless", HOSTILE_ROWS))
    yield from _rows("hostile PDF / harmless", "harmless", hostile, 2)
    named = _in_turns(("hostile", HOSTILE_ROWS), ("names", HOSTILE_ROWS))
    yield Row("  hostile / the same with short names, which take less paper", median(one / other for one, other in named), "x")


def _rows(name: str, base: str, found: list[tuple[float, float]], limit: float) -> Iterator[Row]:
    yield Row(name, median(one / other for one, other in found), "x", limit)
    yield Row("  ours", 1000 * median(one for one, _ in found), " ms")
    yield Row(f"  {base}", 1000 * median(other for _, other in found), " ms")


def _in_turns(one: tuple[str, int], other: tuple[str, int], whole: bool = False) -> list[tuple[float, float]]:
    """Seconds of CPU for the document alone, or for the whole process."""
    if whole:
        return [(_process(*one)[0], _process(*other)[0]) for _ in range(ROUNDS)]
    return [(_document(*one)[0], _document(*other)[0]) for _ in range(ROUNDS)]


def _growth() -> tuple[float, float]:
    """(by how much more time, the most memory)"""
    found = [(_document("detail", MANY), _document("detail", ROWS)) for _ in range(ROUNDS)]
    return median(many[0] / few[0] for many, few in found), max(many[1] for many, _ in found)


def _document(side: str, count: int) -> tuple[float, float]:
    """Seconds of CPU and megabytes of a document in a process that has made one before."""
    said = _process(side, count, "warm")[1]
    return said["document"], said["megabytes"]


def _process(side: str, count: int, *options: str) -> tuple[float, dict[str, float]]:
    """Seconds of CPU of the whole process, and what it says."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = said_by("bench.papers", side, count, *options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, said
