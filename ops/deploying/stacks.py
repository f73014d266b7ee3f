"""CloudFormation: what a template would change, whether it may, and changing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarms.tags import KEEPING_TYPES
from ops.deployed import Client, stack_of

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
POLL_SECONDS = 3.0
BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
WORDS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}


@dataclass(frozen=True)
class Change:
    """One resource's. `replacement` is CloudFormation's True, Conditional or False."""

    action: str
    logical_id: str
    kind: str
    replacement: str

    @property
    def loses_data(self) -> bool:
        """Whether something that keeps data would go, or perhaps be made anew, empty."""
        return self.kind in KEEPING_TYPES and (self.action == "Remove" or self.replacement != "False")

    def __str__(self) -> str:
        anew = {"True": ", made anew", "Conditional": ", perhaps made anew"}.get(self.replacement, "")
        return f"{WORDS.get(self.action, '?')} {self.logical_id} ({self.kind}{anew})"


@dataclass(frozen=True)
class Plan:
    """A change set that waits to be executed; without `changes` there is nothing to do, and no change set left."""

    stack: str
    change_set: str
    changes: tuple[Change, ...]
    creates: bool


class Stacks:
    """`say` is told what goes on; `now` and `sleep` are the clock."""

    def __init__(
        self, client: Client, say: Callable[[str], None], now: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._cloudformation = client, client("cloudformation")
        self._say, self._now, self._sleep = say, now, sleep

    def plan(self, name: str, template_url: str, tags: Mapping[str, str], parameters: Mapping[str, str]) -> Plan:
        """What the template would change; parameters that aren't given stay as they are. SystemExit where CloudFormation refuses."""
        stack = stack_of(self._client, name)
        self._usable(name, stack)
        creates = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
        change_set = f"deploy-{self._now().strftime('%Y%m%dT%H%M%S%fZ')}"
        wanted = {
            "StackName": name,
            "ChangeSetName": change_set,
            "ChangeSetType": "CREATE" if creates else "UPDATE",
            "TemplateURL": template_url,
            "Capabilities": CAPABILITIES,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Parameters": self._parameters(template_url, stack, parameters),
        }
        with suppress(self._cloudformation.exceptions.AlreadyExistsException):  # it is this very one: the first try's answer was lost
            self._cloudformation.create_change_set(**wanted)
        told = self._looked_at(name, change_set)
        if told["Status"] == "FAILED":
            self._cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
            if not any(words in told.get("StatusReason", "") for words in NOTHING_TO_DO):
                raise SystemExit(f"CloudFormation refuses the template of {name}: {told.get('StatusReason', 'no reason given')}")
            return Plan(name, "", (), creates)
        return Plan(name, change_set, tuple(self._changes(name, change_set)), creates)

    def _parameters(self, template_url: str, stack: Mapping[str, Any] | None, given: Mapping[str, str]) -> list[dict[str, Any]]:
        wanted = {one["ParameterKey"] for one in self._cloudformation.get_template_summary(TemplateURL=template_url).get("Parameters", [])}
        unknown = sorted(set(given) - wanted)
        if unknown:
            raise SystemExit(f"--parameter {unknown[0]}: the template has {', '.join(sorted(wanted)) or 'no parameters'}")
        before = {one["ParameterKey"] for one in (stack or {}).get("Parameters", [])}
        kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted((wanted & before) - set(given))]
        return [*kept, *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items())]

    def _usable(self, name: str, stack: Mapping[str, Any] | None) -> None:
        status = (stack or {}).get("StackStatus", "")
        if status in BROKEN:
            raise SystemExit(
                f"the stack {name} is {status}: see why in CloudFormation's events, "
                + ("continue its rollback there" if status.startswith("UPDATE") else "delete it there (kept data stays)")
                + ", then deploy again"
            )
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise SystemExit(f"the stack {name} is {status}: somebody deploys already; wait until that is over")

    def _looked_at(self, name: str, change_set: str) -> dict[str, Any]:
        while True:
            told: dict[str, Any] = self._cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
            if told["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return told
            self._sleep(POLL_SECONDS)

    def _changes(self, name: str, change_set: str) -> Iterator[Change]:
        pages = self._cloudformation.get_paginator("describe_change_set").paginate(StackName=name, ChangeSetName=change_set)
        for page in pages:
            for one in page["Changes"]:
                change = one["ResourceChange"]
                yield Change(change["Action"], change["LogicalResourceId"], change["ResourceType"], change.get("Replacement", "False"))

    def tell(self, plan: Plan) -> None:
        for change in plan.changes:
            self._say(f"  {change}")
        if not plan.change_set:
            self._say(f"{plan.stack}: nothing to change")

    def drop(self, plan: Plan) -> None:
        """Forgets a plan; a stack that it would have created goes with it."""
        if plan.change_set:
            self._cloudformation.delete_change_set(StackName=plan.stack, ChangeSetName=plan.change_set)
            if plan.creates:
                self._cloudformation.delete_stack(StackName=plan.stack)

    def refuse_loss(self, plan: Plan) -> None:
        """SystemExit where the plan would lose data, whose tables and buckets stay as they are."""
        losing = [str(change) for change in plan.changes if change.loses_data]
        if losing:
            self.drop(plan)
            raise SystemExit(
                f"{plan.stack} isn't changed, as data would be lost:\n  "
                + "\n  ".join(losing)
                + "\na table or bucket that has to change its keys or name is made under a new name, filled, and only then is the old one"
                " taken away by hand"
            )

    def execute(self, plan: Plan) -> None:
        """Carries the plan out and waits, telling what CloudFormation does. SystemExit with its first reason where it fails."""
        since = self.last_event(plan.stack)
        self._cloudformation.execute_change_set(
            StackName=plan.stack,
            ChangeSetName=plan.change_set,
            RetainExceptOnCreate=True,  # what a failed update made goes again, a version above all: the next try couldn't make it twice
        )
        status = self.wait(plan.stack, since)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise SystemExit(f"{plan.stack} is {status}; {self._reason(plan.stack, since)}")

    def delete(self, name: str) -> None:
        """Takes a stack away; one that isn't there is no error."""
        if stack_of(self._client, name) is None:
            return
        since = self.last_event(name)
        self._cloudformation.delete_stack(StackName=name)
        status = self.wait(name, since)
        if status != "DELETE_COMPLETE":
            raise SystemExit(f"{name} is {status}; {self._reason(name, since)}")

    def wait(self, name: str, since: str) -> str:
        """The stack's status once nothing is in progress; DELETE_COMPLETE where it is gone."""
        told = since
        while True:
            stack = stack_of(self._client, name)
            if stack is None:
                return "DELETE_COMPLETE"
            events = self._events(name, told)
            for event in events:
                if event["ResourceStatus"].endswith(("_COMPLETE", "_FAILED")):
                    self._say(f"  {event['LogicalResourceId']} {event['ResourceStatus'].lower().replace('_', ' ')}")
            told = events[-1]["EventId"] if events else told
            status = str(stack["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            self._sleep(POLL_SECONDS)

    def last_event(self, name: str) -> str:
        events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return str(events[0]["EventId"]) if events else ""

    def _events(self, name: str, since: str) -> list[dict[str, Any]]:
        """Oldest first, those after `since`."""
        found: list[dict[str, Any]] = []
        for page in self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
            for event in page["StackEvents"]:
                if event["EventId"] == since:
                    return found[::-1]
                found.append(event)
        return found[::-1]

    def _reason(self, name: str, since: str) -> str:
        failed = [one for one in self._events(name, since) if one["ResourceStatus"].endswith("_FAILED")]
        told = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason given')}" for one in failed]
        return told[0] if told else "see its events in CloudFormation"
