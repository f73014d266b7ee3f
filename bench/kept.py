"""An answer that was kept, after authentication; and, apart, what comes before it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator

from chalice.app import Request, Response

from bench.case import DETAILED, Bench, asked, event
from bench.data import CUSTOMER
from bench.measure import Row, in_turns
from bench.traffic import watched
from chalicelib import wiring
from chalicelib.domain.state import CustomerStatus
from chalicelib.routes.answers import encode, fetched
from chalicelib.routes.middleware import middleware
from chalicelib.usecases.answers.kept import cached
from chalicelib.usecases.answers.values import Answer

PATH, PARAMETERS = "/analytics/costs", {"period": "30d", **DETAILED}
HIT, UNCHANGED = 1.5, 1.05
"""The second is `no more than`, and what rounds differ by."""


def run(bench: Bench) -> Iterator[Row]:
    import app  # needs the environment that the benchmarks have made by now

    silence()
    wiring.use(bench.services)
    credential = {"x-api-key": bench.api_key}
    get = event(PATH, PARAMETERS, credential)
    first = app.app(get, None)
    assert first["statusCode"] == 200, first
    tag = {"if-none-match": first["headers"]["ETag"]}
    hit, unchanged = _after_authentication(bench, {}), _after_authentication(bench, tag)
    answers = hit(), unchanged()
    assert [answer.status_code for answer in answers] == [200, 304]
    timings = in_turns(
        {
            "bare": bench.get_item,
            "hit": hit,
            "unchanged": unchanged,
            "before": lambda: middleware(Request(get, None), lambda _: Response("")),
            "whole": lambda: app.app(get, None),
        }
    )
    yield Row("kept 30d costs, to the response / get_item", timings.ratio("hit", "bare"), "x", HIT)
    yield Row("the same as 304 / get_item", timings.ratio("unchanged", "bare"), "x", HIT)
    close = in_turns({"hit": hit, "unchanged": unchanged}, rounds=101, stretch=0.005)
    yield Row("304 / 200", close.ratio("unchanged", "hit"), "x", UNCHANGED)
    yield Row("calls of DynamoDB for a 200", _calls(bench, hit), "", 1)
    yield Row("calls of DynamoDB for a 304", _calls(bench, unchanged), "", 1)
    yield Row("  the answer's body", len(answers[0].body) / 1024, " KB")
    yield Row("  credentials, limiter, audit, log line / get_item", timings.ratio("before", "bare"), "x")
    yield Row("  the whole request as Lambda has it / get_item", timings.ratio("whole", "bare"), "x")


def _after_authentication(bench: Bench, headers: dict[str, str]) -> Callable[[], Response]:
    request, (question, answer) = Request(event(PATH, PARAMETERS, headers), None), asked("costs", **PARAMETERS)
    with_ = bench.services

    def make(status: CustomerStatus) -> Answer:
        return answer(with_.metrics, status)

    return lambda: fetched(request, *cached(with_.cache, CUSTOMER, "kept", question, make, encode, with_.turns))


def _calls(bench: Bench, call: Callable[[], object]) -> int:
    with watched(bench.services.client("dynamodb")) as calls:
        call()
    return len(calls)


def silence() -> None:
    """Log lines are made and written, but nobody sees them."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(open(os.devnull, "w"))  # noqa: SIM115  for as long as the process lives
