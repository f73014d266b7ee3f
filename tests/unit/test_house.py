"""The house itself: what may stand where, as far as import-linter can't see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_app_is_a_table_of_contents() -> None:
    source = (ROOT / "app.py").read_text()
    assert len(source.splitlines()) <= 80
    assert "boto3" not in source


def test_importing_the_app_loads_no_renderer_and_makes_no_client() -> None:
    script = "import sys, app; print([m for m in ('reportlab', 'openpyxl', 'jwt', 'moto', 'troposphere') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={"STAGE": "dev", "PATH": ""}, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_dependency_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-ministack.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r"))]
        assert all("==" in line for line in lines), name


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("chalicelib", "alarms", "local", "ops")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 250
    }
    assert not long
