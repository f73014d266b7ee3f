"""Some thousand hostile requests at a server of their own; `make fuzz` sends 50,000."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz import MOST_GROWTH, Fuzzer, server_of
from tests.stack import Started


def test_hostile_requests_are_answered_without_a_server_error_and_without_a_leak(tmp_path: Path) -> None:
    started = Started(tmp_path)
    try:
        found = Fuzzer(started.stack(), seed=1).run(2000, server_of(started))
    finally:
        started.stop()
    assert found.wrong == []
    assert {200, 201, 400, 401, 403, 404, 405, 415} <= set(found.statuses), found.statuses
    assert found.growth <= MOST_GROWTH, found.memory
