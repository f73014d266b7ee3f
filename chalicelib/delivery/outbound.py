"""HTTPS to addresses that customers gave us: only to the public internet, once, in 5 seconds, and nothing of the answer but its status.

Built on sockets, as every step must be ours: a name is resolved once and the address that was checked is the one connected to; redirects,
proxies, cookies and retries don't exist; and what failed before the request was handed over is told from what failed after.
"""

from __future__ import annotations

import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import NamedTuple, Protocol

from chalicelib.delivery.addresses import Target, is_public, literal, parsed
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.message import LATER, LOST, REFUSED, Outcome

LIMIT = 5.0
USER_AGENT = "SecureBase-Analytics/1"
PRIVATE, INVALID, NO_NAME, NO_ANSWER = "private_address", "invalid_url", "name_not_found", "no_answer"
_REASONS = ((ssl.SSLError, "tls_failed"), (TimeoutError, "connect_timeout"), (ConnectionRefusedError, "connection_refused"))


class NotSent(Exception):
    """The request certainly wasn't taken; its text is a short reason."""


class Barred(NotSent):
    """... and never will be: no connection was even tried."""


class NoAnswer(Exception):
    """The request was handed over whole and no answer came, so it may have been taken."""


class Answer(NamedTuple):
    status: int


class Poster(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


def attempt(poster: Poster, url: str, headers: Mapping[str, str], body: bytes, judged: Callable[[int], Outcome]) -> Outcome:
    """What became of one request; `judged` says what an answer's status means."""
    try:
        return judged(poster.post(url, headers, body).status)
    except Barred as error:
        return Outcome(REFUSED, str(error))
    except NotSent as error:
        return Outcome(LATER, str(error))
    except NoAnswer:
        return Outcome(LOST, NO_ANSWER)


def addresses_of(name: str, port: int) -> list[str]:
    """Every address of a name, each once, in the order that the resolver prefers; OSError where there is none."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outbound:
    """`limit` is in seconds and holds for everything together: the look-up, the handshake, the request and the answer's head."""

    def __init__(
        self,
        resolve: Callable[[str, int], list[str]] = addresses_of,
        is_allowed: Callable[[str], bool] = is_public,
        limit: float = LIMIT,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve, self._is_allowed, self._limit, self._given = resolve, is_allowed, limit, ssl_context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made when it is first needed, as reading the system's certificates takes a while."""
        return self._given or ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Raises Barred, NotSent or NoAnswer. One address of a name that isn't public bars all of them."""
        deadline = time.monotonic() + self._limit
        try:
            target = parsed(url)
        except InvalidInput as error:
            raise Barred(INVALID) from error
        addresses = [target.name] if literal(target.name) else self._looked_up(target, deadline)
        if not all(self._is_allowed(address) for address in addresses):
            raise Barred(PRIVATE)
        with self._connected(addresses, target, deadline) as connection:
            return _handed_over(connection, target, headers, body, deadline)

    def _looked_up(self, target: Target, deadline: float) -> list[str]:
        """In a thread, because a look-up can't be stopped and whoever owns the name decides how long it takes."""
        found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                found.put(self._resolve(target.name, target.port))
            except OSError:
                found.put([])

        threading.Thread(target=look_up, daemon=True).start()
        try:
            addresses = found.get(timeout=_left(deadline))
        except (queue.Empty, TimeoutError) as error:
            raise NotSent("name_timeout") from error
        if not addresses:
            raise NotSent(NO_NAME)
        return addresses

    def _connected(self, addresses: Sequence[str], target: Target, deadline: float) -> ssl.SSLSocket:
        """To the first address that answers, with a certificate of the name; a silent one takes half of the time left, the last one all."""
        failure: OSError = TimeoutError()
        for number, address in enumerate(addresses, 1):
            try:
                left = _left(deadline)
                return self._handshaken(address, target, deadline if number == len(addresses) else deadline - left / 2)
            except OSError as error:
                failure = error
        raise NotSent(next((reason for kind, reason in _REASONS if isinstance(failure, kind)), "unreachable")) from failure

    def _handshaken(self, address: str, target: Target, deadline: float) -> ssl.SSLSocket:
        plain = socket.create_connection((address, target.port), timeout=_left(deadline))
        try:
            plain.settimeout(_left(deadline))  # of the handshake as a whole
            return self._context.wrap_socket(plain, server_hostname=target.name)
        except OSError:
            plain.close()
            raise


def _handed_over(connection: ssl.SSLSocket, target: Target, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
    speaker = http.client.HTTPConnection(target.name, target.port)  # whose name may be an IPv6 address
    speaker.auto_open = 0  # it must never connect by itself: it would look the name up again
    speaker.sock = connection
    full = {"user-agent": USER_AGENT, **headers, "host": target.host, "connection": "close"}
    with _cut_at(deadline, connection) as over:
        try:
            speaker.request("POST", target.path, body, full)
        except OSError as error:
            raise NotSent("connection_lost") from error
        try:
            with speaker.getresponse() as answer:
                status = answer.status
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
    if over.is_set():  # http.client takes a head that was cut off for a whole one
        raise NoAnswer
    return Answer(status)


@contextmanager
def _cut_at(deadline: float, connection: ssl.SSLSocket) -> Iterator[threading.Event]:
    """Shuts the connection at that moment: a socket's own timeout begins anew with every byte that drips in."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            # SSLSocket.shutdown would take the TLS state away under the reader's feet.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
