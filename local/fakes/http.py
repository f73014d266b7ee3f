"""WSGI apps on loopback, quick enough for a laptop: no Nagle delay, no request log."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from threading import Thread
from typing import Any

from cheroot.wsgi import Server
from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from chalicelib.logs import LOGGER

App = Callable[..., Any]
THREADS = 16


class Served:
    """A WSGI app that answers at `url`, on kept connections and without Nagle's delay, in daemon threads until `stop()`."""

    def __init__(self, app: App) -> None:
        self._server = Server(("127.0.0.1", 0), app, numthreads=THREADS, request_queue_size=256, shutdown_timeout=1)
        self._server.error_log = _tell  # type: ignore[method-assign]
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        self._thread = Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.stop()
        self._thread.join(timeout=5)


def _tell(msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
    """What the server itself has to say, as a line of the log like everything else."""
    LOGGER.log(max(level, logging.WARNING), "the laptop's AWS stumbled", extra={"reason": str(msg)}, exc_info=traceback)


def _with_raw_uri(app: App) -> App:
    """moto takes S3 keys from the address as it was sent, under the name that its own server gives that."""

    def adding(environ: dict[str, Any], start_response: Any) -> Any:
        return app({**environ, "RAW_URI": environ.get("REQUEST_URI", "")}, start_response)

    return adding


def serve_moto(around: Callable[[App], App] = lambda app: app) -> Served:
    """The whole of moto on 127.0.0.1, in this process, so that what is patched in moto counts.

    moto looks at its 170 folders on disk twice a request, half of what a small one takes: here it looks once.
    """
    modules = list(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    return Served(around(_with_raw_uri(DomainDispatcherApplication(create_backend_app))))


def json_app(answer: Callable[[Request], Response]) -> App:
    """A WSGI app around one function from request to response."""
    app: App = Request.application(answer)
    return app


def json_response(document: Any, status: int = 200, content_type: str = "application/json", **headers: str) -> Response:
    return Response(json.dumps(document), status=status, content_type=content_type, headers=headers)
