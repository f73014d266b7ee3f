"""PDFs against what a bare reportlab script would make of the same figures: detail tables, their growth, an executive report, hostile text."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

from bench.case import Bench
from bench.measure import Row

ROUNDS = 5
ROWS = 10_000
LANDSCAPE, MARGIN = (841.89, 595.28), 48.0


def run(_: Bench) -> Iterator[Row]:
    yield from _detail()
    yield from _growth()
    yield from _executive()
    yield from _hostile()


def _detail() -> Iterator[Row]:
    rounds = _in_turns({"ours": lambda: _asked("ours"), "long": lambda: _asked("longtable")})
    yield Row("PDF of 10,000 rows x 8 / a LongTable of the same", _ratio(rounds, "ours", "long"), "x", 0.35)
    yield Row("  the PDF", median(rounds["ours"]), "s")
    yield Row("  the LongTable", median(rounds["long"]), "s")
