"""`python -m alarms --check`: what cfn-lint and checkov find, in their words, and an end that says so."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from troposphere import Template

from alarms import __main__ as command
from alarms import checks


def tool(folder: pathlib.Path, script: str) -> pathlib.Path:
    """Stands for checkov."""
    made = folder / "checkov"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(0o755)
    return made


def test_a_template_that_nobody_has_anything_against_is_no_find(tmp_path: pathlib.Path) -> None:
    assert checks.found(checks.of_stage("dev"), tool(tmp_path, "exit 0")) == []


def test_what_checkov_finds_is_told_of_the_plain_template_and_of_the_one_with_all_options(tmp_path: pathlib.Path) -> None:
    told = checks.found(checks.of_stage("dev"), tool(tmp_path, 'echo "$2 $4"; exit 1'))
    assert [[pathlib.Path(part).name for part in one.split()] for one in told] == [
        ["checkov.yaml", "dev-plain.json"],
        ["checkov-options.yaml", "dev-all-options.json"],
    ]


def test_what_cfn_lint_finds_is_told(tmp_path: pathlib.Path) -> None:
    class Broken(Template):
        def to_json(self) -> str:
            return '{"Resources": {"A": {"Type": "AWS::No::Such"}}}'

    (told,) = checks.found([checks.Looked("broken", Broken(), checks.PLAIN)], tool(tmp_path, "exit 0"))
    assert "AWS::No::Such" in told


def test_without_checkov_it_says_so_in_one_line_and_ends_badly(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(command, "found", lambda templates: checks.found(templates, tmp_path / "checkov"))
    monkeypatch.setattr(sys, "argv", ["alarms", "--stage", "dev", "--check"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert str(ended.value) == f"checkov isn't installed ({tmp_path / 'checkov'}): `make scan` installs it"


def test_every_rule_that_is_left_out_says_why() -> None:
    for skips in (checks.PLAIN, checks.ALL_OPTIONS):
        rules = [line for line in skips.read_text().splitlines() if line.startswith("  - ")]
        assert rules
        assert all("  # " in rule for rule in rules)


def test_the_makefile_has_no_second_way() -> None:
    text = (checks.ROOT / "Makefile").read_text()
    assert "cfn-lint " not in text.replace("cfn-lint and checkov", "")
    assert "bin/checkov" not in text


def test_it_runs_as_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "alarms", "--help"], cwd=checks.ROOT, capture_output=True, text=True, check=True)
    assert "--check" in done.stdout
