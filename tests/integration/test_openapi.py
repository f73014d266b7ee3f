"""The OpenAPI document as the running stack serves it, and what the routes themselves say of it."""

import json
from typing import Any

import pytest

from tests.stack import Client, Stack

IN_PATH = {"budget_id": "0" * 32, "report_id": "0" * 32, "exception_id": "0" * 32, "month": "2026-10", "control_id": "IAM.4"}
UNKNOWN = "is not a parameter here"


@pytest.fixture(scope="module")
def document(stack: Stack) -> Any:
    return stack.anonymous.answer("/openapi.json")


def test_it_is_there_without_a_credential_but_not_with_a_bad_one(stack: Stack) -> None:
    answer = stack.anonymous.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert stack.anonymous.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}).status == 304
    for bad in ({"X-API-Key": "x"}, {"Authorization": "Bearer x"}):
        assert stack.anonymous.get("/openapi.json", headers=bad).status == 401


def test_a_route_knows_the_parameters_of_the_document_and_no_others(client: Client, document: Any) -> None:
    """Told by the routes: each is asked with every parameter that any of them has."""
    operations = {path: methods["get"] for path, methods in document["paths"].items() if "get" in methods and path.startswith("/analytics")}
    documented = {
        path: {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        for path, operation in operations.items()
    }
    names = set().union(*documented.values(), {"tag:team"}) - {"tag", "customer_id"}
    found: dict[str, set[str]] = {path: {"customer_id"} for path in documented}
    for path, known in found.items():
        for name in sorted(names):
            answer = client.get(path.format(**IN_PATH), {name: "!"})
            problems = answer.json["errors"] if answer.status == 400 else []
            if {"field": name, "message": UNKNOWN} not in problems:
                known.add("tag" if name == "tag:team" else name)
    assert len(names) > 20
    assert found == documented


def test_the_document_is_small_enough_and_names_nobody(stack: Stack, document: Any) -> None:
    text = json.dumps(document, default=str)
    assert len(text) < 250_000
    assert not [one.customer_id for one in stack.customers if one.customer_id in text]
