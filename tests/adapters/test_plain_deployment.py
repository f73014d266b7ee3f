"""A stage by plain `chalice deploy`, on moto: deployed, deployed again, put back, deleted."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.domain import signals
from local.aws import REGION, create_stack
from local.fakes.http import serve_moto
from ops.deployed import Client, api_of, packaged
from ops.deploying import plain
from ops.deploying.staging import Staged, staged
from ops.deploying.versions import Label, publish, releases
from tests.chalice_on_moto import chalice_on_moto
from tests.stack import PROJECT

STAGE, REQUIRED = "dev", "itsdangerous"
FIRST, SECOND = (Label(f"{number:07d}", "2026-11-26T09:00:00Z", f"{number:08x}", 1) for number in (1, 2))


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    clients: dict[str, Any] = {}
    with chalice_on_moto(), pytest.MonkeyPatch.context() as environment:
        served = serve_moto()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": REGION}
        for name, value in {"AWS_ENDPOINT_URL": served.url, **credentials}.items():
            environment.setenv(name, value)
        create_stack(stage=STAGE)
        yield lambda service: clients.setdefault(service, boto3.client(service, region_name=REGION))
        served.stop()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the smallest thing that it requires: all of it takes pip half a minute and says no more."""
    made = tmp_path_factory.mktemp("project")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(PROJECT / name, made / name, ignore=shutil.ignore_patterns("__pycache__", "deployments", "deployed"))
    shutil.copy(PROJECT / "app.py", made)
    (made / "requirements.txt").write_text(f"{REQUIRED}=={version(REQUIRED)}\n")
    return made


def deploy(client: Client, source: Path, label: Label, said: list[str]) -> Staged:
    project = staged(STAGE, REGION, {"AWS_ACCOUNT_ID": "123456789012"}, source)
    plain.apply(client, project, said.append)
    publish(client, STAGE, label)
    return project


def test_a_stage_is_deployed_again_only_where_it_changed_and_is_put_back_by_its_versions(client: Client, source: Path) -> None:
    said: list[str] = []
    project = deploy(client, source, FIRST, said)
    assert {one["FunctionName"] for one in client("lambda").list_functions()["Functions"]} == {
        function.deployed(STAGE) for function in signals.FUNCTIONS
    }
    api = api_of(client, STAGE)
    assert api is not None
    assert not packaged(client, STAGE)
    assert (source / project.record).exists(), "Chalice's record is where plain `chalice deploy` looks for it"
    first_code = archive_of(project)
    (first_layer,) = layers_of(client)

    deploy(client, source, SECOND, said)
    assert said == ["nothing has changed since the last deployment"]
    assert [one.label for one in releases(client, STAGE)] == [FIRST]

    (source / "chalicelib" / "version.py").write_text('VERSION = "2"\nSCHEMA = 1\n')
    deploy(client, source, SECOND, said)
    assert api_of(client, STAGE) == api
    found = releases(client, STAGE)
    assert [one.label for one in found] == [FIRST, SECOND]
    assert plain.answering(client, STAGE, found) == found[1]
    assert layers_of(client) != [first_layer]

    plain.put_back(client, STAGE, found[0], lambda link: first_code)
    assert plain.answering(client, STAGE, found) == found[0]
    assert layers_of(client) == [first_layer], "Chalice would have deleted it"
    for function in signals.FUNCTIONS:
        now = client("lambda").get_function_configuration(FunctionName=function.deployed(STAGE))
        then = client("lambda").get_function_configuration(
            FunctionName=function.deployed(STAGE), Qualifier=found[0].versions[function.name]
        )
        assert now["CodeSha256"] == then["CodeSha256"]
        assert now["Environment"] == then["Environment"]

    deploy(client, source, SECOND, said)  # isn't taken for one that changes nothing
    now = plain.answering(client, STAGE, releases(client, STAGE))
    assert now is not None
    assert now.label == SECOND

    staged(STAGE, REGION, {}, source).delete()
    assert client("lambda").list_functions()["Functions"] == []
    assert api_of(client, STAGE) is None
    assert not (source / project.record).exists()
    assert client("dynamodb").list_tables()["TableNames"], "its data stays"
    with pytest.raises(SystemExit, match="or was from another machine"):
        staged(STAGE, REGION, {}, source).delete()


def layers_of(client: Client) -> list[str]:
    """Those of the API's function that are still there."""
    told = client("lambda").get_function_configuration(FunctionName=signals.API.deployed(STAGE))
    arns = [layer["Arn"] for layer in told["Layers"]]
    names = {arn.split(":")[6] for arn in arns}
    kept = {one["LayerVersionArn"] for name in names for one in client("lambda").list_layer_versions(LayerName=name)["LayerVersions"]}
    return [arn for arn in arns if arn in kept]


def archive_of(project: Staged) -> bytes:
    (archive,) = [
        path for path in (project.project / ".chalice" / "deployments").glob("*.zip") if "app.py" in zipfile.ZipFile(path).namelist()
    ]
    return archive.read_bytes()
