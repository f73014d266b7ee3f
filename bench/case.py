"""What all cases share: the filled services, the bare client beside them, and a request as API Gateway hands it over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3

from bench.data import CUSTOMER, NOW
from chalicelib.domain.state import CustomerStatus
from chalicelib.stores import tables
from chalicelib.usecases.answers.compliance import compliance_answer
from chalicelib.usecases.answers.controls import controls_answer
from chalicelib.usecases.answers.costs import cost_answer
from chalicelib.usecases.answers.risk import risk_answer
from chalicelib.usecases.answers.usage import usage_answer
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.questions.compliance import compliance_question, controls_question, risk_question
from chalicelib.usecases.questions.costs import cost_question
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.usecases.questions.usage import usage_question
from chalicelib.wiring import CONFIG, Services

ROUTES: dict[str, tuple[Callable[[Parameters, Any], Any], Callable[..., Answer]]] = {
    "costs": (cost_question, cost_answer),
    "usage": (usage_question, usage_answer),
    "compliance": (compliance_question, compliance_answer),
    "controls": (controls_question, controls_answer),
    "spend at risk": (risk_question, risk_answer),
}
DETAILED = {"granularity": "day", "breakdown": "service,region"}


@dataclass(frozen=True)
class Bench:
    """`bare` is a client with the services' configuration and nothing else of theirs."""

    services: Services
    bare: Any
    api_key: str

    @staticmethod
    def of(services: Services, api_key: str) -> Bench:
        return Bench(services, boto3.client("dynamodb", region_name=services.settings.region, config=CONFIG), api_key)

    def get_item(self) -> object:
        """The unit of measure: one small item, read by a bare client."""
        return self.bare.get_item(TableName=self.services.table(tables.CUSTOMERS), Key={tables.CUSTOMERS.hash_key: {"S": CUSTOMER}})

    def status(self) -> CustomerStatus:
        return self.services.cache.get(CUSTOMER, "nothing")[1]

    def cold_store(self) -> Any:
        """A store that remembers nothing, on the container's client."""
        return replace(self.services).metrics


def asked(kind: str, **parameters: str) -> tuple[Any, Callable[[Any, CustomerStatus], Answer]]:
    """(the question, what answers it from a store and a status)."""
    parse, make = ROUTES[kind]
    question = parse({name: [value] for name, value in parameters.items()}, NOW)
    return question, lambda store, status: make(store, CUSTOMER, question, status, NOW)


def event(path: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    """A GET as Lambda gets it."""
    return {
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "headers": dict(headers),
        "pathParameters": {},
        "requestContext": {"httpMethod": "GET", "resourcePath": path, "requestId": "bench", "identity": {"sourceIp": "127.0.0.1"}},
        "body": None,
        "stageVariables": None,
    }
