"""GET /analytics/usage, /compliance, /costs and /costs/anomalies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.routes.answers import encode, fetched
from chalicelib.routes.authentication import customer_of, request_id_of
from chalicelib.routes.errors import translated
from chalicelib.routes.parameters import of_query
from chalicelib.usecases.query import Answer, cached
from chalicelib.usecases.query_anomalies import anomaly_answer
from chalicelib.usecases.query_compliance import compliance_answer
from chalicelib.usecases.query_costs import cost_answer
from chalicelib.usecases.query_usage import usage_answer
from chalicelib.usecases.questions import Parameters, compliance_question, usage_question
from chalicelib.usecases.questions_anomalies import anomaly_question
from chalicelib.usecases.questions_costs import cost_question
from chalicelib.wiring import services

analytics = Blueprint(__name__)


def _get(path: str) -> Callable[[Callable[[], Response]], Any]:
    def register(view: Callable[[], Response]) -> Any:
        answering = translated(view, lambda: request_id_of(analytics.current_request))
        return analytics.route(path, methods=["GET"])(answering)

    return register


def _answer(parse: Callable[[Parameters, Any], Any], make: Callable[..., Answer]) -> Response:
    return answered(analytics.current_request, parse, make)


def answered(request: Request, parse: Callable[[Parameters, Any], Any], make: Callable[..., Answer]) -> Response:
    """Who asks, what exactly, the kept or the computed answer."""
    with_ = services()
    values, named = of_query(request)
    customer_id, now = customer_of(request, "read", named), with_.clock()
    question = parse(values, now)
    compute = partial(_compute, make, customer_id, question, now)
    return fetched(request, *cached(with_.cache, customer_id, make.__name__, question, compute, encode, with_.turns))


def _compute(make: Callable[..., Answer], customer_id: str, question: Any, now: Any, status: Any) -> Answer:
    return make(services().metrics, customer_id, question, status, now)


@_get("/analytics/usage")
def usage() -> Response:
    return _answer(usage_question, usage_answer)


@_get("/analytics/costs")
def costs() -> Response:
    return _answer(cost_question, cost_answer)


@_get("/analytics/costs/anomalies")
def anomalies() -> Response:
    return _answer(anomaly_question, anomaly_answer)


@_get("/analytics/compliance")
def compliance() -> Response:
    return _answer(compliance_question, compliance_answer)
