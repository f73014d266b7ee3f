"""The project as it is deployed: what ships of the working tree, in a folder of its own, with the stage's outputs in its configuration."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarms.policies import file_name
from alarms.tags import tag_values
from chalicelib.domain import signals
from ops.common import PROJECT
from ops.deploying.commit import SHIPPED, label
from ops.deploying.versions import Label

XRAY = {"Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": ["*"]}
"""Added to every function's policy where the stage's configuration says "xray": true."""
RELEASE = "RELEASE"
"""The variable that tells a function its release; as it differs from release to release, Lambda makes a version of each function."""


@dataclass(frozen=True)
class Staged:
    """Of the source project, in its `.deploy/<stage>`, where Chalice keeps what it built of the same requirements before."""

    source: Path
    stage: str
    region: str
    label: Label

    @property
    def folder(self) -> Path:
        return self.source / ".deploy" / self.stage

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def record(self) -> Path:
        """What plain `chalice deploy` remembers of a stage, as a path below a project."""
        return Path(".chalice") / "deployed" / f"{self.stage}.json"

    def package(self) -> Path:
        """`chalice package`; the folder with sam.json and the archives that it names."""
        self._chalice("package", "--stage", self.stage, "--merge-template", ".chalice/merge.json", "../packaged")
        return self.folder / "packaged"

    def deploy(self) -> None:
        """`chalice deploy`, its record taken from the source project and given back. The record's layer is left out, as Chalice would
        delete that, and with it the way back to the versions that need it."""
        ours, theirs = self.project / self.record, self.source / self.record
        ours.unlink(missing_ok=True)
        if theirs.exists():
            told = json.loads(theirs.read_text())
            told["resources"] = [one for one in told["resources"] if one["resource_type"] != "lambda_layer"]
            ours.parent.mkdir(exist_ok=True)
            ours.write_text(json.dumps(told, indent=2))
        self._chalice("deploy", "--stage", self.stage)
        theirs.parent.mkdir(exist_ok=True)
        shutil.copy(ours, theirs)

    def delete(self) -> None:
        """`chalice delete` of what the source project's record tells of."""
        self.check_record()
        ours, theirs = self.project / self.record, self.source / self.record
        ours.parent.mkdir(exist_ok=True)
        shutil.copy(theirs, ours)
        self._chalice("delete", "--stage", self.stage)
        theirs.unlink()

    def check_record(self) -> None:
        """SystemExit where plain `chalice deploy` has left no record here."""
        if not (self.source / self.record).exists():
            raise SystemExit(f"there is no {self.record}: {self.stage} isn't deployed, or was from another machine, where that file is")

    def _chalice(self, *arguments: str) -> None:
        chalice = Path(sys.executable).with_name("chalice")
        environment = {**os.environ, "STAGE": self.stage, "AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        done = subprocess.run(  # noqa: S603  # nosec B603  our own arguments
            [chalice, *arguments], cwd=self.project, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"`chalice {arguments[0]}` failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def staged(stage: str, region: str, variables: Mapping[str, str], source: Path = PROJECT) -> Staged:
    """A copy of what ships, with more environment variables for the stage (its release among them), its functions
    tagged, and X-Ray allowed where it is on."""
    project = source / ".deploy" / stage / "project"
    for name in SHIPPED:
        _copied(source / name, project / name)
    config = project / ".chalice" / "config.json"
    told = json.loads(config.read_text())
    settings = told["stages"][stage]
    settings["environment_variables"] |= variables
    for function in signals.FUNCTIONS:
        settings["lambda_functions"][function.name]["tags"] = tag_values(stage, function.name)
    if settings.get("xray", told.get("xray")):
        _allow_tracing(project, stage)
    config.write_text(json.dumps(told, indent=2))
    release = label(digest(project)[:8], source)
    settings["environment_variables"][RELEASE] = str(release)
    config.write_text(json.dumps(told, indent=2))
    return Staged(source, stage, region, release)


def digest(project: Path) -> str:
    """Of every file that ships, by name and content."""
    files = sorted(path for path in project.rglob("*") if path.is_file() and not _built(path.relative_to(project)))
    lines = (f"{path.relative_to(project)}\t{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _built(path: Path) -> bool:
    return path.parts[:2] in ((".chalice", "deployments"), (".chalice", "deployed")) or "__pycache__" in path.parts


def _copied(source: Path, target: Path) -> None:
    """What isn't in the source any more goes; what Chalice built (`.chalice/deployments`) stays."""
    built = target / "deployments"
    kept = [path for path in target.iterdir() if path != built] if target.is_dir() else []
    for path in kept:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "deployments", "deployed"))
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _allow_tracing(project: Path, stage: str) -> None:
    for function in signals.FUNCTIONS:
        path = project / ".chalice" / file_name(function, stage)
        policy: dict[str, Any] = json.loads(path.read_text())
        policy["Statement"].append(XRAY)
        path.write_text(json.dumps(policy, indent=2))
