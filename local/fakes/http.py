"""WSGI apps on loopback, quick enough for a laptop: no Nagle delay, no request log."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

from moto import backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

App = Callable[..., Any]


class QuietHandler(WSGIRequestHandler):
    """Answers at once: Nagle's algorithm holds small answers back for 40 ms."""

    disable_nagle_algorithm = True
    wbufsize = -1

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a laptop's terminal is for the app's own lines."""


class MotoHandler(QuietHandler, MotoRequestHandler):
    """moto's own request handler (it decodes paths differently), made quick and quiet."""


class Served:
    """A WSGI app that answers at `url` in a daemon thread until `stop()`."""

    def __init__(self, app: App, handler: type[WSGIRequestHandler] = QuietHandler, port: int = 0) -> None:
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serve(app: App, port: int = 0) -> Served:
    """The app on 127.0.0.1; port 0 is any free one."""
    return Served(app, QuietHandler, port)


def serve_moto(port: int = 0) -> Served:
    """The whole of moto on 127.0.0.1, in this process, so that what is patched in moto counts.

    moto looks at its 170 folders on disk twice a request, half of what a small one takes: here it looks once.
    """
    modules = list(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    return Served(DomainDispatcherApplication(create_backend_app), MotoHandler, port)


def json_app(answer: Callable[[Request], Response]) -> App:
    """A WSGI app around one function from request to response."""
    app: App = Request.application(answer)
    return app


def json_response(document: Any, status: int = 200, content_type: str = "application/json", **headers: str) -> Response:
    return Response(json.dumps(document), status=status, content_type=content_type, headers=headers)
