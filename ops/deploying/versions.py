"""Releases: what each function's published versions say of themselves, which one answers, and moving all functions together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from ops.deployed import LIVE, Client, app_stack, packaged

_LABEL = re.compile(r"release ([0-9a-f]{7,40}|unknown) of (\S+), build ([0-9a-f]{8}), schema (\d+)")

VERSION = "AWS::Lambda::Version"


@dataclass(frozen=True)
class Label:
    """Of which commit a version is, when that was made, what was built of it (also of what wasn't committed), and the schema of what it
    stores."""

    commit: str
    committed: str
    build: str
    schema: int

    def __str__(self) -> str:
        return f"release {self.commit} of {self.committed}, build {self.build}, schema {self.schema}"

    @property
    def id(self) -> str:
        return f"{self.commit}-{self.build}"

    @staticmethod
    def parsed(text: str) -> Label | None:
        """None for versions that weren't published by ops.deploy."""
        found = _LABEL.fullmatch(text)
        return Label(found[1], found[2], found[3], int(found[4])) if found else None


@dataclass(frozen=True)
class Release:
    """The versions that were published together, by function; `number` is the API's."""

    label: Label
    versions: dict[str, str] = field(compare=False)
    published: str = ""

    @property
    def number(self) -> str:
        return self.versions[signals.API.name]

    def named(self, text: str) -> bool:
        return text == self.number or (len(text) >= 7 and self.label.commit.startswith(text))


def releases(client: Client, stage: str) -> list[Release]:
    """Oldest first. A function that a release didn't change has in it the version of before."""
    by_function = {function.name: list(_versions(client, function.deployed(stage))) for function in signals.FUNCTIONS}
    found, seen = [], Counter[str]()
    for version in by_function[signals.API.name]:
        told = version.get("Description", "")
        seen[told] += 1
        label = Label.parsed(told)
        if label:
            at = {name: _counterpart(versions, version, seen[told]) for name, versions in by_function.items()}
            found.append(Release(label, {**at, signals.API.name: version["Version"]}, version["LastModified"]))
    return found


def _counterpart(versions: list[dict[str, Any]], of: dict[str, Any], time: int) -> str:
    """A function's version of the same release as the API's version `of`, which has its label for the `time`-th time."""
    same = [one["Version"] for one in versions if one.get("Description") == of["Description"]]
    before = [one["Version"] for one in versions if one["LastModified"] <= of["LastModified"]]
    return str(same[min(time, len(same)) - 1] if same else (before or [versions[0]["Version"]])[-1])


def _versions(client: Client, name: str) -> Iterator[dict[str, Any]]:
    """Published ones, oldest first, without $LATEST; nothing of a function that isn't there."""
    try:
        pages = list(client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=name))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return
        raise
    numbered = [one for page in pages for one in page["Versions"] if one["Version"].isdigit()]
    yield from sorted(numbered, key=lambda one: int(one["Version"]))


def live(client: Client, stage: str) -> dict[str, str]:
    """The version that LIVE has, by function; functions without the alias aren't in it."""
    found = {}
    for function in signals.FUNCTIONS:
        try:
            found[function.name] = client("lambda").get_alias(FunctionName=function.deployed(stage), Name=LIVE)["FunctionVersion"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
    return found


def of_stack(client: Client, stage: str) -> dict[str, str]:
    """The version to which the stage's stack set LIVE last, by function; nothing where there is no stack yet."""
    if not packaged(client, stage):
        return {}
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=app_stack(stage))
    there = [one for page in pages for one in page["StackResourceSummaries"] if not one["ResourceStatus"].startswith("DELETE")]
    arns = [one["PhysicalResourceId"] for one in there if one["ResourceType"] == VERSION]
    numbers = {name: number for *_, name, number in (arn.split(":") for arn in arns)}
    return {function.name: numbers[function.deployed(stage)] for function in signals.FUNCTIONS if function.deployed(stage) in numbers}


def move(client: Client, stage: str, to: dict[str, str]) -> None:
    """Points LIVE of every function at its version, with all of the traffic; all of them or, where one can't be moved, none."""
    before = live(client, stage)
    moved: list[str] = []
    try:
        for name, version in to.items():
            point(client, stage, name, version)
            moved.append(name)
    except ClientError:
        for name in moved:
            point(client, stage, name, before[name])
        raise


def point(client: Client, stage: str, name: str, version: str) -> None:
    function = next(one for one in signals.FUNCTIONS if one.name == name)
    client("lambda").update_alias(
        FunctionName=function.deployed(stage), Name=LIVE, FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": {}}
    )


def publish(client: Client, stage: str, label: Label) -> dict[str, str]:
    """A version of every function as it is now; one that is as it was at its last version gets no other (Lambda sees to that)."""
    published = {}
    for function in signals.FUNCTIONS:
        made = client("lambda").publish_version(FunctionName=function.deployed(stage), Description=str(label))
        published[function.name] = made["Version"]
    return published


def newest_schema(after: Iterable[Release]) -> int:
    """The highest schema that anything was stored in by the given releases."""
    return max((release.label.schema for release in after), default=0)
