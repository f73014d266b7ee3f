"""docs/extending.md is followed to the letter, each recipe on a copy of the project."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv*", ".scan", ".ministack", ".local", ".deploy", ".*cache*", ".hypothesis", "__pycache__", "mutants")
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_LINES = 20
PARTS = (part.partition("\n") for part in (ROOT / "docs" / "extending.md").read_text().split("\n## ")[1:])
RECIPES = {title: FENCE.findall(text) for title, _, text in PARTS if "```diff" in text}


def test_there_is_one_for_a_threshold_a_metric_a_section_and_a_source() -> None:
    assert [title.split()[-1] for title in RECIPES] == ["threshold", "has", "section", "source"]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_is_short(title: str) -> None:
    (change,) = (text for kind, text in RECIPES[title] if kind == "diff")
    assert len(re.findall(r"^\+(?!\+\+ )[ ]*\S", change, re.MULTILINE)) <= MOST_LINES


@pytest.mark.parametrize("title", RECIPES)
def test_whoever_follows_it_gets_what_it_says(title: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    for kind, text in RECIPES[title]:
        if kind == "diff":
            done = subprocess.run(["git", "apply", "-"], cwd=project, input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        elif kind == "python":
            follow(project, ["-W", "error", "-c", text])
        else:
            for line in text.splitlines():
                command, *arguments = shlex.split(line)
                assert command == "python"
                follow(project, arguments)


def follow(project: Path, arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
