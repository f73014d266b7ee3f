"""Workbooks, CSV and JSON against the usual ways to make them, their growth with the rows, and hostile against harmless text."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.case import Bench
from bench.measure import Row
from bench.processes import said_by
from bench.sheets import FORMATS

ROUNDS = 5
FEW, MANY, HOSTILE_ROWS = 10_000, 100_000, 400
_Made = tuple[float, float]
"""seconds of CPU and megabytes of one document, in a process of its own that has made one before"""


def run(_: Bench) -> Iterator[Row]:
    xlsx = _in_turns(("xlsx", MANY), ("openpyxl", MANY))
    yield from _against("XLSX of 100,000 rows x 10 / openpyxl write-only", "openpyxl", xlsx, 1.1)
    yield Row("  memory that it takes beside its rows, in memory itself", max(ours[1] for ours, _ in xlsx), " MB", 120)
    yield from _against("JSON of 100,000 rows x 10 / json.dumps(indent=2)", "json.dumps", _in_turns(("json", MANY), ("dumps", MANY)), 0.15)
    for format in FORMATS:
        grown = _in_turns((f"{format} on disk", MANY), (f"{format} on disk", FEW))
        yield Row(f"{format.upper()} of 100,000 rows / of 10,000", _ratio(grown), "x", 12)
        yield Row("  memory that it takes more", max(many[1] - few[1] for many, few in grown), " MB", 20)
    for format in FORMATS:
        hostile = _in_turns((f"{format} hostile", HOSTILE_ROWS), (f"{format} harmless", HOSTILE_ROWS))
        yield Row(f"hostile {format.upper()} / harmless", _ratio(hostile), "x", 2)


def _against(name: str, base: str, found: list[tuple[_Made, _Made]], limit: float) -> Iterator[Row]:
    yield Row(name, _ratio(found), "x", limit)
    yield Row("  ours", 1000 * median(ours[0] for ours, _ in found), " ms")
    yield Row(f"  {base}", 1000 * median(other[0] for _, other in found), " ms")


def _ratio(found: list[tuple[_Made, _Made]]) -> float:
    return median(one[0] / other[0] for one, other in found)


def _in_turns(one: tuple[str, int], other: tuple[str, int]) -> list[tuple[_Made, _Made]]:
    return [(_made(*one), _made(*other)) for _ in range(ROUNDS)]


def _made(side: str, count: int) -> _Made:
    said = said_by("bench.sheets", side, count, "warm")
    return said["document"], said["megabytes"]
