"""Outbound against a real TLS server on loopback: what is connected to, what is believed, and when it gives up."""

from __future__ import annotations

import random
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import pytest
import trustme
from standardwebhooks import Webhook

from chalicelib.delivery.outbound import Answer, Barred, NoAnswer, NotSent, Outbound
from chalicelib.delivery.webhook import Webhooks
from chalicelib.domain.message import Outcome
from tests.unit.outgoing import MESSAGE

NAME = "hooks.example.com"
URL = f"https://{NAME}:8443/in?a=b"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CA = trustme.CA()
LIMIT = 0.5
LATE = 2.0
Behaviour = Callable[[ssl.SSLSocket], None]


def answers(answer: bytes) -> Behaviour:
    return lambda connection: connection.sendall(answer)


def drips(connection: ssl.SSLSocket, head: bytes = b"") -> None:
    """A byte every 50 ms, so that no single read ever times out."""
    connection.sendall(head)
    for _ in count():
        connection.sendall(b"x")
        time.sleep(0.05)


def drips_headers(connection: ssl.SSLSocket) -> None:
    drips(connection, b"HTTP/1.1 200 OK\r\nx-long: ")


def is_silent(connection: ssl.SSLSocket) -> None:
    connection.recv(1)


def hangs_up(connection: ssl.SSLSocket) -> None:
    """Without a word, and by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def whole_request(connection: ssl.SSLSocket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += some(connection)
    head = found.partition(b"\r\n\r\n")[0]
    length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
    while len(found) < len(head) + 4 + length:
        found += some(connection)
    return found


def some(connection: ssl.SSLSocket) -> bytes:
    found = connection.recv(65_536)
    if not found:
        raise ConnectionError
    return found


@dataclass
class Server:
    """Takes whole requests and remembers them, by one thread; `connections` counts also those whose handshake failed."""

    address: str
    context: ssl.SSLContext
    behaviour: Behaviour
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    speaks_tls: bool = True
    reads: bool = True

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            plain.settimeout(5)
            with plain, suppress(OSError):
                self.take(plain)

    def take(self, plain: socket.socket) -> None:
        if not self.speaks_tls:
            plain.recv(100_000)
            plain.recv(1)
            return
        with self.context.wrap_socket(plain, server_side=True) as connection:
            if self.reads:
                self.requests.append(whole_request(connection))
            self.behaviour(connection)

    @property
    def received(self) -> tuple[str, dict[str, str], bytes]:
        """(request line, headers, body) of the one request."""
        (request,) = self.requests
        head, _, body = request.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        return line, dict(one.split(": ", 1) for one in lines), body


@contextmanager
def serving(behaviour: Behaviour, name: str = NAME, speaks_tls: bool = True, reads: bool = True) -> Iterator[Server]:
    """On a port that customers may use, so on an address of its own (of which macOS has but one)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(name).configure_cert(context)
    address = "127.0.0.1" if sys.platform == "darwin" else f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
    server = Server(address, context, behaviour, speaks_tls=speaks_tls, reads=reads)
    with socket.create_server((address, 8443)) as listening:
        thread = threading.Thread(target=server.serve, args=(listening,), daemon=True)
        thread.start()
        yield server
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(LATE)


@dataclass
class Resolver:
    """Gives its answers one after the other, the last one ever again; remembers who asked."""

    answers: tuple[list[str], ...]
    asked: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append((name, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def outbound(*addresses: list[str], limit: float = 5.0) -> tuple[Outbound, Resolver]:
    """One that takes loopback for the internet, and our authority's certificates for good."""
    trusting = ssl.create_default_context()
    CA.configure_trust(trusting)
    resolver = Resolver(addresses)
    return Outbound(resolver, lambda address: address.startswith("127."), limit, trusting), resolver


def test_a_request_arrives_whole_and_its_answers_status_comes_back() -> None:
    with serving(answers(OK)) as server:
        caller, _ = outbound([server.address])
        assert caller.post(URL, {"content-type": "text/plain"}, b"hello") == Answer(200)
    line, headers, body = server.received
    assert (line, body) == ("POST /in?a=b HTTP/1.1", b"hello")
    assert headers["host"] == f"{NAME}:8443"
    assert headers["content-type"] == "text/plain"
    assert headers["user-agent"].startswith("SecureBase-Analytics/")
    assert not {"cookie", "authorization"} & {name.lower() for name in headers}


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_the_one_connected_to() -> None:
    with serving(answers(OK)) as checked, serving(answers(OK)) as other:
        caller, resolver = outbound([checked.address], [other.address])
        assert caller.post(URL, {}, b"{}") == Answer(200)
    assert resolver.asked == [(NAME, 8443)]
    assert (checked.connections, other.connections) == (1, 0)


@pytest.mark.parametrize("behaviour", [hangs_up, answers(b"junk\r\n\r\n"), answers(b"")])
def test_a_resolver_that_changes_its_answer_gets_no_second_connection_even_after_a_failure(behaviour: Behaviour) -> None:
    with serving(behaviour) as checked, serving(answers(OK)) as other:
        caller, resolver = outbound([checked.address], [other.address])
        with pytest.raises(NoAnswer):
            caller.post(URL, {}, b"{}")
    assert resolver.asked == [(NAME, 8443)]
    assert (checked.connections, other.connections) == (1, 0)


def test_loopback_is_barred_where_nobody_relaxed_the_check() -> None:
    with serving(answers(OK)) as server, pytest.raises(Barred, match="private_address"):
        Outbound(Resolver(([server.address],))).post(URL, {}, b"{}")
    assert server.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving(answers(OK)) as elsewhere:
        answer = f"HTTP/1.1 {status} Moved\r\nlocation: https://{elsewhere.address}:8443/\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
        with serving(answers(answer.encode())) as server:
            caller, resolver = outbound([server.address])
            assert caller.post(URL, {}, b"{}") == Answer(status)
    assert (server.connections, len(server.requests), elsewhere.connections, len(resolver.asked)) == (1, 1, 0, 1)


def test_a_cookie_is_not_kept_and_a_proxy_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(answers(OK.replace(b"\r\n\r\n", b"\r\nset-cookie: a=b\r\n\r\n"))) as server:
        caller, _ = outbound([server.address])
        assert [caller.post(URL, {}, b"{}"), caller.post(URL, {}, b"{}")] == [Answer(200), Answer(200)]
    assert len(server.requests) == 2
    assert not any(b"cookie" in request.lower() for request in server.requests)


@pytest.mark.parametrize("behaviour", [drips, drips_headers, is_silent])
def test_a_server_that_drips_or_stays_silent_is_cut_off_at_the_limit(behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        caller, _ = outbound([server.address], limit=LIMIT)
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            caller.post(URL, {}, b"{}")
        assert LIMIT * 0.9 < time.monotonic() - began < LATE
    assert len(server.requests) == 1


def test_an_endless_body_is_not_read() -> None:
    def floods(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            for _ in count():
                connection.sendall(b"x" * 65_536)
                sent.append(65_536)

    sent: list[int] = []
    with serving(floods) as server:
        caller, _ = outbound([server.address])
        began = time.monotonic()
        assert caller.post(URL, {}, b"{}") == Answer(200)
        assert time.monotonic() - began < LATE
    assert sum(sent) < 50_000_000


def test_a_server_that_never_finishes_the_handshake_is_left_at_the_limit_and_got_nothing() -> None:
    with serving(answers(OK), speaks_tls=False) as server:
        caller, _ = outbound([server.address], limit=LIMIT)
        began = time.monotonic()
        with pytest.raises(NotSent, match="connect_timeout"):
            caller.post(URL, {}, b"{}")
        assert time.monotonic() - began < LATE
    assert server.requests == []


def test_a_server_that_takes_no_more_of_a_large_request_is_left_at_the_limit_as_not_sent() -> None:
    with serving(lambda connection: time.sleep(LIMIT * 2), reads=False) as server:
        caller, _ = outbound([server.address], limit=LIMIT)
        began = time.monotonic()
        with pytest.raises(NotSent, match="connection_lost"):
            caller.post(URL, {}, bytes(50_000_000))
        assert time.monotonic() - began < LATE


def test_a_certificate_of_another_name_is_refused_before_anything_is_said() -> None:
    with serving(answers(OK), "other.example.com") as server:
        caller, _ = outbound([server.address])
        with pytest.raises(NotSent, match="tls_failed"):
            caller.post(URL, {}, b"{}")
    assert (server.connections, server.requests) == (1, [])


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_said() -> None:
    with serving(answers(OK)) as server, pytest.raises(NotSent, match="tls_failed"):
        Outbound(Resolver(([server.address],)), lambda address: True).post(URL, {}, b"{}")
    assert (server.connections, server.requests) == (1, [])


def test_an_address_that_refuses_the_connection_is_passed_over_for_the_next_one_that_was_checked() -> None:
    with serving(answers(OK)) as server:
        caller, _ = outbound(["127.255.255.1", server.address])
        assert caller.post(URL, {}, b"{}") == Answer(200)
    with pytest.raises(NotSent, match="connection_refused"):
        caller.post(URL, {}, b"{}")


def test_a_webhook_over_the_wire_is_verified_with_each_of_both_secrets() -> None:
    old, new = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8
    message = replace(MESSAGE, title="Zürich — «Kosten» 😀")
    with serving(answers(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        caller, _ = outbound([server.address])
        outcome = Webhooks(caller).send("msg_1", URL, (old, new), message, datetime.now(UTC))
    assert outcome == Outcome("sent", "204")
    _, headers, body = server.received
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers)["data"]["title"] == message.title


def test_a_webhook_that_was_taken_without_an_answer_is_lost() -> None:
    with serving(hangs_up) as server:
        caller, _ = outbound([server.address])
        outcome = Webhooks(caller).send("msg_1", URL, ("whsec_" + "b2xk" * 8,), MESSAGE, datetime.now(UTC))
    assert outcome == Outcome("lost", "no_answer")
    assert len(server.requests) == 1
