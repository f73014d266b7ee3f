"""The functions as .chalice/config.json says them, what calls them, and that they are of one release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from chalicelib.domain import signals
from chalicelib.stores.tables import AGGREGATION_QUEUE, DELIVERY_QUEUE, FINDINGS_QUEUE, REPORT_QUEUE, Queue
from ops.deployed import LIVE, app_stack
from ops.examined.stage import Fault, Look, Stage, Told, not_on_the_laptop, optional

READERS = (
    (AGGREGATION_QUEUE, signals.AGGREGATION_WORKER),
    (FINDINGS_QUEUE, signals.FINDINGS_WORKER),
    (REPORT_QUEUE, signals.REPORT_ENGINE),
    (DELIVERY_QUEUE, signals.DELIVERY_WORKER),
)
GONE = "ResourceNotFoundException"
SCHEDULED = (signals.AGGREGATOR, signals.REPORTER)


def looks(stage: Stage) -> Iterator[Look]:
    if stage.laptop:
        yield not_on_the_laptop("functions")
        return
    for function in signals.FUNCTIONS:
        yield Look("lambda", f"function {function.deployed(stage.name)}", partial(_function, stage, function), stage.deploy)
    for queue, function in READERS:
        yield Look("lambda", f"trigger of {function.name}", partial(_trigger, stage, queue, function))
    for function in SCHEDULED:
        yield Look("events", f"schedule of {function.name}", partial(_schedule, stage, function))
    yield Look("cloudformation", "way of deployment", partial(_way, stage))
    yield Look("lambda", "release", partial(_release, stage))


def configured(stage: Stage, function: signals.Function) -> dict[str, Any]:
    """What .chalice/config.json says of a function of the stage."""
    config = json.loads((stage.project / ".chalice" / "config.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = config["stages"][stage.name]["lambda_functions"][function.name]
    return found


def _function(stage: Stage, function: signals.Function) -> Told:
    name = function.deployed(stage.name)
    found = stage.client("lambda").get_function(FunctionName=name)
    told, wanted = found["Configuration"], configured(stage, function)
    reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    seen = (
        f"{told.get('State', 'Active')}, {told['MemorySize']} MB, {told['Timeout']} s, reserved {reserved if reserved is not None else '-'}"
    )
    return Told(seen, tuple(_wrong(stage, name, told, reserved, wanted)))


def _wrong(stage: Stage, name: str, told: dict[str, Any], reserved: int | None, wanted: dict[str, Any]) -> Iterator[Fault]:
    if told.get("State", "Active") not in ("Active", "Inactive"):
        yield f"it is {told['State']} ({told.get('StateReason', '-')})", "wait, or deploy again when it stays so"
    if told.get("LastUpdateStatus") == "Failed":
        yield f"its last update failed ({told.get('LastUpdateStatusReason', '-')})", stage.deploy
    for attribute, key in (("MemorySize", "lambda_memory_size"), ("Timeout", "lambda_timeout")):
        if told[attribute] != wanted[key]:
            yield f"{attribute} {told[attribute]}, not {wanted[key]} as in .chalice/config.json", stage.deploy
    if reserved != wanted.get("reserved_concurrency"):
        limit = wanted.get("reserved_concurrency")
        put = f"aws lambda put-function-concurrency --function-name {name} --reserved-concurrent-executions {limit}"
        mend = put if limit is not None else f"aws lambda delete-function-concurrency --function-name {name}"
        yield f"reserved concurrency {reserved}, not {limit}: {_reserved_means(reserved)}", mend
    if told.get("Environment", {}).get("Variables", {}).get("STAGE") != stage.name:
        yield "its STAGE is another one", stage.deploy


def _reserved_means(reserved: int | None) -> str:
    return "it is switched off" if reserved == 0 else "SQS and Lambda don't agree on how many run at once"


def _reached(stage: Stage, function: signals.Function) -> str:
    """The ARN that a stage's triggers have to call: LIVE's where there are versions, else a canary and a rollback pass them by."""
    arn = stage.arn("lambda", f"function:{function.deployed(stage.name)}")
    return f"{arn}:{LIVE}" if stage.packaged else arn


def _trigger(stage: Stage, queue: Queue, function: signals.Function) -> Told:
    source, called = stage.arn("sqs", stage.physical(queue.name)), _reached(stage, function)
    found = stage.client("lambda").list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
    ours = [one for one in found if one["FunctionArn"] == called]
    if not ours:
        return Told("", ((f"nothing calls {called.rpartition('function:')[2]} for {queue.name}", stage.deploy),))
    others = [(f"{one['FunctionArn']} reads it, too", f"aws lambda delete-event-source-mapping --uuid {one['UUID']}") for one in found]
    faults = [fault for one, fault in zip(found, others, strict=True) if one not in ours]
    off = [one for one in ours if one.get("State") not in ("Enabled", "Enabling", "Updating", "Creating")]
    faults += [(f"it is {one.get('State')}", f"aws lambda update-event-source-mapping --uuid {one['UUID']} --enabled") for one in off]
    return Told(f"{ours[0].get('State')} on {queue.name}", tuple(faults))


def _schedule(stage: Stage, function: signals.Function) -> Told:
    events = stage.client("events")
    names = events.list_rule_names_by_target(TargetArn=_reached(stage, function))["RuleNames"]
    rules = [events.describe_rule(Name=name) for name in names]
    if not rules:
        return Told("", ((f"no rule calls {_reached(stage, function).rpartition('function:')[2]}", stage.deploy),))
    off = [(f"{rule['Name']} is {rule['State']}", f"aws events enable-rule --name {rule['Name']}") for rule in rules]
    faults = tuple(fault for rule, fault in zip(rules, off, strict=True) if rule["State"] == "DISABLED")
    return Told(", ".join(f"{rule.get('ScheduleExpression', '-')} {rule['State']}" for rule in rules), faults)


def _way(stage: Stage) -> Told:
    """Two ways beside each other make two sets of functions and APIs that read the same queues."""
    by_chalice = stage.project / ".chalice" / "deployed" / f"{stage.name}.json"
    stack = app_stack(stage.name)
    if stage.packaged and by_chalice.exists():
        mend = f"end one of them: `chalice delete --stage {stage.name}` for what chalice deploy made, or delete the stack {stack}"
        return Told("", ((f"both the stack {stack} and .chalice/deployed/{stage.name}.json are there", mend),))
    return Told(f"the stack {stack}" if stage.packaged else "chalice deploy, without versions to go back to")


def _release(stage: Stage) -> Told:
    """Only where functions have versions: all that is LIVE of one release, and no share of the traffic left elsewhere."""
    if not stage.packaged:
        return Told("no versions: plain chalice deploy")
    there = {}
    faults: list[Fault] = []
    for function in signals.FUNCTIONS:
        name = function.deployed(stage.name)
        alias = optional(stage.client("lambda").get_alias, GONE, FunctionName=name, Name=LIVE)
        if alias is None:
            if optional(stage.client("lambda").get_function_configuration, GONE, FunctionName=name):
                faults.append((f"{name} has no alias {LIVE}", stage.deploy))
            continue
        there[name] = stage.client("lambda").get_function_configuration(FunctionName=name, Qualifier=alias["FunctionVersion"])[
            "Description"
        ]
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        if weights:
            shares = ", ".join(f"{share:.0%} to version {number}" for number, share in weights.items())
            mend = f"aws lambda update-alias --function-name {name} --name {LIVE} --routing-config '{{}}', unless a deployment is going on"
            faults.append((f"{name} still sends {shares}", mend))
    return Told(", ".join(sorted(set(there.values()))) or "-", (*faults, *_behind(stage, there)))


def _behind(stage: Stage, there: dict[str, str]) -> Iterator[Fault]:
    """Those that aren't of the release that most are of."""
    releases = list(there.values())
    usual = max(releases, key=releases.count, default="")
    for name, release in there.items():
        if release != usual:
            mend = f"{stage.deploy}, or `python -m ops.rollback --stage {stage.name}`: all functions go together"
            yield f"{name} is at {release or 'no release'}, the others at {usual or 'no release'}", mend
