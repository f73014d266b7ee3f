"""MiniStack as the tests start it: on loopback alone, and gone with whoever started it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import backends
from tests.stack import port_answers

ROOT = Path(__file__).parents[2]
START_AND_HANG = """
import sys, time
from pathlib import Path
from tests.backends import MiniStack
print(MiniStack(Path(sys.argv[1])).port, flush=True)
time.sleep(600)
"""


def test_it_listens_on_127_0_0_1_alone(ministack: backends.MiniStack) -> None:
    assert port_answers(ministack.port)
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex(("127.0.0.2", ministack.port)) != 0


@pytest.mark.skipif(not backends.INSTALLED.exists(), reason=backends.NOT_INSTALLED)
def test_it_ends_with_a_killed_process_that_started_it_and_leaves_only_its_log(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", START_AND_HANG, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readline())
        assert port_answers(port)
        starter.kill()
    until = time.monotonic() + 10
    while (port_answers(port) or _files(tmp_path) != ["ministack.log"]) and time.monotonic() < until:
        time.sleep(0.05)
    assert not port_answers(port)
    assert _files(tmp_path) == ["ministack.log"]


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
