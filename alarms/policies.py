"""What each function may do; `python -m alarms.policies` writes it to Chalice's files, a stage's own so that none reaches another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alarms.stack import STAGES
from chalicelib.domain import signals
from chalicelib.stores import tables as t

FOLDER = Path(__file__).parent.parent / ".chalice"
OWN_ACCOUNT = "${aws:PrincipalAccount}"  # IAM fills this in, though only in the last part of an ARN
READER_ROLE = "arn:aws:iam::*:role/SecureBaseAnalyticsReader"  # in every customer's accounts, which are others than ours
SECURITY_HUB = "arn:aws:securityhub:*:*:hub/default"

GET, QUERY, SCAN, READ = (
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
)
PUT, UPDATE, DELETE, BATCH = "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"
WRITE = (PUT, UPDATE, DELETE)
SEND, CONSUME = ("sqs:SendMessage",), ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def table(spec: t.Table) -> tuple[str, ...]:
    """The table and, where it has some, its indexes."""
    arn = f"arn:aws:dynamodb:*:*:table/{t.physical_name('{stage}', spec.name)}"
    return (arn, f"{arn}/index/*") if spec.indexes else (arn,)


def queue(spec: t.Queue) -> tuple[str, ...]:
    return (f"arn:aws:sqs:*:*:{t.physical_name('{stage}', spec.name)}",)


def bucket(spec: t.Bucket) -> tuple[str, ...]:
    return (f"arn:aws:s3:::{t.bucket_name('{stage}', spec.name, OWN_ACCOUNT)}",)


def objects(spec: t.Bucket) -> tuple[str, ...]:
    return (f"{bucket(spec)[0]}/*",)


SECRET = (f"arn:aws:secretsmanager:*:*:secret:{t.physical_name('{stage}', t.CREDENTIALS_SECRET)}-??????",)  # AWS adds six characters
LOGS = (f"arn:aws:logs:*:*:log-group:/aws/lambda/{signals.APP}-{{stage}}*",)

MAIL = ("arn:aws:ses:*:*:identity/*", f"arn:aws:ses:*:*:configuration-set/{t.physical_name('{stage}', t.MAIL_CONFIGURATION)}")
OTHERS_ALONE = {"StringNotEquals": {"aws:ResourceAccount": OWN_ACCOUNT}}
"""Customers' own buckets and topics, whose names nobody here knows before: they let us in themselves. Never ours."""

Statement = tuple[tuple[str, ...], tuple[str, ...]] | tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]
"""Actions, resources and, where there is one, a condition."""

EVERYONE: tuple[Statement, ...] = ((("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"), LOGS),)
ALLOWED: dict[signals.Function, tuple[Statement, ...]] = {
    signals.API: (
        ((*READ, PUT, UPDATE), table(t.METRICS)),  # what customers choose themselves
        ((GET, QUERY, PUT, UPDATE, DELETE), table(t.REPORTS)),
        ((GET, QUERY, UPDATE), table(t.LINKS)),
        (("dynamodb:BatchGetItem", PUT), table(t.CACHE)),
        ((GET, SCAN), table(t.CUSTOMERS)),  # /health looks at all of them
        ((GET, QUERY, UPDATE), table(t.API_KEYS)),
        ((GET, PUT), table(t.LEDGER)),
        ((QUERY, PUT), table(t.AUDIT)),  # only ever added to
        ((GET, QUERY, PUT, DELETE), table(t.SCHEDULES)[:1]),
        (("s3:GetObject", "s3:DeleteObjectVersion"), objects(t.REPORTS_BUCKET)),
        (("s3:ListBucket", "s3:ListBucketVersions"), bucket(t.REPORTS_BUCKET)),  # without the first, S3 says 403 of what isn't there
        (SEND, (*queue(t.REPORT_QUEUE), *queue(t.DELIVERY_QUEUE))),
        (("secretsmanager:GetSecretValue",), SECRET),
    ),
    signals.AGGREGATOR: (((SCAN,), table(t.CUSTOMERS)), (SEND, queue(t.AGGREGATION_QUEUE))),
    signals.AGGREGATION_WORKER: (
        ((*READ, *WRITE, BATCH), table(t.METRICS)),
        ((GET, SCAN), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE), table(t.LEDGER)),
        (("s3:GetObject",), objects(t.EXPORTS_BUCKET)),
        (("s3:PutObject",), (f"{bucket(t.EXPORTS_BUCKET)[0]}/handover/*",)),
        (("s3:ListBucket",), bucket(t.EXPORTS_BUCKET)),
        ((GET, PUT), table(t.SCHEDULES)[:1]),  # what budgets and unusual days tell
        (("sts:AssumeRole",), (READER_ROLE,)),
        (("ce:GetCostAndUsage", "ce:GetCostForecast", "ce:GetDimensionValues"), ("*",)),
        (("cloudwatch:GetMetricData", "cloudwatch:ListMetrics"), ("*",)),
        ((*CONSUME, *SEND), queue(t.AGGREGATION_QUEUE)),
        (SEND, queue(t.FINDINGS_QUEUE)),
    ),
    signals.FINDINGS_WORKER: (
        ((*READ, PUT, UPDATE, DELETE), table(t.METRICS)),
        ((GET, SCAN), table(t.CUSTOMERS)),
        ((UPDATE,), table(t.LEDGER)),
        (("securityhub:GetFindings",), (SECURITY_HUB,)),
        (("securityhub:BatchGetStandardsControlAssociations",), ("*",)),
        ((*CONSUME, *SEND), queue(t.FINDINGS_QUEUE)),
    ),
    signals.REPORTER: (
        ((GET, QUERY, PUT, UPDATE), table(t.SCHEDULES)),
        (READ, table(t.METRICS)[:1]),  # whom to tell of a schedule that is parked
        ((GET,), table(t.CUSTOMERS)),
        (SEND, queue(t.DELIVERY_QUEUE)),
    ),
    signals.REPORT_ENGINE: (
        (READ, table(t.METRICS)),
        ((GET,), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE), table(t.REPORTS)[:1]),
        (("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObjectVersion"), objects(t.REPORTS_BUCKET)),
        (("s3:ListBucketVersions",), bucket(t.REPORTS_BUCKET)),
        (("secretsmanager:GetSecretValue",), SECRET),
        (CONSUME, queue(t.REPORT_QUEUE)),
        (SEND, queue(t.DELIVERY_QUEUE)),
    ),
    signals.DELIVERY_WORKER: (
        ((GET, QUERY, PUT), table(t.SCHEDULES)[:1]),
        ((*READ, PUT, UPDATE), table(t.METRICS)[:1]),  # reports' parameters, and recipients that are proven or bounce
        ((GET,), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE, DELETE), table(t.REPORTS)[:1]),
        ((GET, UPDATE), table(t.LINKS)[:1]),
        (("s3:GetObject",), objects(t.REPORTS_BUCKET)),
        (("s3:ListBucket",), bucket(t.REPORTS_BUCKET)),
        (SEND, queue(t.REPORT_QUEUE)),
        ((*CONSUME, *SEND), queue(t.DELIVERY_QUEUE)),
        (("secretsmanager:GetSecretValue",), SECRET),
        (("ses:SendEmail", "ses:SendRawEmail"), MAIL),  # SES v2's SendEmail of raw content is held against the second
        (("s3:PutObject",), ("arn:aws:s3:::*/*",), OTHERS_ALONE),
        (("sns:Publish",), ("arn:aws:sns:*:*:*",), OTHERS_ALONE),
    ),
}


def policy(function: signals.Function, stage: str) -> dict[str, Any]:
    """The function's IAM policy document."""
    return {"Version": "2012-10-17", "Statement": [_statement(stage, *allowed) for allowed in (*ALLOWED[function], *EVERYONE)]}


def _statement(stage: str, actions: tuple[str, ...], resources: tuple[str, ...], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": sorted(actions), "Resource": [arn.replace("{stage}", stage) for arn in resources]}
    return {**allowed, "Condition": condition} if condition else allowed


def file_name(function: signals.Function, stage: str) -> str:
    """As `iam_policy_file` in .chalice/config.json says it."""
    short = "api" if function == signals.API else function.name
    return f"policy-{short}-{stage}.json"


def text(function: signals.Function, stage: str) -> str:
    """The file's whole content."""
    return json.dumps(policy(function, stage), indent=2) + "\n"


if __name__ == "__main__":
    for each_stage in STAGES:
        for each in signals.FUNCTIONS:
            (FOLDER / file_name(each, each_stage)).write_text(text(each, each_stage), encoding="utf-8")
