"""python -m tests.branches: holds what the suite ran of chalicelib, as `coverage json` tells it, against the limits."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

TOLD = Path(__file__).parents[1] / ".coverage-told.json"
WHOLE = "chalicelib"
LIMITS = {WHOLE: 95, "chalicelib/domain": 100, "chalicelib/usecases": 100}
"""Percent, of lines and of branches alike."""
COUNTS = {"lines": ("covered_lines", "num_statements"), "branches": ("covered_branches", "num_branches")}
Files = Mapping[str, Any]
"""Per path what coverage says of it."""


def packages(files: Files) -> list[str]:
    """The whole, then its packages."""
    return [WHOLE, *sorted({"/".join(parts[:2]) for path in files if len(parts := PurePosixPath(path).parts) > 2})]


def percent(files: Files, package: str, kind: str) -> float:
    """Of what is there, 100 where nothing is."""
    ran, there = (sum(one["summary"][name] for path, one in files.items() if path.startswith(f"{package}/")) for name in COUNTS[kind])
    return 100 * ran / there if there else 100.0


def wrong(files: Files) -> Iterator[str]:
    """Each limit that isn't kept; where it is all or nothing, what is missing."""
    for package, limit in LIMITS.items():
        for kind in COUNTS:
            if (found := percent(files, package, kind)) < limit:
                yield f"{package}: {_shown(found)} % of {kind}, {limit} % are wanted"
        if limit == 100:
            yield from (f"{path}: {gaps}" for path, one in files.items() if path.startswith(f"{package}/") and (gaps := _gaps(one)))


def _shown(found: float) -> str:
    """Never rounded up to a limit."""
    return f"{int(found * 100) / 100:.2f}"


def _gaps(one: Mapping[str, Any]) -> str:
    lines = [str(line) for line in one["missing_lines"]]
    return ", ".join([*lines, *(f"{start}->{end}" if end > 0 else f"{start}->exit" for start, end in one["missing_branches"])])


def main() -> None:
    files = json.loads(TOLD.read_text())["files"]
    for package in packages(files):
        print(f"{package:<24}" + "".join(f"{_shown(percent(files, package, kind)):>8} % of {kind}" for kind in COUNTS))
    problems = list(wrong(files))
    print("\n".join([*problems, f"{len(LIMITS)} limits, {len(problems)} lines of what is wrong"]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
