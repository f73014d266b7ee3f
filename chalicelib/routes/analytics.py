"""GET /analytics/usage, /compliance, /costs and /costs/anomalies.

What one of them alone needs is imported in it: a container starts to answer one request.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.routes.answers import encode, fetched
from chalicelib.routes.authentication import customer_of, registering
from chalicelib.routes.parameters import of_query
from chalicelib.usecases.answers.costs import cost_answer
from chalicelib.usecases.answers.kept import cached
from chalicelib.usecases.answers.usage import usage_answer
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.questions.compliance import compliance_question
from chalicelib.usecases.questions.costs import cost_question
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.usecases.questions.usage import usage_question
from chalicelib.wiring import services

analytics = Blueprint(__name__)
on = registering(analytics)


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


@on("/analytics/usage", "GET")
def usage() -> Response:
    return _answer(usage_question, usage_answer)


@on("/analytics/costs", "GET")
def costs() -> Response:
    return _answer(cost_question, cost_answer)


@on("/analytics/costs/anomalies", "GET")
def anomalies() -> Response:
    from chalicelib.usecases.answers.anomalies import anomaly_answer
    from chalicelib.usecases.questions.anomalies import anomaly_question

    return _answer(anomaly_question, anomaly_answer)


@on("/analytics/compliance", "GET")
def compliance() -> Response:
    from chalicelib.usecases.answers.compliance import compliance_answer

    return _answer(compliance_question, compliance_answer)
