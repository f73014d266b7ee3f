"""The chromium of the browser tests: one that is there, else Debian's, installed where that can be done (`python -m tests.chromium`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "chromium-sandbox")
NON_INTERACTIVE = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
MISSING = "the browser tests need chromium: `apt-get install chromium chromium-sandbox` as root, or CHROMIUM=/path/to/one"


def found() -> str | None:
    """The one that CHROMIUM names, and no other, where it is set."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, (named,) if named else NAMES)), None)


def install() -> None:
    """As root, or as one who may become root without being asked; otherwise it does nothing."""
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    if os.environ.get("CHROMIUM") or not all(map(shutil.which, (*as_root[:1], "apt-get"))):
        return
    print("installing chromium for the tests (first use)", flush=True)
    for step in (("update",), ("install", "--yes", "--no-install-recommends", *PACKAGES)):
        done = subprocess.run([*as_root, *NON_INTERACTIVE, *step], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"apt-get {step[0]}: {done.stderr.strip()[-1000:]}", file=sys.stderr)


def main() -> int:
    if not found():
        install()
    if not found():
        print(MISSING, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
