"""A hundred connections at once to the laptop's server, beside as many that ask for what needs no customer."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench.canned import ROOT
from bench.case import Bench
from bench.measure import Row

AT_ONCE, ROUNDS, LIMIT = 100, 9, 5
PATIENCE, READY = 15.0, 120.0
PATH = "/analytics/usage?period=30d"
Exchange = tuple[bytes, float]
"""(the whole answer, b"" where there was none; seconds from connecting to the last byte)"""


def run(bench: Bench) -> Iterator[Row]:
    with _served() as (url, keys):
        bare, ours = [], []
        for _ in range(ROUNDS):
            bare.append(p95(at_once(url, ["/health"] * AT_ONCE, [""] * AT_ONCE)))
            ours.append(p95(at_once(url, [PATH] * AT_ONCE, [keys[number % len(keys)] for number in range(AT_ONCE)])))
    yield Row("100 at once, kept usage, p95 / the same of /health", median(a / b for a, b in zip(ours, bare, strict=True)), "x", LIMIT)
    yield Row("  usage, p95", 1000 * median(ours), " ms")
    yield Row("  /health, p95", 1000 * median(bare), " ms")


def at_once(url: str, paths: Sequence[str], keys: Sequence[str]) -> list[Exchange]:
    """A connection per path, all at the same moment; a key of "" isn't sent."""

    async def all_of_them() -> list[Exchange]:
        return list(await asyncio.gather(*(_exchange(url, path, key) for path, key in zip(paths, keys, strict=True))))

    return asyncio.run(all_of_them())


async def _exchange(base_url: str, path: str, key: str) -> Exchange:
    """One request, no library's threads in the way of the clock."""
    url, started = urlsplit(base_url), time.perf_counter()
    secure = url.scheme == "https"
    header = f"X-API-Key: {key}\r\n" if key else ""
    head = f"GET {url.path}{path} HTTP/1.0\r\nHost: {url.netloc}\r\n{header}Connection: close\r\n\r\n"
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(url.hostname, url.port or (443 if secure else 80), ssl=secure or None)
            try:
                writer.write(head.encode())
                answer = await reader.read(-1)
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return b"", PATIENCE
    return answer, time.perf_counter() - started


def p95(exchanges: Sequence[Exchange]) -> float:
    return sorted(seconds for _, seconds in exchanges)[len(exchanges) * 95 // 100 - 1]


@contextmanager
def _served() -> Iterator[tuple[str, list[str]]]:
    """(address, a key per demo customer) of a `make run` of its own, without limits of how often one may ask."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "STAGE"}
        environment |= {"PORT": str(port), "QUERIES_A_MINUTE": "1000000"}
        command = [sys.executable, "-m", "local", "run", "--folder", folder]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout
            if not any(line.rstrip().endswith("ready") for line in process.stdout):
                raise RuntimeError("the laptop's server ended before it was ready")
            found = json.loads((Path(folder) / "credentials.json").read_text())
            yield found["base_url"], [one["api_key"] for one in found["customers"]]
        finally:
            process.terminate()
            process.wait()
