"""The OpenAPI document says what the routes, the parsers, the table of errors and docs/api.md say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Request
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from chalicelib.domain.reporting import TYPES
from chalicelib.routes import errors
from chalicelib.routes.openapi import document, problems
from chalicelib.usecases.questions import anomalies, compliance, costs, paging, parameters, usage
from chalicelib.usecases.reports import request

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text()
DOCUMENT = json.loads(document.body())
SCHEMAS = DOCUMENT["components"]["schemas"]
PARSERS = {
    "getUsage": usage.USAGE_PARAMETERS,
    "getCosts": costs.COST_PARAMETERS,
    "getUnitCosts": costs.UNIT_PARAMETERS,
    "getAnomalies": anomalies.ANOMALY_PARAMETERS,
    "getCompliance": compliance.COMPLIANCE_PARAMETERS,
    "listControls": compliance.CONTROLS_PARAMETERS,
    "getControl": compliance.CONTROL_PARAMETERS,
    "getChanges": compliance.CHANGES_PARAMETERS,
    "getSpendAtRisk": compliance.RISK_PARAMETERS,
    "listExceptions": compliance.EXCEPTION_PARAMETERS,
    "listReports": request.REPORTS_PARAMETERS,
    "listRuns": paging.PAGE,
    "listAudit": paging.PAGE,
}
"""Whether the routes know these, a running stack is asked in tests/integration/test_openapi.py."""
WORDS = {
    "usage": "getUsage",
    "costs": "getCosts",
    "unit": "getUnitCosts",
    "anomalies": "getAnomalies",
    "compliance": "getCompliance",
    "controls": "listControls",
    "control": "getControl",
    "changes": "getChanges",
    "spend-at-risk": "getSpendAtRisk",
    "exceptions": "listExceptions",
    "reports": "listReports",
    "runs": "listRuns",
    "audit": "listAudit",
}
"""What the table of parameters calls the routes."""
PARAMETER = re.compile(r"`([a-z_]+)(?::<key>)?`")


DESCRIBED = [(method.upper(), path, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()]
each_operation = pytest.mark.parametrize(("method", "path", "operation"), DESCRIBED, ids=[one["operationId"] for *_, one in DESCRIBED])


def schemas(within: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document, which schemas are among."""
    if isinstance(within, dict):
        yield within
        for member in within.values():
            yield from schemas(member)
    elif isinstance(within, list):
        for item in within:
            yield from schemas(item)


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, cwd=ROOT, env={"STAGE": "dev", "PATH": ""}, capture_output=True, text=True, timeout=30, check=True
    ).stdout


def test_it_is_a_valid_openapi_document() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_routes_document_and_docs_name_the_same_operations() -> None:
    routes = set(run("import app; print('\\n'.join(f'{m} {p}' for p, ms in app.app.routes.items() for m in ms))").split("\n")) - {""}
    assert {f"{method} {path}" for method, path, _ in DESCRIBED} == routes
    assert set(re.findall(r"^\| `((?:GET|POST|DELETE|PATCH|PUT) /[^`]*)` \|", API, re.MULTILINE)) == routes


@each_operation
def test_an_operation_has_the_parameters_of_its_parser(method: str, path: str, operation: dict[str, Any]) -> None:
    named = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    tags = {"tag"} if operation["operationId"] == "getCosts" else set()
    everywhere = {"customer_id"} if path.startswith("/analytics") else set()
    assert named == {*PARSERS.get(operation["operationId"], ()), *everywhere, *tags}
    in_path = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", path))


def test_the_docs_give_each_operation_the_parameters_of_the_document() -> None:
    table = [row.split("|")[1:3] for row in API.split("## Parameters")[1].split("\n\n")[1].splitlines()[2:]]
    told: dict[str, set[str]] = {}
    for names, of in table:
        for word in of.split(","):
            told.setdefault(word.strip(), set()).update(PARAMETER.findall(names))
    assert {WORDS[word]: names | {"customer_id"} for word, names in told.items()} == {
        operation["operationId"]: {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        for _, _, operation in DESCRIBED
        if operation["operationId"] in PARSERS
    }


WINDOW = {"period", "start", "end"}
TAKEN = {
    "usage": {*usage.USAGE_PARAMETERS},
    "costs": {*costs.COST_PARAMETERS},
    "compliance": {*WINDOW, "framework", "cost", "currency"},
    "executive": {*WINDOW, *parameters.FILTERS, "breakdown", "granularity", "top", "compare", "cost", "currency", "framework"},
    "custom": {*usage.USAGE_PARAMETERS, *costs.COST_PARAMETERS, "framework"},
}


@pytest.mark.parametrize("kind", TYPES)
def test_a_report_is_asked_for_with_what_its_type_takes(kind: str) -> None:
    members = SCHEMAS[f"{kind.title()}ReportRequest"]
    assert set(members["properties"]) == {"type", "format", "template", "customer_id", *TAKEN[kind]}
    assert ("patternProperties" in members) == (kind in ("costs", "custom"))
    assert {"$ref": f"#/components/schemas/{kind.title()}ReportRequest"} in SCHEMAS["ReportRequest"]["anyOf"]


def test_statuses_and_codes_are_those_of_the_docs() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", API, re.MULTILINE)
    documented = {int(status): sorted(re.findall(r"`(\w+)`", codes)) for status, codes in rows}
    assert documented.pop(405) == [errors.CODES[405]]
    assert documented == {status: problems.codes_of(status) for status in problems.ANSWERED}
    for status, codes in documented.items():
        assert SCHEMAS[problems.name_of(status)]["properties"]["code"]["enum"] == codes


def test_every_error_that_can_be_answered_has_its_status_in_the_document() -> None:
    assert {status for kind, status in errors.STATUS.items() if kind not in problems.NEVER_ANSWERED} <= set(problems.ANSWERED)


@pytest.mark.parametrize("status", problems.ANSWERED)
def test_a_problem_as_it_is_answered_is_as_documented(status: int) -> None:
    given = json.loads(errors.problem(status, "r1", problems.codes_of(status)[0], problems=[("period", "is wrong")]).body)
    assert not list(validator(problems.name_of(status)).iter_errors(given))


@each_operation
def test_an_operation_tells_of_its_refusals(method: str, path: str, operation: dict[str, Any]) -> None:
    statuses = {int(status) for status in operation["responses"]}
    assert {401, 500} <= statuses
    if path.startswith("/analytics"):
        assert {400, 403, 503} <= statuses
        assert (404 in statuses) == ("{" in path)
    assert ({413, 415} <= statuses) == ("requestBody" in operation)
    forms = [set(answer.get("content", ())) for status, answer in operation["responses"].items() if status == "200"]
    if method == "GET" and path.startswith("/analytics") and forms:
        assert forms == [{"application/json", "text/csv", "application/x-ndjson"}]
        assert 304 in statuses


def test_shapes_are_closed() -> None:
    objects = [shape for shape in schemas(SCHEMAS) if isinstance(shape.get("properties"), dict) and "type" in shape]
    assert objects
    assert [shape for shape in objects if shape["additionalProperties"]] == [
        SCHEMAS["BudgetRequest"]["properties"]["scope"],
        SCHEMAS["ReportDocument"],
    ]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def test_every_example_is_one() -> None:
    wanted = {"components": DOCUMENT["components"]}
    told = [shape for shape in schemas(DOCUMENT) if isinstance(shape.get("examples"), list)]
    assert len(told) > 20
    for shape in told:
        for example in shape["examples"]:
            assert not list(Draft202012Validator({**shape, **wanted}).iter_errors(example)), (example, shape)


def test_importing_the_app_makes_no_document() -> None:
    assert run("import sys, app; print([m for m in sys.modules if m.startswith('chalicelib.routes.openapi.')])").strip() == "[]"


def test_the_document_comes_with_an_etag() -> None:
    answer = document_answer({})
    assert (answer.status_code, json.loads(answer.body, parse_float=Decimal)["info"]) == (200, DOCUMENT["info"])
    assert document_answer({"if-none-match": answer.headers["ETag"]}).status_code == 304


def document_answer(headers: dict[str, str]) -> Any:
    from chalicelib.routes.answers import tagged

    context = {"resourcePath": "/openapi.json", "httpMethod": "GET", "identity": {}}
    event = {"requestContext": context, "headers": headers, "body": None, "isBase64Encoded": False}
    rest = dict.fromkeys(("multiValueQueryStringParameters", "pathParameters", "stageVariables"))
    return tagged(Request({**event, **rest}, None), document.body(), "application/json", {})
