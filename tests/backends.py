"""The DynamoDBs that the stores are tested on: how each is reached, and the tables of a fresh stage on it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.stores import tables
from local.aws import REGION, _create_table

STAGE = "dev"
MOTO, MINISTACK, DYNAMODB_LOCAL = "moto", "ministack", "dynamodb-local"
DYNAMODB_LOCAL_URL = "DYNAMODB_LOCAL_URL"
"""The variable that names a DynamoDB Local; without it there is none to test on."""
BACKENDS = (MOTO, MINISTACK, *([DYNAMODB_LOCAL] if os.environ.get(DYNAMODB_LOCAL_URL) else []))
KEY = "securebasetests"
"""An access key of our own: DynamoDB Local keeps a database per access key."""

HOME = Path(__file__).parents[1] / ".ministack"
INSTALLED = HOME / ".installed"
NOT_INSTALLED = "MiniStack isn't in .ministack: `make test` installs it"
ONLY_DYNAMODB = {"SERVICES": "dynamodb"}
UNTIL_STDIN_ENDS = """
import os, signal, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
from ministack.app import main
main()
"""


def workers(backend: str, count: int) -> int:
    """How many may write at once: in this process moto looks at a condition and writes in two steps, which others may come between."""
    return 1 if backend == MOTO else count


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class MiniStack:
    """MiniStack on a free port of loopback, its files in `folder`; it ends with the process that started it, killed or not.

    As the tests of the stores want it, its DynamoDB alone; `program` and `more` of its environment make it another one.
    """

    def __init__(self, folder: Path, program: Sequence[str] = ("-c", UNTIL_STDIN_ENDS), more: Mapping[str, str] = ONLY_DYNAMODB) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "ministack.log"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
            "LOG_LEVEL": "WARNING",
            **more,
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [HOME / "bin" / "python", *program],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"MiniStack doesn't start: {self._log.read_text()[-1000:]}")


@contextmanager
def on_moto() -> Iterator[Any]:
    """A client of moto in this process, with a stage's tables."""
    with mock_aws():
        client = _client(None)
        _create_tables(client)
        yield client


def at(url: str) -> Any:
    """A client of the DynamoDB at the url, with a stage's tables; what was in them before is gone."""
    client = _client(url)
    ours = {tables.physical_name(STAGE, table.name) for table in tables.TABLES}
    for name in ours.intersection(client.list_tables()["TableNames"]):
        client.delete_table(TableName=name)
    _create_tables(client)
    for table in tables.TABLES:
        off = {
            "Enabled": False,
            "AttributeName": tables.TTL_ATTRIBUTE,
        }  # the tests' clocks stand still: to a server, all their items are past it
        client.update_time_to_live(TableName=tables.physical_name(STAGE, table.name), TimeToLiveSpecification=off)
    return client


@cache
def _client(url: str | None) -> Any:
    session = boto3.Session(KEY, "x", region_name=REGION)
    return session.client("dynamodb", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


def _create_tables(client: Any) -> None:
    for table in tables.TABLES:
        try:
            _create_table(client, table, STAGE)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UnknownOperationException":
                raise  # DynamoDB Local knows no point-in-time recovery, the last of a table's settings
