"""What cfn-lint and checkov have against a stage's template, but for what is explained in scan/."""

from __future__ import annotations

import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from alarms.stack import build

ROOT = Path(__file__).parents[1]
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
CHECKOV = ROOT / ".scan" / "checkov" / "bin" / "checkov"
"""In an environment of its own, which `make scan` makes."""
QUIETLY = ("--quiet", "--compact", "--skip-download")


class Kind(NamedTuple):
    """A template with or without all options, and which of checkov's rules are left out for it, and why."""

    name: str
    options: bool
    skips: Path


KINDS = (Kind("plain", False, ROOT / "scan" / "checkov.yaml"), Kind("all-options", True, ROOT / "scan" / "checkov-options.yaml"))


def found(stage: str, checkov: Path = CHECKOV) -> list[str]:
    """Everything that was found, in the tools' own words; that checkov isn't there is found, too."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: Path(folder) / f"{stage}-{kind.name}.json" for kind in KINDS}
        for kind, path in paths.items():
            path.write_text(build(stage, kind.options, kind.options, kind.options).to_json(), encoding="utf-8")
        told = [_told([str(CFN_LINT), *map(str, paths.values())])]
        if checkov.exists():
            told += [_told([str(checkov), "--config-file", str(kind.skips), "-f", str(path), *QUIETLY]) for kind, path in paths.items()]
        else:
            told.append(f"checkov isn't installed ({checkov}): `make scan` installs it")
    return [one for one in told if one]


def _told(command: list[str]) -> str:
    """What a tool that found something says."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # nosec B603
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"{command[0]} failed"
