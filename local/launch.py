"""Starts the laptop's AWS, fills it, and serves the API: what `make run` and `make aws` do."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.domain.customer import SCOPES, Customer
from chalicelib.laptop import NOTE
from chalicelib.security import secrets, tokens
from chalicelib.stores import tables
from chalicelib.wiring import Services, services
from local import aws as embedded
from local import demo, fill
from local.kept import Kept
from local.seed.schedules import seed_schedules
from local.server import LISTENING
from local.turn import Turning
from ops.keys import issue

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / ".local"
CREDENTIALS = "credentials.json"
DEMO_KEYS = "demo_keys.json"
TOKEN_LIFE = timedelta(hours=24)
SAVE_SECONDS = 1.0
BASE_URL = "http://127.0.0.1:8000"


class Launched:
    """The laptop's AWS with its queues turning, and the API's process once it is served."""

    def __init__(self, folder: Path = FOLDER, base_url: str = BASE_URL) -> None:
        self._started = time.monotonic()
        self.folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        (folder / CREDENTIALS).unlink(missing_ok=True)
        self.aws = embedded.start(lambda: datetime.now(UTC), base_url)
        os.environ.update(self.aws.environment)
        self._kept = Kept(folder / "kept")
        embedded.create_stack(self._kept.master())
        self.aws.inbox.folder, self.aws.inbox.tell = folder / "inbox", told_by_ses
        import app  # needs the environment above

        self._turning = Turning(
            {
                tables.AGGREGATION_QUEUE.name: app.aggregation_worker,
                tables.FINDINGS_QUEUE.name: app.findings_worker,
                tables.REPORT_QUEUE.name: app.report_engine,
                tables.DELIVERY_QUEUE.name: app.delivery_worker,
            },
            app.analytics_aggregator,
            app.analytics_reporter,
        )

    def say(self, text: str) -> None:
        print(f"  {time.monotonic() - self._started:5.1f} s  {text}", flush=True)

    def fill(self) -> list[Customer]:
        """Seeds the demo customers and takes in what was kept of earlier runs."""
        now, with_ = datetime.now(UTC), services()
        self.say("seeding three customers' sources")
        customers = list(demo.seed_sources(self.aws, now).customers)
        self._kept.restore()
        for customer in customers:
            with_.customers.create(customer)  # one that was moved or disabled here stays so
        customers = [with_.customers.get(customer.id) or customer for customer in customers]
        fill.run(self.aws, customers, now, self.say, PROJECT)
        self.aws.points.clock = self.aws.hub.clock = lambda: datetime.now(UTC)
        self._turning.drain()
        return customers

    def turn(self) -> None:
        self._turning.start()
        self.aws.note(self.folder / NOTE.name)

    def prepare(self, port: int) -> subprocess.Popen[bytes]:
        """Starts the API's own process, which waits until it may listen."""
        command = [sys.executable, "-m", "local.server", str(PROJECT), str(port)]
        self._server = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._server

    def serve(self, port: int) -> str:
        """Lets the API listen and waits until it answers; returns its address."""
        server = self._server or self.prepare(port)
        assert server.stdin
        server.stdin.write(b"serve\n")
        server.stdin.flush()
        if server.stdout is None or server.stdout.readline().strip().decode() != LISTENING:
            raise SystemExit(f"the API didn't start: is port {port} taken? PORT=... chooses another")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60):
            return f"http://127.0.0.1:{port}"

    def wait(self) -> None:
        """Keeps what changes, until Ctrl-C or until the API's process ends."""
        while self._server is None or self._server.poll() is None:
            self._kept.save()
            time.sleep(SAVE_SECONDS)

    def stop(self) -> None:
        """Ends everything that was started."""
        if self._server and self._server.stdin:
            self._server.stdin.close()
            try:
                self._server.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._server.kill()
        self._turning.stop()
        self._kept.save()
        (self.folder / NOTE.name).unlink(missing_ok=True)
        self.aws.stop()


def credentials(with_: Services, customers: list[Customer], base_url: str, demo_keys: Path) -> dict[str, Any]:
    """Fresh keys and tokens for the demo customers and the operator; those of the last start end with this one."""
    for key_id in json.loads(demo_keys.read_text()) if demo_keys.exists() else []:
        old = with_.api_keys.get(key_id)
        if old:
            with_.api_keys.put(replace(old, revoked=True))
    settings, now = with_.settings, with_.clock()
    signing = secrets.derived(with_.master, "tokens")
    issued = {customer.id: issue(with_, customer.id, SCOPES) for customer in customers}
    operator = issue(with_, None, ("operator",))
    write_private(demo_keys, [record.id for _, record in [*issued.values(), operator]])
    return {
        "base_url": base_url,
        "operator_key": operator[0],
        "customers": [
            {
                "customer_id": customer.id,
                "name": customer.name,
                "api_key": issued[customer.id][0],
                "token": tokens.mint(signing, settings.jwt_issuer, settings.jwt_audience, customer.id, now, TOKEN_LIFE, " ".join(SCOPES)),
            }
            for customer in customers
        ],
    }


def write_private(path: Path, value: object) -> None:
    half = path.with_suffix(".half")
    half.touch(mode=0o600)
    half.write_text(json.dumps(value, indent=2))
    half.replace(path)


def run(serve: bool, folder: Path = FOLDER) -> int:
    """`make run`, or `make aws` without the API, until Ctrl-C; another `folder` keeps it apart from the user's own."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)  # also where a script's & made Ctrl-C be ignored
    launched = None
    try:
        port = free_port(os.environ.get("PORT", "8000")) if serve else 0
        with only_one(folder):
            print("SecureBase Analytics: the laptop's AWS is starting", flush=True)
            base_url = f"http://127.0.0.1:{port}" if serve else BASE_URL
            launched = Launched(folder, base_url)
            if serve:
                launched.prepare(port)
            customers = launched.fill()
            seed_schedules(services(), customers[0], datetime.now(UTC))
            found = credentials(services(), customers, base_url, folder / DEMO_KEYS)
            write_private(folder / CREDENTIALS, found)
            launched.turn()
            if serve:
                launched.serve(port)
            launched.say("ready")
            print(block(found, serve, launched.aws.environment["INBOX_URL"]), flush=True)
            launched.wait()
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
    except SystemExit as ended:
        print(ended, file=sys.stderr, flush=True)
        return 1
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)  # what is under way now is the stopping
        if launched:
            launched.stop()
    return 0


def free_port(text: str) -> int:
    """The port asked for, if nobody has it: found out before anything is started."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise SystemExit(f"PORT={text} is no port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError:
            raise SystemExit(f"port {text} is taken; PORT=... chooses another") from None
    return int(text)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One laptop's AWS per folder: two would overwrite each other's notes."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"`make run` or `make aws` is already running from {folder}") from None
        yield


def told_by_ses(event: dict[str, Any]) -> None:
    """What SES's configuration set would tell the topic, and the topic the queue."""
    services().delivery_queue.put(json.dumps(event))


def block(found: dict[str, Any], serve: bool, inbox: str) -> str:
    """What a user needs to know, once, at the end."""
    page = f"API        {found['base_url']}  (in a browser: the page, which takes one of these keys)"
    lines = ["", page if serve else "AWS only    serve it with: .venv/bin/chalice local --stage local"]
    lines += [f"inbox      {inbox}  (mails and webhooks of schedules, also in .local/inbox)"]
    lines += [f"{one['customer_id']:<16} {one['name']:<18} X-API-Key: {one['api_key']}" for one in found["customers"]]
    first = found["customers"][0]
    lines += [f"operator         {'(opens the full /health)':<18} X-API-Key: {found['operator_key']}", ""]
    lines += [f"curl -s -H 'X-API-Key: {first['api_key']}' '{found['base_url']}/analytics/costs?period=30d'"] if serve else []
    lines += [
        f"(all of this, with tokens, is in .local/{CREDENTIALS}; Ctrl-C ends everything)",
    ]
    return "\n".join(lines)


def reset() -> None:
    """Forgets everything that was added or dropped; refused while it is in use."""
    with only_one(FOLDER):
        shutil.rmtree(FOLDER, ignore_errors=True)
