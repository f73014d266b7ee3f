"""Which commit is about to be deployed, as far as Git tells."""

from __future__ import annotations

import os
import subprocess  # nosec B404
from pathlib import Path

from chalicelib.version import SCHEMA
from ops.common import PROJECT
from ops.deploying.versions import Label

SHIPPED = ("app.py", "chalicelib", ".chalice", "requirements.txt", "vendor")


def label(build: str, source: Path = PROJECT) -> Label:
    """Of the last commit that touched what ships, and the digest of what was built."""
    told = _git(source, "log", "-1", "--format=%h %cd", "--abbrev=12", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--", *SHIPPED)
    commit, _, committed = told.partition(" ")
    return Label(commit or "unknown", committed or "unknown", build, SCHEMA)


def uncommitted(source: Path) -> list[str]:
    """What ships, or says what is deployed, and is changed or isn't in Git at all."""
    return [line[3:] for line in _git(source, "status", "--porcelain", "--", *SHIPPED, "alarms", "ops").splitlines()]


def _git(source: Path, *arguments: str) -> str:
    """Nothing where there is no Git, or no repository."""
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603 B607  our own arguments
            ["git", *arguments],  # noqa: S607
            cwd=source,
            env={**os.environ, "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.rstrip("\n") if done.returncode == 0 else ""
