"""The smoke tests against a deployment that answers as it should but for one thing: that one fails, and no other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ops.asking import Site
from ops.checks import FAIL, OK, Check, as_json, as_text
from ops.deploying.smoke_tests import FIELDS, Smoking, smoke_tests

KEY, TOKEN, SMOKE = "sbk_dev_good", "good.token", "securebase-smoke"
DOCUMENT = b"start,metric\n"
Answer = tuple[int, dict[str, str], Any]
Route = Callable[["Deployment", dict[str, str]], Answer]


def problem(status: int, code: str) -> Answer:
    return status, {"Content-Type": "application/problem+json"}, {"status": status, "code": code, "request_id": str(time.monotonic_ns())}


class Deployment:
    """Answers as the product does; `broken` are routes that do something else."""

    def __init__(self) -> None:
        self.broken: dict[str, Route] = {}
        self.deleted, self.size, self.credentials_at_s3, self.hangs_up = False, len(DOCUMENT), 0, False
        deployment = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, body = deployment.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = deployment.hangs_up

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        route = path.partition("?")[0]
        for broken in (f"{method} {route}", route):
            if broken in self.broken:
                return self.broken[broken](self, headers)
        return self.well(method, path, headers)

    def well(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        route = path.partition("?")[0]
        if route == "/health":
            return 200, {}, {"status": "ok", "stage": "dev", "version": "1", "sources": []}
        if route == "/openapi.json":
            return 200, {}, {"openapi": "3.1.0", "paths": {f"/analytics/{name}": {} for name in FIELDS}}
        if route == "/s3":
            self.credentials_at_s3 += "x-api-key" in headers
            return 200, {}, DOCUMENT
        if headers.get("x-api-key", KEY) != KEY or headers.get("authorization", f"Bearer {TOKEN}") != f"Bearer {TOKEN}":
            return problem(401, "unauthorized")
        if not {"x-api-key", "authorization"} & headers.keys():
            return problem(401, "unauthorized")
        if "customer_id=" in path:
            return problem(403, "forbidden")
        if route.removeprefix("/analytics/") in FIELDS:
            return 200, {}, {**dict.fromkeys(FIELDS[route.removeprefix("/analytics/")]), "customer_id": SMOKE}
        return self.report(method, route)

    def report(self, method: str, route: str) -> Answer:
        if method == "POST":
            self.deleted = False
            return 202, {}, {"id": "r1", "status": "queued"}
        if method == "DELETE":
            self.deleted = True
            return 204, {}, b""
        if route.endswith("/download"):
            return 303, {"Location": f"{self.url}/s3"}, b""
        if self.deleted:
            return problem(404, "not_found")
        return 200, {}, {"id": "r1", "status": "ready", "size_bytes": self.size, "filename": "a.csv"}


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr("ops.deploying.smoke_tests.POLL_SECONDS", 0.01)
    made = Deployment()
    yield made
    made.server.shutdown()
    made.server.server_close()


def smoke(url: str, queries: int = 3) -> dict[str, Check]:
    site = Site(url)
    wrong = ({"X-API-Key": "sbk_dev_bad"}, {"Authorization": "Bearer bad"})
    try:
        return {check.name: check for check in smoke_tests(Smoking(site, "dev", SMOKE, KEY, TOKEN, wrong, queries))}
    finally:
        site.close()


def test_a_deployment_that_is_well_passes_all_of_them(deployment: Deployment) -> None:
    assert {check.state for check in smoke(deployment.url).values()} == {OK}
    assert deployment.deleted
    assert deployment.credentials_at_s3 == 0, "no credential goes where a redirect leads"


def another_detail(deployment: Deployment, headers: dict[str, str]) -> Answer:
    if headers.get("authorization") == "Bearer bad":
        return 401, {"Content-Type": "application/problem+json"}, {"code": "unauthorized", "detail": "bad signature", "request_id": "1"}
    return deployment.well("GET", "/analytics/usage", headers)


def plain_401(deployment: Deployment, headers: dict[str, str]) -> Answer:
    told = deployment.well("GET", "/analytics/usage", headers)
    return (401, {}, told[2]) if told[0] == 401 else told


def slow(deployment: Deployment, headers: dict[str, str]) -> Answer:
    time.sleep(0.55)
    return deployment.well("GET", "/analytics/costs", headers)


BROKEN: dict[str, tuple[str, Route, set[str]]] = {
    "another stage": (
        "/health",
        lambda _, __: (200, {}, {"status": "ok", "stage": "production", "version": "1", "sources": []}),
        {"health"},
    ),
    "unavailable": ("/health", lambda _, __: (503, {}, {"status": "unavailable"}), {"health"}),
    "no JSON": ("/openapi.json", lambda _, __: (200, {}, b"<html>"), {"openapi"}),
    "another answer to each guess": ("/analytics/usage", another_detail, {"bad credentials", "another customer"}),
    "401 in another shape": ("/analytics/usage", plain_401, {"bad credentials", "another customer"}),
    "somebody else's costs": (
        "/analytics/costs",
        lambda _, __: (200, {}, {**dict.fromkeys(FIELDS["costs"]), "customer_id": "acme"}),
        {"costs"},
    ),
    "a field is gone": ("/analytics/compliance", lambda _, __: (200, {}, {"customer_id": SMOKE}), {"compliance"}),
    "a list": ("/analytics/compliance", lambda _, __: (200, {}, []), {"compliance"}),
    "an error": ("/analytics/costs", lambda _, __: problem(500, "internal_error"), {"costs", "durations"}),
    "anybody's credential is good": (
        "/analytics/usage",
        lambda _, __: (200, {}, {**dict.fromkeys(FIELDS["usage"]), "customer_id": SMOKE}),
        {"bad credentials", "another customer"},
    ),
    "a failed report": ("GET /analytics/reports/r1", lambda _, __: (200, {}, {"status": "failed", "reason": "gave_up"}), {"report"}),
    "a report that stays": ("DELETE /analytics/reports/r1", lambda _, __: (204, {}, b""), {"report"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_fails_and_nothing_else(deployment: Deployment, name: str) -> None:
    route, answer, failing = BROKEN[name]
    deployment.broken[route] = answer
    checks = smoke(deployment.url)
    assert {check.name for check in checks.values() if check.state == FAIL} == failing
    assert all(checks[one].mend for one in failing)


def test_a_document_of_another_length_is_told_and_the_report_is_deleted_all_the_same(deployment: Deployment) -> None:
    deployment.size = 99
    assert smoke(deployment.url)["report"].seen == "13 bytes came of size_bytes 99"
    assert deployment.deleted


def test_one_slow_query_fails_the_run_and_the_durations_are_told(deployment: Deployment) -> None:
    deployment.broken["/analytics/costs"] = slow
    checks = smoke(deployment.url)
    assert [check.name for check in checks.values() if check.state == FAIL] == ["durations"]
    assert checks["durations"].seen.startswith("3 queries: average ")
    assert "maximum" in checks["durations"].seen


def test_where_nobody_answers_every_test_fails_with_what_to_look_at() -> None:
    checks = smoke("http://127.0.0.1:9")
    assert {(check.state, check.mend) for check in checks.values()} == {(FAIL, "see that the address is right and reachable")}


def test_a_kept_connection_that_was_given_up_is_no_failure(deployment: Deployment) -> None:
    deployment.hangs_up = True
    site = Site(deployment.url)
    assert [site.ask("GET", "/health").status for _ in range(3)] == [200, 200, 200]
    site.close()


@pytest.mark.parametrize("url", ["http://example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1:1"])
def test_a_key_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Site(url)


def test_what_was_seen_stays_on_its_line() -> None:
    checks = [Check("a", OK, "fine"), Check("b", FAIL, "bad\n\x1b[2Jok    c: fine", "mend it")]
    text = as_text(checks)
    assert text.splitlines() == ["ok    a: fine", "fail  b: bad  [2Jok    c: fine -> mend it", "2 checks: 1 ok, 0 warn, 1 fail"]
    told = json.loads(as_json(checks))
    assert told["failed"] is True
    assert told["checks"][1] == {"name": "b", "state": "fail", "seen": "bad\n\x1b[2Jok    c: fine", "mend": "mend it"}
