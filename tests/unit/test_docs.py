"""Docs and code agree: routes, parameters, errors, variables, commands, tables and targets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from alarms.logs import QUERIES
from alarms.stack import build
from chalicelib.domain.template import OF_TYPE, SECTIONS
from chalicelib.routes import errors
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.stores.choices import CHOICE
from chalicelib.usecases.questions import anomalies, compliance, costs, usage
from chalicelib.usecases.reports import request
from chalicelib.version import VERSION

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
EVERYTHING = "\n".join(path.read_text() for path in PAGES)


def test_every_route_is_documented_and_every_documented_route_is_there() -> None:
    script = "import app; print('\\n'.join(f'{m} {p}' for p, ms in app.app.routes.items() for m in ms))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={"STAGE": "dev", "PATH": ""}, capture_output=True, text=True, timeout=30, check=True
    )
    assert set(done.stdout.split("\n")) - {""} == set(re.findall(r"^\| `((?:GET|POST|DELETE|PATCH|PUT) /[^`]*)` \|", API, re.MULTILINE))


def test_every_parameter_is_documented_and_every_documented_one_is_known() -> None:
    table = API.split("## Parameters")[1].split("\n\n")[1]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    lists = [
        value
        for module in (usage, anomalies, compliance, costs, request)
        for name, value in vars(module).items()
        if name.endswith("_PARAMETERS")
    ]
    assert named == {parameter for parameters in lists for parameter in parameters}


def test_every_status_with_its_codes_is_documented() -> None:
    documented = {int(status) for status in re.findall(r"^\| (\d{3}) \|", API, re.MULTILINE)}
    assert documented == set(errors.TITLES)


def test_every_code_of_an_error_is_documented() -> None:
    for kind in errors.STATUS:
        assert f"`{kind.code}`" in API or kind.__name__ == "SourceUnavailable", kind


def test_every_section_of_a_template_is_documented_with_its_fields() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ((?:`[a-z_]+`(?:, )?)*) \|$", API.split("## Templates")[1].split("##")[0], re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", fields)) for name, fields in rows} == {name: kind.fields for name, kind in SECTIONS.items()}


def test_every_template_of_a_type_is_documented() -> None:
    table = API.split("## Reports")[1].split("\n\n")[2].splitlines()[2:]
    told = {row.split("`")[1]: tuple(name for name in re.findall(r"`([a-z-]+)`", row.split("|")[2])) for row in table}
    assert told.pop("custom") == ()
    assert told == OF_TYPE


class Read(dict[str, str]):
    """An environment that notes what it is asked for."""

    names: ClassVar[set[str]] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_every_variable_is_documented_and_read() -> None:
    read = Read({"STAGE": "dev"})
    Settings.from_environment(read)
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", OPERATIONS, re.MULTILINE))
    assert documented == read.names - {"AWS_REGION", "AWS_DEFAULT_REGION"}


COMMANDS = sorted(set(re.findall(r"python -m (ops\.[a-z]+|alarms(?:\.policies)?)", EVERYTHING)))


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_in_the_docs_is_there(module: str) -> None:
    path = ROOT / Path(*module.split("."))
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def test_every_command_is_in_the_docs() -> None:
    there = {f"ops.{path.stem}" for path in (ROOT / "ops").glob("*.py") if '"__main__"' in path.read_text()}
    assert there <= set(COMMANDS)


def test_every_make_target_in_the_docs_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", EVERYTHING)) <= targets


def test_every_kind_of_row_is_in_the_architecture() -> None:
    source = (ROOT / "chalicelib" / "stores" / "metrics.py").read_text()
    text = (ROOT / "docs" / "architecture.md").read_text()
    for kind in [*re.findall(r'"((?:usage|cost|compliance)-[a-z]+#|drop#|findings#)"', source), CHOICE]:
        assert f"`{kind}`" in text
    assert tables.METRICS.name == "metrics"


def test_every_alarm_is_in_the_runbook_and_every_one_in_the_runbook_is_there() -> None:
    resources = json.loads(build("production").to_json())["Resources"].values()
    there = {one["Properties"]["AlarmName"].removeprefix("securebase-production-analytics-") for one in resources if "Alarm" in one["Type"]}
    table = OPERATIONS.split("### Alarms")[1].split("\n\n")[2]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z0-9-]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(there)


def test_every_saved_query_is_in_the_runbook_and_the_runbook_names_no_other() -> None:
    watch = OPERATIONS.split("## Watch")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", watch.split("### Log")[1], re.MULTILINE) == [query.name for query in QUERIES]
    asked = {name for named in re.findall(r"query ((?:`[a-z-]+`(?:, then )?)+)", watch) for name in re.findall(r"`([a-z-]+)`", named)}
    assert asked <= {query.name for query in QUERIES}
    assert asked


def test_links_between_the_docs_lead_somewhere() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_promise_of_security_names_what_holds_it() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    rows = [
        row.split("|")[1:4] for row in text.split("## What is promised")[1].split("## What is not")[0].splitlines() if row.startswith("| ")
    ]
    assert len(rows) > 15
    for _, promise, held in rows[2:]:
        assert "`" in held, promise
    for path in re.findall(r"`((?:tests|scan)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path


def test_every_test_that_the_docs_name_is_there() -> None:
    for named in re.findall(r"`(tests/[\w/]+\.py)`", EVERYTHING):
        assert (ROOT / named).is_file(), named


def test_no_promise_is_without_what_holds_it() -> None:
    table = (ROOT / "README.md").read_text().split("### What it promises, and what holds it")[1].split("\n\n")[1]
    for row in table.splitlines()[2:]:
        promise, _, held_by = row.strip("| ").split(" | ")
        assert re.search(r"`(tests/\S+\.py|python -m bench \w+|make \w+)`", held_by), promise


def test_the_version_is_the_same_everywhere() -> None:
    told = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    newest = re.search(r"^## (\S+) \(20\d\d-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert told
    assert newest
    assert VERSION == told[1] == newest[1]


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/check.yml"])
def test_every_ci_runs_the_whole_check(path: str) -> None:
    assert re.search(r"^ *(- run: )?make check$", (ROOT / path).read_text(), re.MULTILINE)
