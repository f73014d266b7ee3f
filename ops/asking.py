"""A deployment's own API over one connection that is kept; nothing follows a redirect, and no credential goes where it leads."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import Any
from urllib.parse import SplitResult, urlsplit

from chalicelib.settings import LAPTOP

SECONDS = 40
"""More than API Gateway's own 29."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    content: bytes
    ms: float

    @property
    def json(self) -> Any:
        """ValueError where it is none."""
        return json.loads(self.content)


@dataclass
class Site:
    """`url` is where `/health` is under; ValueError where a key would travel in the clear."""

    url: str
    _open: dict[tuple[str, str], http.client.HTTPConnection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if not self.url.startswith(("https://", LAPTOP)):
            raise ValueError(f"{self.url} doesn't begin with https://")

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        """The answer to one request, by its path or by a whole address; OSError or HTTPException where there is none."""
        url = urlsplit(path if "://" in path else self.url + path)
        content = None if body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if content else {})}
        started = time.perf_counter()
        try:
            response, read = self._sent(method, url, content, sent)
        except ConnectionError:
            if method != "GET":
                raise
            response, read = self._sent(method, url, content, sent)  # a kept connection may have been given up at the other end
        return Answer(response.status, response.headers, read, 1000 * (time.perf_counter() - started))

    def _sent(
        self, method: str, url: SplitResult, content: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection(url)
        try:
            connection.request(method, url.path + (f"?{url.query}" if url.query else ""), content, headers)
            response = connection.getresponse()
            return response, response.read()
        except (OSError, HTTPException):
            connection.close()  # it opens by itself with the next request
            raise

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    def _connection(self, url: SplitResult) -> http.client.HTTPConnection:
        key = (url.scheme, url.netloc)
        if key not in self._open:
            kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
            self._open[key] = kind(url.hostname or "", url.port, timeout=SECONDS)
        return self._open[key]
