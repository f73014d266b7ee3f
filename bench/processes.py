"""Sides that are processes of their own: each prints what it measured as a JSON object."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.canned import ROOT


def said_by(module: str, *arguments: object) -> dict[str, float]:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    said: dict[str, float] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return said
