"""Whether the data stack is what this version would make of it; with CloudFormation's own detection also whether what is there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from ops.checks import WARN
from ops.deployed import data_stack, stack_of
from ops.deploying.stack_of_data import built, chosen, deployed_template, options_of
from ops.examined.stage import Look, Stage, Told, not_on_the_laptop, resources

BAD_ENDS = ("FAILED", "ROLLBACK")
NAMED = 8
DETECTION_SECONDS, POLL_SECONDS = 600, 5.0


def looks(stage: Stage, detect: bool = False) -> Iterator[Look]:
    if stage.laptop:
        yield not_on_the_laptop("data stack")
        return
    yield Look("cloudformation", "data stack", partial(_stack, stage))
    yield Look("cloudformation", "data stack, template", partial(_template, stage))
    if detect:
        yield Look("cloudformation", "data stack, drift", partial(_drift, stage))


def _stack(stage: Stage) -> Told:
    name = data_stack(stage.name)
    stack = stack_of(stage.client, name)
    if stack is None:
        return Told("", ((f"there is no stack {name}", stage.deploy),))
    status = str(stack["StackStatus"])
    wrong = any(end in status for end in BAD_ENDS)
    mend = f"aws cloudformation describe-stack-events --stack-name {name} tells why; then {stage.deploy}"
    return Told(status, ((f"{name} is {status}", mend),) if wrong else ())


def _template(stage: Stage) -> Told:
    template = deployed_template(stage.client, data_stack(stage.name))
    if template is None:
        return Told("no stack to compare")
    options = chosen(options_of(template), {})
    ours = resources(built(stage.name, options))
    different = list(differences(template["Resources"], ours))
    told = ", ".join(different[:NAMED]) + (f" and {len(different) - NAMED} more" if len(different) > NAMED else "")
    mend = f"deploy this version, if it is the one that is meant: {stage.deploy}"
    return Told(f"as this version's, {len(ours)} resources, options {options or 'none'}", ((told, mend),) if different else ())


def differences(deployed: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    """Each resource that only one of them has, or in which they differ, with the properties that do."""
    for logical in sorted(deployed.keys() | ours.keys()):
        if logical not in ours:
            yield f"{logical} is there and isn't defined any more"
        elif logical not in deployed:
            yield f"{logical} isn't deployed"
        elif deployed[logical] != ours[logical]:
            yield f"{logical} differs in {', '.join(_which(deployed[logical], ours[logical]))}"


def _which(deployed: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    flat = [{**one, **{f"Properties.{name}": value for name, value in one.get("Properties", {}).items()}} for one in (deployed, ours)]
    names = sorted((flat[0].keys() | flat[1].keys()) - {"Properties"})
    return [name.removeprefix("Properties.") for name in names if flat[0].get(name) != flat[1].get(name)]


def _drift(stage: Stage) -> Told:
    """Takes minutes: CloudFormation asks every service."""
    client, name = stage.client("cloudformation"), data_stack(stage.name)
    detection = client.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    until = time.monotonic() + DETECTION_SECONDS
    status = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    while status["DetectionStatus"] == "DETECTION_IN_PROGRESS" and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        status = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    if status["DetectionStatus"] != "DETECTION_COMPLETE":
        return Told("", ((f"{status['DetectionStatus']}: {status.get('DetectionStatusReason', '-')}", "try again"),), WARN)
    found = client.describe_stack_resource_drifts(StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])
    changed = [f"{one['LogicalResourceId']} {one['StackResourceDriftStatus']}" for one in found["StackResourceDrifts"]]
    mend = f"change it back, or have the template say it; {stage.deploy} alone doesn't"
    return Told(status["StackDriftStatus"], ((", ".join(changed), mend),) if changed else ())
