"""The API over HTTP on the laptop: Chalice's own local server, without its delays, and with problems for what it refuses itself."""

from __future__ import annotations

import signal
import sys
import uuid
from http.client import responses
from importlib import import_module
from threading import BoundedSemaphore, Thread
from typing import Any

from chalice import local as chalice_local
from chalice.cli.factory import CLIFactory

from chalicelib.logs import LOGGER
from chalicelib.routes.errors import problem
from chalicelib.routes.headers import SAFE

LARGEST_REQUEST = 10 * 2**20
"""API Gateway's own limit of a request."""
READS_AT_ONCE = BoundedSemaphore(4)
"""A hundred threads that all compute at once only get in each other's way; writes may wait for a report, so they aren't held."""


LISTENING = "listening"
"""What the launcher waits for: that a port answers doesn't tell who answers there."""


class Handler(chalice_local.ChaliceRequestHandler):
    """No Nagle delay, buffered writes, quiet; unknown routes and broken requests are problem+json, as the packaged gateway answers them."""

    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 30

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the app writes its own line per request."""

    def _generic_handle(self) -> None:
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or "transfer-encoding" in self.headers:
            self._refuse(400, "the body needs a plain Content-Length")
        elif int(length) > LARGEST_REQUEST:
            self._refuse(413, f"a request may have {LARGEST_REQUEST} bytes")
        elif not self._known_route():
            self.rfile.read(int(length))
            self._refuse(404)
        elif self.command == "GET":
            with READS_AT_ONCE:
                super()._generic_handle()
        else:
            super()._generic_handle()

    def _known_route(self) -> bool:
        try:
            self.local_gateway.event_converter._route_matcher.match_route(self.path)
        except ValueError:
            return False
        return True

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: str | bytes) -> None:
        """An answer to HEAD has no body, and a length that promised one would hold the connection."""
        super()._send_http_response_with_body(code, headers, b"" if self.command == "HEAD" else body)

    def _send_error_response(self, error: chalice_local.LocalGatewayException) -> None:
        self._refuse(error.CODE)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses before it is a request for us: no echo of what was sent."""
        self._refuse(code, responses.get(code, ""))

    def _refuse(self, status: int, detail: str = "") -> None:
        self.close_connection = True
        request_id = str(uuid.uuid4())
        answer = problem(status, request_id, detail=detail, headers={**SAFE, "X-Request-Id": request_id, "Connection": "close"})
        self._send_http_response(answer.status_code, answer.headers, answer.body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def __getattr__(self, name: str) -> Any:
        """A method that http.server doesn't know goes the same way: the app says which ones the route takes."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)


class Server(chalice_local.ThreadedHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, as browsers do, is no event; anything else is one line, like every event."""
        if not isinstance(sys.exception(), ConnectionError):
            LOGGER.exception("a connection broke")


def build(project: str, port: int) -> chalice_local.LocalDevServer:
    """The server of the project's app, listening, not yet serving."""
    config = CLIFactory(project, debug=False).create_config_obj("local")
    app = config.chalice_app
    chalice_local.CustomLocalChalice.__bases__ = (chalice_local.LocalChalice, app.__class__)
    app.__class__ = chalice_local.CustomLocalChalice
    return chalice_local.LocalDevServer(app, config, "127.0.0.1", port, handler_cls=Handler, server_cls=Server)


def main(project: str, port: int) -> None:
    """Listens as soon as the launcher says so (a line on standard input), serves until the launcher is gone (its end)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the launcher stops it, after Ctrl-C or however else it ends
    import_module("app")  # takes a second, which passes while the launcher fills the tables
    if not sys.stdin.readline():
        return
    server = build(project, port)
    print(LISTENING, flush=True)
    Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    sys.stdin.read()
    server.server.server_close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
