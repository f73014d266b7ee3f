"""The OpenAPI document as the running stack serves it, and what the routes themselves say of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from tests.stack import Answer, Client, Stack
from tests.visitor import Browser

NOBODYS = dict.fromkeys(("budget_id", "report_id", "exception_id"), "0" * 32)
IN_PATH = {
    **NOBODYS,
    "month": "2026-10",
    "control_id": "IAM.4",
    "template_id": "usage",
    "link_id": "a" * 16,
    "schedule_id": "0" * 32,
    "recipient_id": "0" * 32,
    "key_id": "a" * 16,
}
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


ASKED = (
    ("/analytics/usage", ("", "period=24h", "period=1y&breakdown=region,account&top=3", "start=2015-01-01&end=2015-01-03")),
    (
        "/analytics/costs",
        (
            "",
            "period=7d&compare=previous&top=2",
            "period=mtd&compare=yoy&breakdown=service,account",
            "period=3m&cost=list&granularity=month&charges=usage",
            "period=30d&as_of=2020-01-01&cost=effective",
            "start=2015-01-01&end=2015-01-03&compare=none",
            "period=7d&region=eu-west-1&region=(none)&currency=EUR",
        ),
    ),
    ("/analytics/costs/unit", ("", "period=3m", "start=2015-01-01&end=2015-01-03")),
    ("/analytics/costs/anomalies", ("period=3m", "period=3m&floor=0&percent=0.5&top=50", "start=2015-01-01&end=2015-01-03")),
    ("/analytics/budgets", ("",)),
    ("/analytics/statements", ("",)),
    ("/analytics/statements/{month}", ("",)),
    ("/analytics/compliance", ("", "top=1000", "framework=nothing")),
    ("/analytics/compliance/controls", ("", "limit=100", "state=failed&severity=HIGH&limit=1", "framework=nothing")),
    ("/analytics/compliance/controls/{control_id}", ("", "limit=1")),
    ("/analytics/compliance/changes", ("", "from=2026-11-01", "framework=nothing")),
    ("/analytics/compliance/spend-at-risk", ("", "period=3m", "start=2015-01-01&end=2015-01-03")),
    ("/analytics/compliance/exceptions", ("", "limit=1")),
    ("/analytics/reports", ("", "limit=1")),
    ("/analytics/schedules", ("",)),
    ("/analytics/recipients", ("",)),
    ("/health", ("",)),
)
"""Questions with an answer, of all kinds: of known times, of times of which nothing is known, of nothing."""


def held_against(document: Any, method: str, path: str, answer: Answer) -> list[str]:
    """What of the answer isn't as documented: status, headers, body."""
    responses = document["paths"][path][method.lower()]["responses"]
    assert str(answer.status) in responses, f"{answer.status} {answer.text[:300]}"
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    shared = document["components"]["headers"]
    headers = {name: shared.get(header.get("$ref", "").rpartition("/")[2], header) for name, header in response["headers"].items()}
    missing = [name for name, header in headers.items() if header["required"] and name not in answer.headers]
    if not answer.content:
        assert "content" not in response
        return missing
    kind = answer.headers["Content-Type"].removesuffix("; charset=utf-8")
    schema, content = response["content"][kind]["schema"], answer.text if kind.startswith("text/") else answer.json
    validator = Draft202012Validator({**schema, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return missing + [f"{error.json_path} {error.message}"[:300] for error in validator.iter_errors(content)]


@pytest.mark.parametrize(("path", "query"), [(path, query) for path, queries in ASKED for query in queries])
def test_an_answer_has_the_documented_headers_and_shape(stack: Stack, client: Client, document: Any, path: str, query: str) -> None:
    asked = path.format(**IN_PATH) + (f"?{query}" if query else "")
    nobody = [stack.operator] if path == "/health" else []
    for asking in (client, *nobody):
        answer = asking.request("GET", asked)
        assert answer.status == 200, answer.text[:300]
        assert held_against(document, "GET", path, answer) == []


def test_a_customer_of_whom_nothing_is_known_is_answered_as_documented(own_stack: Stack, document: Any) -> None:
    newcomer = own_stack.client(own_stack.new_customer(f"blank-{uuid4().hex[:10]}"))
    for path, queries in ASKED:
        for query in queries:
            answer = newcomer.request("GET", path.format(**IN_PATH) + (f"?{query}" if query else ""))
            assert answer.status == (404 if "control_id" in path else 200), answer.text[:300]
            assert held_against(document, "GET", path, answer) == [], f"{path} {query}"


def test_what_is_written_is_answered_as_documented(own_stack: Stack, document: Any) -> None:
    client, budgets, exceptions = own_stack.client(), "/analytics/budgets", "/analytics/compliance/exceptions"

    def sent(method: str, path: str, body: Any = None, status: int = 200, **named: str) -> Any:
        answer = client.request(method, path.format(**named), body)
        assert answer.status == status, answer.text[:300]
        assert held_against(document, method, path, answer) == []
        return answer.json if answer.content else None

    asked = {"name": "all of it", "amount": 1, "scope": {"service": ["AWS Lambda"], "charges": ["usage"]}, "thresholds": [{"percent": 1}]}
    budget = sent("POST", budgets, asked, 201)
    one = f"{budgets}/{{budget_id}}"
    sent("GET", one, budget_id=budget["id"])
    sent("PUT", one, {**asked, "amount": 2}, budget_id=budget["id"])
    sent("DELETE", one, status=204, budget_id=budget["id"])
    sent("DELETE", one, status=404, budget_id=budget["id"])
    until = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    said = {"kind": "exception", "control_id": "IAM.9", "reason": "it is known", "approver": "Ada", "expires_at": until}
    exception = sent("POST", exceptions, said, 201)
    sent("POST", exceptions, {**said, "kind": "wish"}, 400)
    sent("DELETE", f"{exceptions}/{{exception_id}}", status=204, exception_id=exception["id"])
    report = sent("POST", "/analytics/reports", {"type": "usage", "format": "csv", "period": "7d"}, 202)
    sent("GET", "/analytics/reports/{report_id}", report_id=report["id"])
    ready = client.post("/analytics/reports", {"type": "monthly", "format": "json"}, Prefer="wait=20")
    assert ready.status == 200
    assert held_against(document, "POST", "/analytics/reports", ready) == []
    sent("GET", "/analytics/reports/{report_id}/download", status=303, report_id=ready.json["id"])
    sent("GET", "/analytics/reports/{report_id}/verify", report_id=ready.json["id"])
    links = "/analytics/reports/{report_id}/links"
    link = sent("POST", links, {"expires_in_days": 1}, 201, report_id=ready.json["id"])
    followed = Client(client.base_url).get(urlsplit(link["url"]).path)
    assert (followed.status, held_against(document, "GET", "/downloads/{token}", followed)) == (303, [])
    sent("GET", links, report_id=ready.json["id"])
    sent("DELETE", links + "/{link_id}", status=204, report_id=ready.json["id"], link_id=link["id"])
    sent("DELETE", "/analytics/reports/{report_id}", status=204, report_id=ready.json["id"])
    own = {"title": "Mine", "sections": [{"section": "summary"}, {"section": "cost-lines", "fields": ["day"]}], "top": 3}
    sent("PUT", "/analytics/templates/{template_id}", own, template_id="mine")
    sent("POST", "/analytics/templates/preview", own)
    sent("GET", "/analytics/templates")
    sent("GET", "/analytics/templates/{template_id}", template_id="mine")
    sent("DELETE", "/analytics/templates/{template_id}", status=204, template_id="mine")
    sent("PUT", "/analytics/branding", {"name": "Mine", "colour": "#aabbcc"})
    sent("GET", "/analytics/branding")
    sent("PUT", "/analytics/branding", {})
    recipients, one = "/analytics/recipients", "/analytics/recipients/{recipient_id}"
    mail = sent("POST", recipients, {"channel": "email", "address": "ada@example.com", "events": ["budget"]}, 201)
    hook = sent("POST", recipients, {"channel": "webhook", "address": "https://example.com/in?a=b"}, 201)
    domain = sent("POST", recipients, {"channel": "domain", "address": "example.com"}, 201)
    sent("POST", recipients, {"channel": "domain", "address": "example.com"}, 409)
    sent("GET", recipients)
    sent("GET", one, recipient_id=mail["id"])
    sent("PATCH", one, {"name": "Ada", "events": ["anomaly", "schedule"]}, recipient_id=mail["id"])
    sent("POST", one + "/test", status=202, recipient_id=hook["id"])
    sent("POST", one + "/rotate", recipient_id=hook["id"])
    sent("POST", one + "/rotate", status=409, recipient_id=mail["id"])
    schedules, a_schedule = "/analytics/schedules", "/analytics/schedules/{schedule_id}"
    cadence = {"kind": "weekly", "at": "06:30", "weekdays": ["fri", "mon"]}
    wanted = {"name": "Weekly", "report": {"type": "costs", "format": "csv", "region": ["eu-west-1"], "top": 3}, "cadence": cadence}
    schedule = sent("POST", schedules, {**wanted, "recipients": [hook["id"]], "wait_for": "final", "timezone": "Asia/Kathmandu"}, 201)
    sent("GET", schedules)
    sent("GET", a_schedule, schedule_id=schedule["id"])
    sent("PATCH", a_schedule, {"cadence": {"kind": "hourly", "minute": 30}, "period": "7d"}, schedule_id=schedule["id"])
    sent("PATCH", a_schedule, {"status": "paused"}, schedule_id=schedule["id"])
    sent("GET", a_schedule + "/preview", schedule_id=schedule["id"])
    sent("POST", a_schedule + "/run", {}, 202, schedule_id=schedule["id"])
    sent("GET", a_schedule + "/runs", schedule_id=schedule["id"])
    sent("DELETE", one, status=204, recipient_id=hook["id"])
    sent("DELETE", one, status=204, recipient_id=domain["id"])
    sent("DELETE", a_schedule, status=204, schedule_id=schedule["id"])
    sent("DELETE", a_schedule, status=404, schedule_id=schedule["id"])


def test_the_page_is_answered_as_documented(own_stack: Stack, document: Any) -> None:
    browser = Browser(own_stack.base_url)
    plain = {"Accept": "*/*"}

    def held(method: str, path: str, answer: Answer, status: int) -> None:
        assert (answer.status, held_against(document, method, path, answer)) == (status, [])

    held("GET", "/", browser.get(), 200)
    held("POST", "/session", browser.post("/session", b"credential=x", **plain), 401)
    held("POST", "/session", browser.post("/session", b"%", **plain), 400)
    held("POST", "/session", browser.sign_in(own_stack.customers[0].api_key), 303)
    held("GET", "/", browser.get(), 200)
    held("POST", "/session/end", browser.post("/session/end", b"csrf=x", **plain), 403)
    held("POST", "/session/end", browser.post("/session/end", {"csrf": browser.csrf}), 303)
    held("GET", "/page/{asset}", browser.get("/page/page.css"), 200)
    held("GET", "/page/{asset}", browser.get("/page/x", **plain), 404)


def test_the_document_is_small_enough_and_names_nobody(stack: Stack, document: Any) -> None:
    text = json.dumps(document, default=str)
    assert len(text) < 275_000
    assert not [one.customer_id for one in stack.customers if one.customer_id in text]
