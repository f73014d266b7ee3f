"""The laptop's server: what browsers do to it."""

from __future__ import annotations

import socket
import struct
import time
from urllib.parse import urlsplit

from tests.canaries import wrong_lines
from tests.stack import Stack


def test_clients_that_go_away_are_no_event_and_harm_nobody(own_stack: Stack) -> None:
    assert own_stack.events
    before, at = len(own_stack.events.read_text()), urlsplit(own_stack.base_url)
    for sent in (b"", b"GET /hea", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection((at.hostname, at.port)) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it ends with a reset
            gone.sendall(sent)
    time.sleep(1)
    assert own_stack.anonymous.get("/health").status == 200
    assert wrong_lines(own_stack.events.read_text()[before:]) == []
