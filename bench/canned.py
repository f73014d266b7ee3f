"""An AWS on loopback that costs its client next to nothing: what moto said once is said again, from a process of its own."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGE = "dev"
READING = ("Get", "BatchGet", "Query", "Scan")
PAGE = 1024 * 1024
"""Bytes of one Query page; moto's own are of a million."""


class Canned:
    """Answers by (target, body); a write goes to moto and makes everything forgotten that was read before it."""

    def __init__(self) -> None:
        from moto.dynamodb.models import table
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.test import Client

        table.RESULT_SIZE_LIMIT = PAGE
        self._moto = Client(DomainDispatcherApplication(create_backend_app))
        self._kept: dict[tuple[str, bytes], bytes] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """The whole HTTP response."""
        target = headers.get("x-amz-target", "")
        with self._lock:
            kept = self._kept.get((target, body))
            if kept is None:
                kept = self._ask(method, path, headers, body)
                if target.rpartition(".")[2].startswith(READING):
                    self._kept[target, body] = kept
                else:
                    self._kept.clear()
            return kept

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        response = self._moto.open(path, method=method, headers=headers, data=body)
        content: bytes = response.get_data()
        kept = {name: value for name, value in response.headers if name.lower() not in ("content-length", "connection")}
        head = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in kept.items()), f"Content-Length: {len(content)}"]
        return "\r\n".join([*head, "", ""]).encode() + content


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    canned: Canned

    def handle(self) -> None:
        """One request after the other until the client hangs up."""
        while line := self.rfile.readline().decode().split():
            fields = (field.decode().partition(":") for field in iter(self.rfile.readline, b"\r\n"))
            headers = {name.lower(): value.strip() for name, _, value in fields}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            self.wfile.write(self.canned.answer(line[0], line[1], headers, body))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def started() -> Iterator[dict[str, str]]:
    """A server with an empty stack of the specs, in its own process; gives the environment of a process that talks to it."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.canned"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield environment(process.stdout.readline().strip())


def environment(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCOUNT_ID": "123456789012",
        "STAGE": STAGE,
        "QUERIES_A_MINUTE": "1000000",  # whoever measures asks more often than a customer
    }


def enter(wanted: dict[str, str]) -> None:
    """Makes this process's environment that of the server, and nobody's else."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "JWT_", "JWKS_"))]:
        del os.environ[name]
    os.environ.update(wanted)


def main() -> None:
    """Serves until standard input ends, so that no server outlives its benchmark."""
    Connection.canned = Canned()
    with Server(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        enter(environment(f"http://127.0.0.1:{server.server_address[1]}"))
        from local.aws import create_stack

        create_stack(stage=STAGE)
        print(os.environ["AWS_ENDPOINT_URL"], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
