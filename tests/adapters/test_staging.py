"""What is given to Chalice: what ships, the stage's outputs, tags, and X-Ray where it is asked for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from alarms.policies import file_name, policy
from chalicelib.domain import signals
from ops.deploying import commit, prerequisites
from ops.deploying.staging import XRAY, staged


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "app.py").write_text("app")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / ".chalice").mkdir()
    functions = {function.name: {"lambda_timeout": function.timeout} for function in signals.FUNCTIONS}
    config = {"stages": {"staging": {"environment_variables": {"STAGE": "staging"}, "lambda_functions": functions}}}
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))
    for function in signals.FUNCTIONS:
        (tmp_path / ".chalice" / file_name(function, "staging")).write_text(json.dumps(policy(function, "staging")))
    return tmp_path


def config_of(project: Path) -> dict:
    return json.loads((project / ".chalice" / "config.json").read_text())["stages"]["staging"]


def test_outputs_and_tags_are_in_the_copy_alone(source: Path) -> None:
    before = (source / ".chalice" / "config.json").read_text()
    made = staged("staging", "eu-west-1", {"AWS_ACCOUNT_ID": "1", "CUSTOMER_ROLE_ARN": "arn"}, source)
    config = config_of(made.project)
    release = {"RELEASE": str(made.label)}
    assert config["environment_variables"] == {"STAGE": "staging", "AWS_ACCOUNT_ID": "1", "CUSTOMER_ROLE_ARN": "arn", **release}
    assert {settings["tags"]["Component"] for settings in config["lambda_functions"].values()} == {one.name for one in signals.FUNCTIONS}
    assert (source / ".chalice" / "config.json").read_text() == before


def test_what_is_gone_from_the_source_is_gone_from_the_copy_but_not_what_chalice_built(source: Path) -> None:
    (source / "chalicelib" / "old.py").write_text("")
    made = staged("staging", "eu-west-1", {}, source)
    built = made.project / ".chalice" / "deployments" / "built.zip"
    built.parent.mkdir()
    built.write_text("")
    (source / "chalicelib" / "old.py").unlink()
    staged("staging", "eu-west-1", {}, source)
    assert not (made.project / "chalicelib" / "old.py").exists()
    assert built.exists()


@pytest.mark.parametrize("on", [True, False])
def test_functions_may_write_traces_where_the_stage_has_x_ray_on(source: Path, on: bool) -> None:
    path = source / ".chalice" / "config.json"
    told = json.loads(path.read_text())
    told["stages"]["staging"]["xray"] = on
    path.write_text(json.dumps(told))
    made = staged("staging", "eu-west-1", {}, source)
    for function in signals.FUNCTIONS:
        statements = json.loads((made.project / ".chalice" / file_name(function, "staging")).read_text())["Statement"]
        assert (XRAY in statements) is on


def git(source: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], cwd=source, check=True, capture_output=True)


def test_a_release_is_called_by_the_last_commit_that_touched_what_ships(source: Path) -> None:
    git(source, "init", "-q")
    git(source, "add", "app.py")
    git(source, "commit", "-qm", "ships")
    label = commit.label("0123abcd", source)
    (source / "README.md").write_text("doesn't ship")
    git(source, "add", "README.md")
    git(source, "commit", "-qm", "doesn't")
    assert commit.label("0123abcd", source) == label
    (source / "app.py").write_text("other")
    assert commit.uncommitted(source) == ["app.py", ".chalice/", "requirements.txt"]
    git(source, "commit", "-qam", "ships again")
    assert commit.label("0123abcd", source) != label
    assert label.committed.endswith("Z")


def test_what_is_not_committed_makes_another_build_of_the_same_commit(source: Path) -> None:
    first = staged("staging", "eu-west-1", {}, source).label
    assert staged("staging", "eu-west-1", {}, source).label == first
    (source / "app.py").write_text("changed")
    assert staged("staging", "eu-west-1", {}, source).label.build != first.build


def test_without_git_a_release_is_unknown(source: Path) -> None:
    assert (commit.label("0123abcd", source).commit, commit.uncommitted(source)) == ("unknown", [])


def test_production_takes_nothing_that_is_not_committed(source: Path) -> None:
    git(source, "init", "-q")
    with pytest.raises(SystemExit, match=r"not committed: .*app\.py"):
        prerequisites.tree("production", source)
    assert "uncommitted" in prerequisites.tree("staging", source)


def test_a_policy_file_that_is_not_what_the_code_says_stops_it(source: Path) -> None:
    with pytest.raises(SystemExit, match=r"policy-api-staging.json isn't what alarms/policies.py says"):
        prerequisites.configuration("staging", source)
    assert prerequisites.configuration("production")["STAGE"] == "production"
