"""python -m bench [case ...]: every case, or those named; ends with 1 when a limit is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from bench import (
    canned,
    capacity,
    cold,
    crowd,
    data,
    documents,
    due,
    engine,
    forecast,
    kept,
    memory,
    page,
    paper,
    scale,
    start,
    trips,
    wide,
)
from bench.case import Bench
from bench.measure import Row

CASES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "cold": cold.run,
    "kept": kept.run,
    "start": start.run,
    "capacity": capacity.run,
    "trips": trips.run,
    "wide": wide.run,
    "memory": memory.run,
    "forecast": forecast.run,
    "paper": paper.run,
    "documents": documents.run,
    "engine": engine.run,
    "due": due.run,
    "scale": scale.run,
    "crowd": crowd.run,
    "page": page.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Holds speed, reads, memory and forecasts against their limits.")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; all of them by default")
    named = parser.parse_args().cases
    if unknown := [name for name in named if name not in CASES]:
        parser.error(f"there is no case {', '.join(unknown)}")
    missed = 0
    with canned.started() as environment:
        canned.enter(environment)
        services = data.services()
        bench = Bench.of(services, data.fill(services))
        for name in named or CASES:
            for row in CASES[name](bench):
                print(row, flush=True)
                missed += row.missed
    print(f"{missed} missed" if missed else "all within their limits")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
