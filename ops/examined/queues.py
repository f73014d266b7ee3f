"""The queues: as they are wired, how much waits in them, and what was given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.stores.tables import QUEUES, Queue
from ops.checks import WARN
from ops.examined.stage import Fault, Look, Stage, Told

OLD = timedelta(hours=1)
"""By then a job should be done: the next hour's come."""


def looks(stage: Stage) -> Iterator[Look]:
    for spec in QUEUES:
        name = stage.physical(spec.name)
        made = f"{stage.deploy} makes it"
        yield Look("sqs", f"queue {name}", partial(_wiring, stage, spec, name), made)
        yield Look("sqs", f"queue {name}, waiting", partial(_waiting, stage, name))
        yield Look("sqs", f"queue {name}-dead", partial(_given_up, stage, f"{name}-dead"), made)


def _attributes(stage: Stage, name: str) -> dict[str, str]:
    sqs = stage.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def _wiring(stage: Stage, spec: Queue, name: str) -> Told:
    told = _attributes(stage, name)
    seen = f"visible again after {told['VisibilityTimeout']} s, given up after {spec.attempts} attempts"
    return Told(seen, tuple(_wrong(stage, spec, name, told)))


def _wrong(stage: Stage, spec: Queue, name: str, told: dict[str, str]) -> Iterator[Fault]:
    set_attributes = f"aws sqs set-queue-attributes --queue-url $(aws sqs get-queue-url --queue-name {name} --query QueueUrl --output text)"
    if told["VisibilityTimeout"] != str(spec.visibility):
        mend = f"{set_attributes} --attributes VisibilityTimeout={spec.visibility}"
        yield f"visible again after {told['VisibilityTimeout']} s, not {spec.visibility}", mend
    redrive = json.loads(told.get("RedrivePolicy", "{}"))
    wanted = {"deadLetterTargetArn": stage.arn("sqs", f"{name}-dead"), "maxReceiveCount": str(spec.attempts)}
    if {**redrive, "maxReceiveCount": str(redrive.get("maxReceiveCount"))} != wanted:
        attributes = json.dumps({"RedrivePolicy": json.dumps(wanted)})
        yield "jobs that fail don't end in its dead letters as they should", f"{set_attributes} --attributes '{attributes}'"


def _waiting(stage: Stage, name: str) -> Told:
    told = _attributes(stage, name)
    oldest = None if stage.laptop else _oldest(stage, name)
    age = "" if oldest is None else f", the oldest for {oldest / 60:.0f} min"
    seen = f"{told['ApproximateNumberOfMessages']} wait, {told['ApproximateNumberOfMessagesNotVisible']} are at work{age}"
    late = oldest is not None and oldest > OLD.total_seconds()
    return Told(seen, ((seen, "see that its function runs and isn't throttled; then it catches up by itself"),) if late else (), WARN)


def _oldest(stage: Stage, name: str) -> float | None:
    """Seconds, as CloudWatch has been told in the last quarter of an hour."""
    now = stage.with_.clock()
    points: list[dict[str, Any]] = stage.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    latest = max(points, key=lambda point: point["Timestamp"], default=None)
    return float(latest["Maximum"]) if latest else None


def _given_up(stage: Stage, name: str) -> Told:
    told = _attributes(stage, name)
    count = int(told["ApproximateNumberOfMessages"])
    mend = f"mend what the functions' logs say of them, then `python -m ops.backfill --stage {stage.name} --dead-letters`"
    return Told("empty", ((f"{count} jobs were given up", mend),) if count else ())
