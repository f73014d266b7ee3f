"""What cfn-lint and checkov have against a template, but for what is explained in scan/."""

from __future__ import annotations

import subprocess  # nosec B404
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from troposphere import Template

from alarms.stack import build

ROOT = Path(__file__).parents[1]
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
CHECKOV = ROOT / ".scan" / "checkov" / "bin" / "checkov"
"""In an environment of its own, which `make scan` makes."""
QUIETLY = ("--quiet", "--compact", "--skip-download")


class Looked(NamedTuple):
    """A template, and which of checkov's rules are left out for it, and why."""

    name: str
    template: Template
    skips: Path


PLAIN, ALL_OPTIONS = ROOT / "scan" / "checkov.yaml", ROOT / "scan" / "checkov-options.yaml"


def of_stage(stage: str) -> tuple[Looked, ...]:
    """Without options and with all of them."""
    return Looked(f"{stage}-plain", build(stage), PLAIN), Looked(f"{stage}-all-options", build(stage, True, True, True), ALL_OPTIONS)


def found(templates: Iterable[Looked], checkov: Path = CHECKOV) -> list[str]:
    """Everything that was found, in the tools' own words; that checkov isn't there is found, too."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {Path(folder) / f"{one.name}.json": one for one in templates}
        for path, one in paths.items():
            path.write_text(one.template.to_json(), encoding="utf-8")
        told = [_told([str(CFN_LINT), *map(str, paths)])]
        if checkov.exists():
            told += [_told([str(checkov), "--config-file", str(one.skips), "-f", str(path), *QUIETLY]) for path, one in paths.items()]
        else:
            told.append(f"checkov isn't installed ({checkov}): `make scan` installs it")
    return [one for one in told if one]


def _told(command: list[str]) -> str:
    """What a tool that found something says."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # nosec B603
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"{command[0]} failed"
