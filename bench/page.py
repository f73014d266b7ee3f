"""The page on the server, beside the three queries that it shows: asked as Lambda is asked, by turns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

from bench.case import Bench, event
from bench.data import NOW
from bench.kept import silence
from bench.measure import Row, in_turns
from chalicelib import wiring

QUERIES = ("usage", "costs", "compliance")
LIMIT, LENGTH = 3, timedelta(days=29)


def run(bench: Bench) -> Iterator[Row]:
    import app  # needs the environment that the benchmarks have made by now

    silence()
    wiring.use(bench.services)
    headers = {"x-api-key": bench.api_key, "accept": "text/html", "host": "bench"}
    ends = count()

    def get(path: str, parameters: dict[str, str]) -> None:
        answer: dict[str, Any] = app.app(event(path, parameters, headers), None)
        assert answer["statusCode"] == 200, answer

    def page(parameters: dict[str, str]) -> None:
        get("/", parameters)

    def queries(parameters: dict[str, str]) -> None:
        for name in QUERIES:
            get(f"/analytics/{name}", parameters if name != "compliance" else {})

    def fresh() -> tuple[str, str]:
        """First and last day of a window that nobody has asked for."""
        last = NOW.date() - timedelta(days=next(ends))
        return str(last - LENGTH), str(last)

    def cold_page() -> None:
        first, last = fresh()
        page({"first": first, "last": last})

    def cold_queries() -> None:
        first, last = fresh()
        queries({"start": first, "end": str(NOW.fromisoformat(last).date() + timedelta(days=1))})

    try:
        kept = in_turns({"page": lambda: page({}), "queries": lambda: queries({})})
        cold = in_turns({"page": cold_page, "queries": cold_queries}, stretch=0)
    finally:
        wiring.use(None)
    yield Row("the page, kept / its three queries, kept", kept.ratio("page", "queries"), "x", LIMIT)
    yield Row("the page, cold / its three queries, cold", cold.ratio("page", "queries"), "x", LIMIT)
    yield Row("  the page, kept", kept.milliseconds("page"), " ms")
    yield Row("  the page, cold", cold.milliseconds("page"), " ms")
