"""The data stack: built with the options that it has, changed without losing data, and guarded in production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alarms.stack import build
from alarms.tags import KEEPING_TYPES, KEPT_STAGE, tag_values
from ops.deployed import Client, api_of, data_stack, outputs, stack_of
from ops.deploying.artifacts import Artifacts
from ops.deploying.stacks import Stacks

OPTIONS = {
    "own-key": ("own_key", "a KMS key of the account's own for what keeps data"),
    "firewall": ("firewall", "a web ACL before the API"),
    "customer-sessions": ("sessions", "a role that the API takes for one customer at a time"),
}
"""What the stack has only where it was asked for: the argument of `build`, and what it means."""
PROTECTED_API = "ProtectedApiId"
GUARD = {
    "Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"ResourceType": list(KEEPING_TYPES)}},
        },
    ]
}
"""The stack's policy in production, whoever updates it and however."""


def deployed_template(client: Client, name: str) -> dict[str, Any] | None:
    """What a stack was made of; None where there is none."""
    stack = stack_of(client, name)
    if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    body = client("cloudformation").get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    return parsed(body if isinstance(body, str) else json.dumps(body))


def parsed(text: str) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(text)
    return template


def options_of(template: Mapping[str, Any] | None) -> set[str]:
    """Those that a template was built with, which it tells itself."""
    return set((template or {}).get("Metadata", {}).get("SecureBase", {}).get("Options", []))


def chosen(before: set[str], given: Mapping[str, bool | None]) -> list[str]:
    """What is said now, else what was."""
    return [name for name in OPTIONS if (given.get(name) if given.get(name) is not None else name in before)]


def built(stage: str, options: list[str], watched: bool = True) -> str:
    template = build(stage, **{OPTIONS[name][0]: True for name in options}, watched=watched)
    return str(template.to_json(indent=None, separators=(",", ":")))


def apply(
    stacks: Stacks,
    artifacts: Artifacts,
    client: Client,
    stage: str,
    given: Mapping[str, bool | None],
    parameters: Mapping[str, str],
    now: datetime,
    dry_run: bool,
) -> dict[str, str]:
    """Brings the stack to what the code says; its outputs. SystemExit where data would be lost."""
    name = data_stack(stage)
    text = built(stage, chosen(options_of(deployed_template(client, name)), given))
    put_in_place(stacks, artifacts, name, stage, text, parameters, now, dry_run)
    return outputs(stack_of(client, name))


def put_in_place(
    stacks: Stacks,
    artifacts: Artifacts,
    name: str,
    stage: str,
    text: str,
    parameters: Mapping[str, str],
    now: datetime,
    dry_run: bool,
    keep: bool = True,
) -> bool:
    """Makes a stack what the template says, unless it would lose data; whether anything had to change. Not to `keep` it leaves the history
    of what was deployed as it is."""
    tags = {key: value for key, value in tag_values(stage, "").items() if key != "Component"}
    plan = stacks.plan(name, artifacts.put_template(name, text), tags, parameters)
    stacks.tell(plan)
    stacks.refuse_loss(plan)
    if dry_run:
        stacks.drop(plan)
    elif plan.change_set:
        stacks.execute(plan)
        if keep:
            artifacts.keep_template(name, text, now)
    return bool(plan.change_set)


def variables(told: Mapping[str, str], account: str) -> dict[str, str]:
    """What the app's configuration takes from the stack's outputs."""
    role = told.get("CustomerRoleArn")
    return {"AWS_ACCOUNT_ID": account, **({"CUSTOMER_ROLE_ARN": role} if role else {})}


def protect(stacks: Stacks, artifacts: Artifacts, client: Client, stage: str, now: datetime) -> None:
    """The web ACL goes before the API, where there is one; production's stack can't be deleted, nor updated into losing data."""
    name = data_stack(stage)
    template = deployed_template(client, name)
    api = api_of(client, stage)
    if "firewall" in options_of(template) and api:
        put_in_place(stacks, artifacts, name, stage, json.dumps(template, separators=(",", ":")), {PROTECTED_API: api}, now, False)
    if stage == KEPT_STAGE:
        cloudformation = client("cloudformation")
        cloudformation.set_stack_policy(StackName=name, StackPolicyBody=json.dumps(GUARD))
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=True)
