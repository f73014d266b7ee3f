"""The house itself: what may stand where, as far as import-linter can't see it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

import pytest

from docs.house import PAGE, PARTS, asked, functions
from docs.modules import MAP, length, modules, sources

ROOT = Path(__file__).parents[2]
SCANNERS = sorted((ROOT / "scan").glob("*.txt"))


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


@pytest.mark.parametrize(
    "name", ["requirements", "requirements-dev", "requirements-ministack", *(f"scan/{path.stem}" for path in SCANNERS)]
)
def test_every_dependency_is_pinned_with_hashes(name: str) -> None:
    pinned = re.findall(r"^([^\s#].*?)( \\\n    --hash=sha256:[0-9a-f]{64})+$", (ROOT / f"{name}.txt").read_text(), re.MULTILINE)
    lines = [line for line in (ROOT / f"{name}.txt").read_text().splitlines() if line and not line.startswith((" ", "#"))]
    assert lines
    assert [line.removesuffix(" \\") for line in lines] == [requirement for requirement, _ in pinned]
    assert all("==" in line for line in lines)
    assert (ROOT / f"{name}.in").exists(), "what it was made from"


def test_what_is_shipped_is_what_was_asked_for_and_what_that_needs() -> None:
    """Nothing that development needs, and no index or path of the machine that pinned it."""
    text = (ROOT / "requirements.txt").read_text()
    assert {name.casefold() for name in asked()} <= {line.partition("==")[0].casefold() for line in text.splitlines() if "==" in line}
    assert not re.search(r"^(--|-)(extra-)?(index|find|i|f)", text, re.MULTILINE)


def test_licences_are_listed_for_all_that_is_shipped() -> None:
    listed = set(re.findall(r"^\| (\S+) +\| (\S+) +\|", (ROOT / "docs" / "licences.md").read_text(), re.MULTILINE)) - {("Name", "Version")}
    pinned = re.findall(r"^(\S+)==(\S+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    folded = {(name.casefold().replace("_", "-"), version) for name, version in listed if not name.startswith("-")}
    assert folded == {(name.casefold().replace("_", "-"), version) for name, version in pinned}


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("chalicelib", "alarms", "local", "ops")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 250
    }
    assert not long


def test_half_of_all_modules_and_functions_are_short() -> None:
    ours = [path for part in PARTS if part != "tests" for path in sources(part) if length(path)]
    assert median(map(length, ours)) <= 150
    found = [one.lines for path in ours for one in functions(path)]
    assert median(found) <= 15
    assert quantiles(found, n=100)[-1] <= 40


def test_every_module_has_its_line_in_the_docs() -> None:
    assert MAP.read_text() == "\n".join(modules()) + "\n", "python -m docs.modules writes it"


def test_the_numbers_in_the_docs_are_about_what_they_are() -> None:
    """They needn't be made anew with every commit."""
    told = re.findall(r"^\| `([\w./]+)` \| (\d+) \| ([\d,]+) \|", PAGE.read_text(), re.MULTILINE)
    assert [part for part, _, _ in told] == list(PARTS)
    for part, count, lines in told:
        paths = [path for path in sources(part) if length(path)]
        assert int(count) == pytest.approx(len(paths), rel=0.1), f"{part}: make house counts anew"
        assert int(lines.replace(",", "")) == pytest.approx(sum(map(length, paths)), rel=0.1)


def test_it_is_said_why_each_dependency_is_there() -> None:
    told = dict(re.findall(r"^\| ([\w.-]+) \| [\w.]+ \| (.+) \|$", PAGE.read_text(), re.MULTILINE))
    assert told == asked()
    lines = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(asked()), "each has its reason behind it"
