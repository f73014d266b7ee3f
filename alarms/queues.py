"""The queues, each with its dead-letter queue; the aggregation queue also hears from the exports bucket."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template, events, sqs

from alarms.tags import keeping, tags, title
from chalicelib.stores.tables import (
    AGGREGATION_QUEUE,
    DELIVERY_QUEUE,
    EXPORTS_BUCKET,
    FINDINGS_QUEUE,
    QUEUES,
    Queue,
    bucket_name,
    physical_name,
)

FINDINGS_RULE, MAIL_EVENTS = "SecurityHubFindingsRule", "MailEventsTopic"
"""Who tells a queue something, by logical id."""
FOURTEEN_DAYS = 14 * 24 * 3600  # the longest SQS keeps a message


def add_queues(template: Template, stage: str) -> None:
    """Every queue and its `-dead` one, their policies, and its URL as an output."""
    silent = []
    for spec in QUEUES:
        name = title(spec.name)
        dead = template.add_resource(_queue(f"{spec.name}-dead", stage))
        redrive = sqs.RedrivePolicy(deadLetterTargetArn=GetAtt(dead, "Arn"), maxReceiveCount=spec.attempts)
        queue = template.add_resource(_queue(spec.name, stage, VisibilityTimeout=spec.visibility, RedrivePolicy=redrive))
        senders = _senders(spec, queue, stage)
        silent += [dead] if senders else [dead, queue]
        if senders:
            template.add_resource(_policy(f"{queue.title}Policy", [queue], GetAtt(queue, "Arn"), senders))
        template.add_output(Output(f"{name}QueueUrl", Value=Ref(queue)))
    template.add_resource(_policy("QueuesPolicy", silent, "*", []))  # in a queue's policy, Resource * is the queue itself
    template.add_resource(_findings_rule(stage))


def _findings_rule(stage: str) -> events.Rule:
    """What Security Hub imports, in its home region, in the account of its delegated administrator, which this one has to be."""
    return events.Rule(
        FINDINGS_RULE,
        Name=physical_name(stage, "security-hub-findings"),
        Description="Findings that Security Hub imports or changes, archived ones included",
        EventPattern={"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"]},
        State="ENABLED",
        Targets=[events.Target(Id="findings-queue", Arn=GetAtt(logical(FINDINGS_QUEUE.name), "Arn"))],
    )


def logical(name: str) -> str:
    """A queue's logical id."""
    return f"{title(name)}Queue"


def _queue(name: str, stage: str, **properties: Any) -> sqs.Queue:
    return sqs.Queue(
        logical(name),
        QueueName=physical_name(stage, name),
        MessageRetentionPeriod=FOURTEEN_DAYS,
        SqsManagedSseEnabled=True,
        Tags=tags(stage, name),
        **properties,
        **keeping(stage),
    )


def _policy(name: str, queues: list[sqs.Queue], resource: Any, allowed: list[dict[str, Any]]) -> sqs.QueuePolicy:
    """A queue has one policy; those that only our own functions send to share theirs."""
    plain = {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": resource}
    refused = {**plain, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    document = {"Version": "2012-10-17", "Statement": [*allowed, refused]}
    return sqs.QueuePolicy(name, Queues=[Ref(queue) for queue in queues], PolicyDocument=document)


def _senders(spec: Queue, queue: sqs.Queue, stage: str) -> list[dict[str, Any]]:
    """S3 may say what was dropped, for this account's exports bucket alone (by name: a reference would be a cycle); our rule may tell
    findings, our topic what SES told it."""
    if spec == FINDINGS_QUEUE:
        return [_may_send("FindingsEvents", "events", queue, {"ArnEquals": {"aws:SourceArn": GetAtt(FINDINGS_RULE, "Arn")}})]
    if spec == DELIVERY_QUEUE:
        return [_may_send("MailEvents", "sns", queue, {"ArnEquals": {"aws:SourceArn": Ref(MAIL_EVENTS)}})]
    if spec != AGGREGATION_QUEUE:
        return []
    bucket = bucket_name(stage, EXPORTS_BUCKET.name, "${AWS::AccountId}")
    ours = {
        "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        "ArnEquals": {"aws:SourceArn": Sub(f"arn:${{AWS::Partition}}:s3:::{bucket}")},
    }
    return [_may_send("ExportsBucketTellsOfDrops", "s3", queue, ours)]


def _may_send(name: str, service: str, queue: sqs.Queue, condition: dict[str, Any]) -> dict[str, Any]:
    sender = {"Sid": name, "Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Condition": condition}
    return {**sender, "Action": "sqs:SendMessage", "Resource": GetAtt(queue, "Arn")}
