"""The stack that tests talk to over HTTP: started here once, or one that runs somewhere already."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.domain.allowance import A_MINUTE
from tests.grants import FOLDER as CALLS

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"
NEEDS_OWN_STACK = "needs the stack that the suite starts itself (unset API_BASE_URL)"
READY_SECONDS = 120
STOP_SECONDS = 20
OPS_SECONDS = 120
FOREIGN = ("AWS_", "PYTHONPATH", "API_BASE_URL", "TEST_", "RUN_E2E")
CREDENTIALS = ("X-API-Key", "Authorization")
Json = Any
RECORDER = PROJECT / "tests" / "recorder"
RECORDED = {"PYTHONPATH": str(RECORDER), "RECORD_AWS_CALLS": str(CALLS)}
"""Its processes write down what their functions ask of AWS."""
UNLIMITED = {f"{kind.upper()}_A_MINUTE": "1000000" for kind in A_MINUTE}
"""A suite asks more often than a customer; what it says of limits has a server of its own."""


@dataclass(frozen=True)
class Customer:
    """Whom a test speaks for; `token` is None where only a key is known."""

    customer_id: str
    api_key: str
    token: str | None = None
    name: str = ""

    @property
    def by_key(self) -> dict[str, str]:
        return {"X-API-Key": self.api_key}

    @property
    def by_token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def json(self) -> Json:
        """Numbers are int or Decimal, never float; NaN and Infinity are no JSON."""
        return json.loads(self.content, parse_float=Decimal, parse_constant=_no_number)

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def fields(self) -> set[str]:
        """The fields that a problem names."""
        return {error["field"] for error in self.json["errors"]}


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


@dataclass(frozen=True)
class Client:
    """Plain HTTP: one connection a request, no redirect followed, a 429 waited out once."""

    base_url: str
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """`body`: bytes as they are, anything else as JSON."""
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            sent = {"Content-Type": "application/json", **sent}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self._once(method, path, content, sent)
        wait = answer.headers.get("Retry-After", "")
        if answer.status == 429 and wait.isdigit() and int(wait) <= 30:
            time.sleep(int(wait))
            answer = self._once(method, path, content, sent)
        return answer

    def _once(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        url = urlsplit(path if "://" in path else self.base_url + path)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=40)
        try:
            connection.request(method, url.path + (f"?{url.query}" if url.query else ""), content, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        if answer.status >= 400:
            told = f"{answer.headers}\n{answer.text}"
            echoed = [name for name, value in headers.items() if name in CREDENTIALS and len(value) > 20 and value in told]
            assert not echoed, f"an error echoes {echoed}"
        return answer

    def get(self, path: str, parameters: Any = None, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        """`parameters` and keywords become the query; a list repeats its name."""
        query = urlencode({**(parameters or {}), **more}, doseq=True, quote_via=quote)
        return self.request("GET", f"{path}?{query}" if query else path, headers=headers)

    def answer(self, path: str, parameters: Any = None, **more: Any) -> Json:
        """The JSON of a GET that must be 200."""
        answer = self.get(path, parameters, **more)
        assert answer.status == 200, f"{path} {parameters or ''} {more or ''}: {answer.status} {answer.text[:300]}"
        return answer.json

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def report(self, body: dict[str, Any]) -> Json:
        """A report, ready; waits for it."""
        made = self.post("/analytics/reports", body, Prefer="wait=20")
        assert made.status in (200, 202), made.text[:300]
        found, until = made.json, time.monotonic() + 30
        while found["status"] not in ("ready", "failed") and time.monotonic() < until:
            time.sleep(0.2)
            found = self.answer(f"/analytics/reports/{found['id']}")
        assert found["status"] == "ready", found
        return found

    def download(self, report_id: str) -> bytes:
        """The report's document, by way of its redirect; the credential stays here."""
        found = self.get(f"/analytics/reports/{report_id}/download")
        assert found.status == 303, found.text[:300]
        document = Client("").request("GET", found.headers["Location"])
        assert document.status == 200, document.text[:300]
        return document.content


class Stack:
    """`customers[0]` may always be asked for; more than one, the operator and `ops` are there only where the suite started it."""

    def __init__(self, base_url: str, customers: list[Customer], operator_key: str | None = None, day: date | None = None) -> None:
        self.base_url, self.customers, self.operator_key = base_url.rstrip("/"), customers, operator_key
        self.day = day or datetime.now(UTC).date()
        self.environment: dict[str, str] = {}
        self.events: Path | None = None

    @property
    def own(self) -> bool:
        return bool(self.environment)

    def client(self, customer: Customer | None = None) -> Client:
        return Client(self.base_url, (customer or self.customers[0]).by_key)

    @property
    def anonymous(self) -> Client:
        return Client(self.base_url)

    @property
    def operator(self) -> Client:
        return Client(self.base_url, {"X-API-Key": self.operator_key or ""})

    def ops(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """python -m ops.<name> --stage local ..."""
        command = [sys.executable, "-m", f"ops.{name}", "--stage", "local", *arguments]
        return subprocess.run(command, cwd=PROJECT, env=bare(self.environment), capture_output=True, text=True, timeout=OPS_SECONDS)

    def new_customer(self, customer_id: str, *accounts: str) -> Customer:
        given = [part for account in accounts for part in ("--account", account)]
        added = self.ops("customers", "add", "--id", customer_id, "--name", customer_id.replace("-", " ").title(), *given)
        assert added.returncode == 0, added.stderr
        made = self.ops("keys", "create", "--customer", customer_id, "--json")
        assert made.returncode == 0, made.stderr
        return Customer(customer_id, json.loads(made.stdout)["api_key"], name=customer_id.replace("-", " ").title())


def bare(more: dict[str, str]) -> dict[str, str]:
    """This process's environment without anybody's AWS and without what steers the suite."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | more


def given_stack() -> Stack | None:
    """The stack that the environment names, if it does."""
    if not os.environ.get("API_BASE_URL"):
        return None
    missing = [name for name in ("TEST_API_KEY", "TEST_CUSTOMER_ID") if not os.environ.get(name)]
    if missing:
        raise RuntimeError(f"API_BASE_URL is set, so {' and '.join(missing)} must be, too")
    return Stack(os.environ["API_BASE_URL"], [Customer(os.environ["TEST_CUSTOMER_ID"], os.environ["TEST_API_KEY"])])


class Started:
    """`python -m local run` in a session of its own."""

    def __init__(self, folder: Path) -> None:
        _clear_of_midnight()
        self.day, self.port, self.log, self.events = datetime.now(UTC).date(), free_port(), folder / "run.log", folder / "events.log"
        self.folder = folder / "local"
        CALLS.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log, self.events.open("wb") as events:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "run", "--folder", str(self.folder)],
                cwd=PROJECT,
                env=bare({"PORT": str(self.port), **UNLIMITED, **RECORDED}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=events,
                start_new_session=True,
            )

    def told(self) -> str:
        """The ends of what it said and what it logged."""
        return f"{self.log.read_text()[-1000:]}\n{self.events.read_text()[-2000:]}"

    def stack(self) -> Stack:
        """Once it answers."""
        until = time.monotonic() + READY_SECONDS
        while not self._ready():
            assert self._process.poll() is None, f"the stack ended by itself: {self.told()}"
            assert time.monotonic() < until, f"the stack wasn't ready within {READY_SECONDS} s: {self.told()}"
            time.sleep(0.2)
        found = json.loads((self.folder / "credentials.json").read_text())
        customers = [Customer(one["customer_id"], one["api_key"], one["token"], one["name"]) for one in found["customers"]]
        stack = Stack(found["base_url"], customers, found["operator_key"], self.day)
        stack.environment, stack.events = json.loads((self.folder / "aws.json").read_text()), self.events
        return stack

    def _ready(self) -> bool:
        try:
            return Client(f"http://127.0.0.1:{self.port}").get("/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self) -> list[int]:
        """Ctrl-C; what is left of its session after that (and is then killed)."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            left = self.session()
            self._process.kill()
            self._process.wait()
            return left
        until = time.monotonic() + 5
        while self.session() and time.monotonic() < until:
            time.sleep(0.1)
        left = self.session()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    def session(self) -> list[int]:
        """Every process of the session that it leads."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(") ")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(session) == self._process.pid and state != "Z":
                found.append(int(entry.name))
        return found


def _clear_of_midnight() -> None:
    """What is seeded is told in days before today: a start must not see two todays."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    if midnight - now < timedelta(minutes=2):
        time.sleep((midnight - now).total_seconds() + 1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def add(breakdown: dict[str, Any]) -> Decimal:
    """The sum of a flat breakdown; a null in it is an error."""
    return sum((Decimal(value) for value in breakdown.values()), Decimal(0))


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("it never came")
