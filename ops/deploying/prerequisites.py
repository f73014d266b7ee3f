"""What has to be so before anything is deployed: who and where, tools, the working tree, the configuration, one way per stage."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from alarms import policies
from chalicelib.domain import signals
from chalicelib.settings import Settings
from chalicelib.version import SCHEMA
from ops.common import PROJECT, RUNTIMES
from ops.deployed import Client, api_of, packaged
from ops.deploying.artifacts import Artifacts
from ops.deploying.commit import uncommitted

PACKAGED_STAGES = ("staging", "production")
"""Deployed with versions and a canary; dev by plain `chalice deploy`."""


def identity(client: Client) -> dict[str, str]:
    """Account and ARN of whoever deploys; SystemExit with what to do where nobody is signed in."""
    try:
        told = client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"AWS doesn't know who you are ({error}): set AWS_PROFILE, or sign in (`aws sso login`), and try again") from None
    return {"account": told["Account"], "arn": told["Arn"]}


def tools() -> str:
    """Python, by which Lambda's runtime is chosen, and Chalice; SystemExit where Lambda has no such Python."""
    if sys.version_info[:2] not in RUNTIMES:
        raise SystemExit(f"Python {sys.version.split()[0]}: Chalice deploys the runtime that it runs in, so use Python 3.11, 3.12 or 3.13")
    return f"Python {sys.version.split()[0]}, Chalice {version('chalice')}"


def tree(stage: str, source: Path = PROJECT) -> str:
    """Whether what ships is committed; production takes nothing else, as a version says which commit it is."""
    changed = uncommitted(source)
    if changed and stage == "production":
        raise SystemExit(f"not committed: {', '.join(changed[:5])}; production's versions name their commit, so commit first")
    return f"uncommitted: {', '.join(changed[:5])}" if changed else "all committed"


def configuration(stage: str, source: Path = PROJECT) -> Mapping[str, str]:
    """The stage's environment variables, which the app itself finds right, and policy files as the code says them."""
    told: dict[str, str] = json.loads((source / ".chalice" / "config.json").read_text())["stages"][stage]["environment_variables"]
    Settings.from_environment(told)
    for function in signals.FUNCTIONS:
        path = source / ".chalice" / policies.file_name(function, stage)
        if not path.exists() or path.read_text() != policies.text(function, stage):
            raise SystemExit(f"{path.name} isn't what alarms/policies.py says: run `python -m alarms.policies`, look at it, commit it")
    return told


def schema(artifacts: Artifacts, stage: str) -> None:
    """Code that couldn't read what newer code has stored isn't deployed over it: SystemExit."""
    stored = artifacts.stored_schema()
    if stored > SCHEMA:
        raise SystemExit(f"this code reads schema {SCHEMA}, and {stage} has stored schema {stored}, which it can't read: deploy newer code")


def one_way(client: Client, stage: str) -> None:
    """A stage is deployed by plain `chalice deploy` or packaged, never both: SystemExit with the way out."""
    if stage in PACKAGED_STAGES and not packaged(client, stage) and api_of(client, stage):
        raise SystemExit(
            f"{stage} was deployed by plain `chalice deploy`: go on with that, or take its functions away first"
            f" (`chalice delete --stage {stage}`; data stays) and deploy again"
        )
    if stage not in PACKAGED_STAGES and packaged(client, stage):
        raise SystemExit(f"{stage} was packaged: take that away first (`python -m ops.destroy --stage {stage}`; data stays)")
