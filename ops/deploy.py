"""python -m ops.deploy --stage dev|staging|production [--region R] [--parameter NAME=VALUE]... [--dry-run]

Data stack, then functions and API (dev: `chalice deploy`; staging and production: versions behind LIVE and a canary), then smoke tests.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.version import SCHEMA
from chalicelib.wiring import Services
from ops.checks import as_text, failed
from ops.common import main, region_of, services_of
from ops.deployed import app_stack, data_stack, packaged, url_of
from ops.deploying import plain, prerequisites, stack_of_app, stack_of_data
from ops.deploying.artifacts import Artifacts
from ops.deploying.prerequisites import PACKAGED_STAGES
from ops.deploying.smoke_tests import DURATIONS
from ops.deploying.stacks import Stacks
from ops.deploying.staging import staged
from ops.deploying.versions import Label, publish
from ops.smoke import smoke

STEPS = 7
GOES_ON = "CloudFormation puts back what it began, or goes on if only the waiting ended: `python -m ops.doctor` tells"


@dataclass
class Progress:
    """Tells each step, when it began, and, where it fails, what that means."""

    started: float
    step: int = 0

    def say(self, text: str) -> None:
        print(f"  {time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    @contextmanager
    def next(self, what: str, mend: str) -> Iterator[None]:
        self.step += 1
        print(f"{self.step} of {STEPS}  {what}", flush=True)
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise SystemExit(f"step {self.step}, {what}: {error}\n{mend}") from None
        except SystemExit as error:
            raise SystemExit(f"step {self.step}, {what}: {error}\n{mend}") from None


def deploy(with_: Services, options: dict[str, bool | None], parameters: dict[str, str], dry_run: bool, at_once: bool = False) -> None:
    """All of it, in order; run again, what is as it should be is left as it is."""
    stage, region, client = with_.settings.stage, with_.settings.region, with_.client
    progress = Progress(time.monotonic())
    with progress.next("checks", "nothing was changed"):
        who = prerequisites.identity(client)
        progress.say(f"{who['arn']}, {region}; {prerequisites.tools()}; {prerequisites.tree(stage)}")
        prerequisites.configuration(stage)
        prerequisites.one_way(client, stage)
    stacks = Stacks(client, progress.say, with_.clock)
    artifacts = Artifacts(client, stage, who["account"], region)
    with progress.next(f"data stack {data_stack(stage)}", "the stage goes on as it was; mend it and run this again"):
        if artifacts.ensure():
            progress.say(f"made the bucket {artifacts.bucket}")
        prerequisites.schema(artifacts, stage)
        outputs = stack_of_data.apply(stacks, artifacts, client, stage, options, parameters, with_.clock(), dry_run)
    with progress.next("configuration", "nothing of the app was changed"):
        variables = stack_of_data.variables(outputs, who["account"])
        project = staged(stage, region, variables)
        progress.say(", ".join(sorted(variables)))
    if dry_run and stage not in PACKAGED_STAGES:
        print("dry run: `chalice deploy` would follow, publish versions and run the smoke tests")
        return
    with progress.next("functions and API", GOES_ON):
        if not dry_run:
            artifacts.keep_schema(SCHEMA)
        if stage in PACKAGED_STAGES:
            stack_of_app.apply(stacks, artifacts, client, project, progress.say, with_.clock(), dry_run, at_once)
        else:
            plain.apply(client, project, progress.say)
    if dry_run:
        print("dry run: nothing was changed")
        return
    with progress.next("versions", "the new code is in place but can't be named in a rollback: run this again"):
        if stage not in PACKAGED_STAGES:
            artifacts.unmark(project.label.id)  # whoever deploys a release again means it
        versions = stack_of_app.versions(client, stage, progress.say) if packaged(client, stage) else publish(client, stage, project.label)
        progress.say(", ".join(f"{name} {version}" for name, version in versions.items()))
        stack_of_data.protect(stacks, artifacts, client, stage, with_.clock())
    url = url_of(client, stage, region)
    with progress.next("smoke tests", f"the new version answers; look, then `python -m ops.rollback --stage {stage}` if it is to blame"):
        if url is None:
            raise SystemExit("no API has this stage")
        checks = smoke(with_, url)
        print(as_text(checks))
        if failed(check for check in checks if check.name != DURATIONS):  # how slow it is from here is told, and no reason to stop
            raise SystemExit("not all of them passed")
    with progress.next("summary", ""):
        _summary(with_, project.label, url, versions, time.monotonic() - progress.started)


def _summary(with_: Services, release: Label, url: str, versions: dict[str, str], seconds: float) -> None:
    stage, region = with_.settings.stage, with_.settings.region
    told: dict[str, Any] = {
        "url": url,
        "release": str(release),
        "versions": versions,
        "stacks": [data_stack(stage), *([app_stack(stage)] if packaged(with_.client, stage) else [])],
        "dashboard": f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards:name=securebase-{stage}-analytics",
        "seconds": round(seconds),
    }
    print(json.dumps(told, indent=2))


def command() -> None:
    made = argparse.ArgumentParser(prog="python -m ops.deploy", description="Deploy a stage: data stack, functions and API, smoke tests.")
    made.add_argument("--stage", required=True, choices=("dev", *PACKAGED_STAGES), help="which deployment")
    made.add_argument("--region", help="default: AWS_REGION, else the profile's")
    for name, (_, meaning) in stack_of_data.OPTIONS.items():
        made.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, help=f"{meaning}; without either as it was")
    made.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the data stack; others stay as they are")
    made.add_argument("--dry-run", action="store_true", help="tell what would change, and change nothing but the bucket for deployments")
    made.add_argument("--all-at-once", action="store_true", help="without a canary: for a fix that can't wait, or that alarms would stop")
    given = made.parse_args()
    odd = [one for one in given.parameter if "=" not in one]
    if odd:
        made.error(f"--parameter {odd[0]}: NAME=VALUE")
    parameters = dict(one.partition("=")[::2] for one in given.parameter)
    options = {name: getattr(given, name.replace("-", "_")) for name in stack_of_data.OPTIONS}
    region_of(given.region)
    deploy(services_of(given.stage), options, parameters, given.dry_run, given.all_at_once)


if __name__ == "__main__":
    main(command)
