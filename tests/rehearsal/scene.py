"""Where the rehearsal plays: a copy of the project under Git, MiniStack as its AWS, and our fakes of what that lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from moto.iam.models import iam_backends

from chalicelib.domain.customer import READER_ROLE, Customer
from local import aws as embedded
from local import demo
from local.aws import ACCOUNT, REGION, create_reader_role
from local.fakes.http import Served, json_app, json_response
from tests.backends import MiniStack
from tests.stack import PROJECT, bare

STAGE = "staging"
SHIPPED = ("app.py", "chalicelib", ".chalice", "alarms", "ops", "requirements.txt")
COMMAND_SECONDS = 300
FOREIGN_SERVICES = ("COST_EXPLORER", "SECURITYHUB", "SESV2")


class Scene:
    """Until `close()`. `environment` is that of whoever deploys; the functions have the customers' clouds from the fakes besides."""

    def __init__(self, folder: Path) -> None:
        self._end = ExitStack()
        self.project = _copy(folder / "project")
        self._clouds = embedded.start(lambda: datetime.now(UTC))
        self._end.callback(self._clouds.stop)
        self.organisation = demo.seed_sources(self._clouds, datetime.now(UTC))
        fakes = {name: url for name, url in self._clouds.environment.items() if name.startswith("AWS_ENDPOINT_URL_")}
        of_customers = {f"AWS_ENDPOINT_URL_{service}": self._clouds.environment["AWS_ENDPOINT_URL"] for service in ("CLOUDWATCH", "STS")}
        credentials = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal", "MINISTACK_ACCOUNT_ID": ACCOUNT}
        home = folder / "ministack"
        home.mkdir()
        self._cloud = MiniStack(home, (str(Path(__file__).with_name("cloud.py")),), {**fakes, **of_customers, **credentials})
        self._end.callback(self._cloud.stop)
        canaries = Served(json_app(lambda request: json_response({"deployments": []}, content_type="application/x-amz-json-1.1")))
        self._end.callback(canaries.stop)
        own = {"AWS_ENDPOINT_URL": self._cloud.url, "AWS_ENDPOINT_URL_CODEDEPLOY": canaries.url, "AWS_REGION": REGION}
        self.environment = bare({**fakes, **own, **credentials})
        os.environ.update({"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"})

    def close(self) -> None:
        self._end.close()

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self._cloud.url, region_name=REGION)

    def run(self, module: str, *arguments: str, ends: int = 0) -> str:
        """`python -m <module> --stage staging ...` in the copy; AssertionError with all that it said where it doesn't end so."""
        command = [sys.executable, "-m", module, "--stage", STAGE, *arguments]
        done = subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
        assert done.returncode == ends, f"{' '.join(command[1:])}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def trust(self, customer: Customer, external_id: str) -> None:
        """What the customer does with the role template."""
        for account in customer.account_ids:
            iam_backends[account]["aws"].delete_role(READER_ROLE)  # that of the demo
            create_reader_role(account, external_id)

    def commit(self, path: str, old: str, new: str) -> None:
        """Changes a file of the copy."""
        file = self.project / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        _git(self.project, "commit", "-qam", f"{old} becomes {new}")


def _copy(project: Path) -> Path:
    project.mkdir(parents=True)
    for name in SHIPPED:
        source = PROJECT / name
        ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        shutil.copytree(source, project / name, ignore=ignored) if source.is_dir() else shutil.copy(source, project / name)
    (project / ".gitignore").write_text("__pycache__/\n.deploy/\n")
    _git(project, "init", "-q")
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "The project as it is")
    return project


def _git(project: Path, *arguments: str) -> None:
    who = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


def until(what: Callable[[], Any], seconds: float, waited_for: str) -> Any:
    """What it is once it is something; AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds} s for {waited_for}")
