"""Every command that the docs tell can be typed as it stands there: its own parser takes it."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore import xform_name
from chalice.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(page.read_text() for page in PAGES)
ACCOUNT = "123456789012"
MEANT = {"S": "dev", "N": "Name", "C": "acme", "A": ACCOUNT, "ID": "0123456789abcdef", "NUMBER:HASH": f"1:{'0' * 64}"}
"""What a reader puts where the docs have a capital."""
OF_THE_CLI_ITSELF = {
    ("sso", "login"): set(),
    ("logs", "tail"): {"--follow"},
    ("cloudformation", "deploy"): {"--template-file", "--stack-name", "--s3-bucket", "--capabilities", "--tags"},
}
"""The AWS CLI's commands that are no operation of a service."""
EVERYWHERE = {"--cli-binary-format", "--region", "--profile", "--output"}


def spans(start: str) -> list[str]:
    """Code that begins so, in a sentence or a block; of alternatives the first."""
    told = [
        *re.findall(r"`([^`\n]+)`", TEXT),
        *(line for block in re.findall(r"```\w*\n(.*?)```", TEXT, re.S) for line in block.splitlines()),
    ]
    clean = (line.removeprefix("$ ").partition("  #")[0].partition(" > ")[0].strip() for line in told)
    return sorted({re.sub(r"(\w+)\|[\w|]+", r"\1", line) for line in clean if line.startswith(start)})


class Parsed(Exception):
    """A parser took what was typed."""


PYTHON = [line for line in spans("python -m ") if not re.search(r"-m (bench|tests|docs|pytest|venv|pip)", line)]


@pytest.mark.parametrize("line", PYTHON)
def test_a_command_of_ours_is_taken_by_its_parser(line: str) -> None:
    words = [MEANT.get(word, word) for word in shlex.split(line)[2:] if word != "..."]
    name, arguments = words[0], [word.strip("[]") for word in words[1:]]
    if not arguments and name in MEANT_ALONE:
        return
    module = importlib.import_module(f"{name}.__main__" if name == "alarms" else name)
    parse = argparse.ArgumentParser.parse_args

    def parsed(parser: argparse.ArgumentParser, *given: Any) -> None:
        parse(parser, *given)
        raise Parsed

    with patch.object(argparse.ArgumentParser, "parse_args", parsed), patch.object(sys, "argv", [name, *arguments]), pytest.raises(Parsed):
        getattr(module, "command", getattr(module, "main", None))()


MEANT_ALONE = {word.split()[2] for word in PYTHON if len(word.split()) == 3}
"""Named in a sentence, without what has to be typed with it."""


@pytest.mark.parametrize("line", spans("aws "))
def test_a_command_of_the_aws_cli_is_an_operation_with_these_parameters(line: str) -> None:
    _, service, operation, *rest = shlex.split(line)
    options = {word for word in rest if word.startswith("--")} - EVERYWHERE
    if (service, operation) in OF_THE_CLI_ITSELF:
        assert options <= OF_THE_CLI_ITSELF[service, operation]
        return
    model = botocore.session.get_session().get_service_model(service)
    shapes = {xform_name(name, "-"): model.operation_model(name).input_shape for name in model.operation_names}
    known = {f"--{xform_name(member, '-')}" for member in shapes[operation].members}
    assert options <= known


@pytest.mark.parametrize("line", spans("chalice "))
def test_a_command_of_chalice_has_these_options(line: str) -> None:
    _, name, *rest = shlex.split(line)
    known = {option for parameter in cli.commands[name].params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_there_are_commands_to_look_at() -> None:
    assert len(PYTHON) > 30
    assert {"aws logs tail /aws/lambda/securebase-S --follow"} <= set(spans("aws "))
