"""A stage by plain `chalice deploy`: its functions answer as they are ($LATEST), and what was published of them can be put back."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from ops.deployed import Client, api_of
from ops.deploying.staging import Staged, digest
from ops.deploying.versions import Release

BUILD = "Build"
"""The tag of the API's function that has the digest of what was deployed last."""
COPIED = ("Runtime", "Handler", "Timeout", "MemorySize", "Role", "TracingConfig")
"""What of a version's configuration is put back as it is told."""


def apply(client: Client, project: Staged, say: Callable[[str], None]) -> None:
    """`chalice deploy`, unless exactly this is what was deployed last: Chalice itself would make everything anew."""
    build = digest(project.project)
    if _tag(client, project.stage) == build and api_of(client, project.stage):
        say("nothing has changed since the last deployment")
        return
    if api_of(client, project.stage) and not (project.source / project.record).exists():
        raise SystemExit(f"{project.stage} was deployed from another machine: bring its {project.record}, or there would be a second API")
    project.deploy()
    _mark(client, project.stage, build)


def _tag(client: Client, stage: str) -> str | None:
    try:
        found = client("lambda").get_function(FunctionName=signals.API.deployed(stage))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return dict(found.get("Tags", {})).get(BUILD)


def _mark(client: Client, stage: str, build: str) -> None:
    arn = client("lambda").get_function(FunctionName=signals.API.deployed(stage))["Configuration"]["FunctionArn"]
    client("lambda").tag_resource(Resource=arn, Tags={BUILD: build})


def answering(client: Client, stage: str, releases: list[Release]) -> Release | None:
    """The newest release that the API's function is like."""
    name = signals.API.deployed(stage)
    now = _identity(client("lambda").get_function_configuration(FunctionName=name))
    for release in reversed(releases):
        if _identity(client("lambda").get_function_configuration(FunctionName=name, Qualifier=release.number)) == now:
            return release
    return None


def _identity(configuration: dict[str, Any]) -> tuple[Any, ...]:
    layers = [layer["Arn"] for layer in configuration.get("Layers", [])]
    return configuration["CodeSha256"], layers, configuration.get("Environment", {}).get("Variables")


def downloaded(link: str) -> bytes:
    """What is behind the link that Lambda gives to a version's code."""
    with urllib.request.urlopen(link, timeout=30) as answer:  # noqa: S310  # nosec B310  AWS's own
        content: bytes = answer.read()
    return content


def put_back(client: Client, stage: str, to: Release, get: Callable[[str], bytes] = downloaded) -> None:
    """Every function's code and configuration as the release has them, all at once; the first that fails is raised when all have ended."""
    _mark(client, stage, "rolled-back")  # so that the next deployment isn't taken for one that changes nothing
    with ThreadPoolExecutor(len(signals.FUNCTIONS)) as pool:
        done = [pool.submit(_put_back, client, function.deployed(stage), to.versions[function.name], get) for function in signals.FUNCTIONS]
    for each in done:
        each.result()


def _put_back(client: Client, name: str, version: str, get: Callable[[str], bytes]) -> None:
    functions = client("lambda")
    found = functions.get_function(FunctionName=name, Qualifier=version)
    code = get(found["Code"]["Location"])
    configuration = found["Configuration"]
    functions.update_function_configuration(
        FunctionName=name,
        Environment={"Variables": configuration.get("Environment", {}).get("Variables", {})},
        Layers=[layer["Arn"] for layer in configuration.get("Layers", [])],
        **{key: configuration[key] for key in COPIED if key in configuration},
    )
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    functions.update_function_code(FunctionName=name, ZipFile=code)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
