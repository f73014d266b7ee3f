"""The smoke tests: each says what it saw, or raises Missed with what it saw instead."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException

from ops.asking import Answer, Site
from ops.checks import FAIL, OK, Check

AVERAGE_MS, MOST_MS = 300, 500
"""What the queries of a deployment may take over the network."""
DURATIONS = "durations"
REPORT_SECONDS, POLL_SECONDS = 120, 1.0
FIELDS = {
    "usage": {"customer_id", "period", "window", "metrics", "trends", "series", "breakdown", "data_through", "coverage", "generated_at"},
    "compliance": {
        "customer_id",
        "current_score",
        "score",
        "trend",
        "findings",
        "frameworks",
        "top_issues",
        "data_through",
        "generated_at",
    },
    "costs": {"customer_id", "period", "window", "currency", "total", "breakdown", "change", "series", "forecast_next_month", "estimated"},
}
"""Of every answer, by its route under /analytics."""
CSV = {"type": "usage", "format": "csv", "period": "7d"}


class Missed(Exception):
    """What was seen instead of what a test wants."""


@dataclass(frozen=True)
class Smoking:
    """`token` is None where the stage takes only its identity provider's; `wrong` are credentials that nobody has."""

    site: Site
    stage: str
    customer_id: str
    key: str
    token: str | None
    wrong: tuple[dict[str, str], ...]
    queries: int = 30

    @property
    def by_key(self) -> dict[str, str]:
        return {"X-API-Key": self.key}

    def get(self, path: str, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("GET", path, status, self.by_key if headers is None else headers)

    def ask(self, method: str, path: str, status: int, headers: dict[str, str], body: object = None) -> Answer:
        """The answer, of that status; Missed for another one."""
        answer = self.site.ask(method, path, headers, body)
        if answer.status != status:
            raise Missed(f"{method} {path.partition('?')[0]} is {answer.status}, not {status}{_code(answer)}")
        return answer


def _code(answer: Answer) -> str:
    try:
        return f" ({answer.json['code']}, request {answer.json['request_id']})"
    except (ValueError, KeyError, TypeError):
        return ""


def health(at: Smoking) -> str:
    told = at.get("/health", headers={}).json
    if told["stage"] != at.stage:
        raise Missed(f"it is stage {told['stage']}, not {at.stage}")
    return f"{told['status']}, stage {told['stage']}, version {told['version']}, {len(told['sources'])} sources"


def openapi(at: Smoking) -> str:
    told = at.get("/openapi.json", headers={}).json
    if not str(told["openapi"]).startswith("3.1") or any(f"/analytics/{route}" not in told["paths"] for route in FIELDS):
        raise Missed(f"OpenAPI {told['openapi']} of {len(told['paths'])} paths")
    return f"OpenAPI {told['openapi']}, {len(told['paths'])} paths"


def refused(at: Smoking) -> str:
    """Without a credential, with a key and a token of nobody's: whoever guesses must not learn which was nearer."""
    bodies = set()
    for headers in ({}, *at.wrong):
        answer = at.get("/analytics/usage", 401, headers)
        if answer.headers.get_content_type() != "application/problem+json":
            raise Missed(f"401 as {answer.headers.get_content_type()}")
        bodies.add(json.dumps({name: value for name, value in answer.json.items() if name != "request_id"}))
    if len(bodies) != 1:
        raise Missed(f"{len(bodies)} different bodies of 401")
    return f"401 {json.loads(bodies.pop())['code']}, one and the same for {1 + len(at.wrong)} ways"


def query(route: str) -> Callable[[Smoking], str]:
    def ask(at: Smoking) -> str:
        return _answered(at.get(f"/analytics/{route}").json, route, at.customer_id)

    return ask


def _answered(told: dict[str, object], route: str, customer_id: str) -> str:
    lacking = sorted(FIELDS[route] - told.keys())
    if lacking:
        raise Missed(f"the answer lacks {', '.join(lacking)}")
    if told["customer_id"] != customer_id:
        raise Missed(f"it is of {told['customer_id']}")
    return f"200 of {customer_id}, {len(told)} fields"


def token(at: Smoking) -> str:
    if at.token is None:
        return "not tried: this stage takes its identity provider's tokens alone"
    bearer = {"Authorization": f"Bearer {at.token}"}
    for headers in (bearer, {**bearer, **at.by_key}):
        _answered(at.get("/analytics/usage", headers=headers).json, "usage", at.customer_id)
    return "200 with a token, and with token and key together"


def report(at: Smoking) -> str:
    """Made, waited for, fetched through its redirect without the credential, and deleted, whatever becomes of it in between."""
    started = time.monotonic()
    made = at.site.ask("POST", "/analytics/reports", {**at.by_key, "Prefer": "wait=20"}, CSV)
    if made.status not in (200, 202):
        raise Missed(f"POST /analytics/reports is {made.status}{_code(made)}")
    path = f"/analytics/reports/{made.json['id']}"
    try:
        ready = _ready(at, path, started)
        link = at.get(f"{path}/download", 303).headers["Location"]
        document = at.ask("GET", link, 200, {})
        if len(document.content) != ready["size_bytes"]:
            raise Missed(f"{len(document.content)} bytes came of size_bytes {ready['size_bytes']}")
    finally:
        at.ask("DELETE", path, 204, at.by_key)
    at.get(path, 404)
    return f"{ready['filename']}, {ready['size_bytes']} bytes after {time.monotonic() - started:.1f} s, deleted"


def _ready(at: Smoking, path: str, started: float) -> dict[str, object]:
    while True:
        told: dict[str, object] = at.get(path).json
        if told["status"] == "ready":
            return told
        if told["status"] == "failed" or time.monotonic() - started > REPORT_SECONDS:
            raise Missed(f"the report is {told['status']} ({told.get('reason')}) after {time.monotonic() - started:.0f} s")
        time.sleep(POLL_SECONDS)


def foreign(at: Smoking) -> str:
    at.get("/analytics/usage?customer_id=somebody-else", 403)
    return "403 for another customer's id"


def durations(at: Smoking) -> str:
    """Each route once to warm it up, then all of them in turn on one connection."""
    paths = [f"/analytics/{route}" for route in FIELDS]
    for path in paths:
        at.get(path)
    taken = [at.get(paths[number % len(paths)]).ms for number in range(at.queries)]
    average, most = sum(taken) / len(taken), max(taken)
    told = f"{len(taken)} queries: average {average:.0f} ms (< {AVERAGE_MS}), maximum {most:.0f} ms (< {MOST_MS})"
    if average >= AVERAGE_MS or most >= MOST_MS:
        raise Missed(told)
    return told


TESTS: tuple[tuple[str, Callable[[Smoking], str], str], ...] = (
    ("health", health, "see the API function's log; `python -m ops.doctor --stage {stage}` says what it needs and hasn't"),
    ("openapi", openapi, "what answers isn't this version's API: look at --url, then deploy again"),
    ("bad credentials", refused, "if any was let in, or told more than another, roll back; else see why it doesn't answer"),
    ("usage", query("usage"), "look the request up in the API function's log"),
    ("compliance", query("compliance"), "look the request up in the API function's log"),
    ("costs", query("costs"), "look the request up in the API function's log"),
    ("token", token, "where the stage has an identity provider, set JWKS_URL here, too; else JWT_ISSUER and JWT_AUDIENCE as there"),
    ("report", report, "see the report engine's log and its queue: `python -m ops.doctor --stage {stage}`"),
    ("another customer", foreign, "if it was 200, roll back: customers aren't kept apart; else see why it doesn't answer"),
    (DURATIONS, durations, "run it again from nearby; if it stays so, roll back or give the API function more memory"),
)


def smoke_tests(at: Smoking) -> Iterator[Check]:
    """All of them, each by itself: one that fails holds up no other."""
    for name, test, mend in TESTS:
        try:
            yield Check(name, OK, test(at))
        except Missed as missed:
            yield Check(name, FAIL, str(missed), mend.format(stage=at.stage))
        except (OSError, HTTPException) as error:
            yield Check(name, FAIL, f"no answer from {at.site.url} ({type(error).__name__})", "see that the address is right and reachable")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield Check(name, FAIL, f"not an answer of this API ({type(error).__name__})", mend.format(stage=at.stage))
