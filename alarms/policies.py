"""What each function may do; `python -m alarms.policies` writes it to Chalice's files, a stage's own so that none reaches another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alarms.tags import STAGES
from chalicelib.domain import signals
from chalicelib.stores import tables as t

FOLDER = Path(__file__).parent.parent / ".chalice"
OWN_ACCOUNT = "${aws:PrincipalAccount}"  # IAM fills this in, though only in the last part of an ARN
READER_ROLE = "arn:aws:iam::*:role/SecureBaseAnalyticsReader"  # in every customer's accounts, which are others than ours
SECURITY_HUB = "arn:aws:securityhub:*:*:hub/default"

GET, GET_MANY, QUERY, SCAN = "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"
PUT, UPDATE, DELETE, WRITE_MANY = "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"
SEND, CONSUME = ("sqs:SendMessage",), ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def table(spec: t.Table) -> tuple[str, ...]:
    """The table without its indexes."""
    return (f"arn:aws:dynamodb:*:*:table/{t.physical_name('{stage}', spec.name)}",)


def indexes(spec: t.Table) -> tuple[str, ...]:
    return tuple(f"{table(spec)[0]}/index/{index.name}" for index in spec.indexes)


def queue(spec: t.Queue) -> tuple[str, ...]:
    return (f"arn:aws:sqs:*:*:{t.physical_name('{stage}', spec.name)}",)


def bucket(spec: t.Bucket) -> tuple[str, ...]:
    return (f"arn:aws:s3:::{t.bucket_name('{stage}', spec.name, OWN_ACCOUNT)}",)


def objects(spec: t.Bucket) -> tuple[str, ...]:
    return (f"{bucket(spec)[0]}/*",)


SECRET = (f"arn:aws:secretsmanager:*:*:secret:{t.physical_name('{stage}', t.CREDENTIALS_SECRET)}-??????",)  # AWS adds six characters
CUSTOMER_ROLE = (f"arn:aws:iam::*:role/{t.physical_name('{stage}', t.CUSTOMER_ROLE)}",)
LOGS = (f"arn:aws:logs:*:*:log-group:/aws/lambda/{signals.APP}-{{stage}}*",)

MAIL = ("arn:aws:ses:*:*:identity/*", f"arn:aws:ses:*:*:configuration-set/{t.physical_name('{stage}', t.MAIL_CONFIGURATION)}")
OTHERS_ALONE = {"StringNotEquals": {"aws:ResourceAccount": OWN_ACCOUNT}}
"""Customers' own buckets and topics, whose names nobody here knows before: they let us in themselves. Never ours."""

Statement = tuple[tuple[str, ...], tuple[str, ...]] | tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]
"""Actions, resources and, where there is one, a condition."""

EVERYONE: tuple[Statement, ...] = ((("logs:CreateLogStream", "logs:PutLogEvents"), LOGS),)  # the stack makes the groups
ALLOWED: dict[signals.Function, tuple[Statement, ...]] = {
    signals.API: (
        ((GET, GET_MANY, QUERY, PUT, UPDATE), table(t.METRICS)),  # what customers choose themselves
        ((GET, PUT, UPDATE, DELETE), table(t.REPORTS)),
        ((QUERY,), indexes(t.REPORTS)),
        ((GET, UPDATE), table(t.LINKS)),
        ((QUERY,), indexes(t.LINKS)),
        ((GET_MANY, PUT), table(t.CACHE)),
        ((GET, PUT, DELETE), table(t.SESSIONS)),
        ((GET, SCAN), table(t.CUSTOMERS)),  # /health looks at all of them
        ((GET, UPDATE), table(t.API_KEYS)),
        ((QUERY,), indexes(t.API_KEYS)),
        ((GET, PUT), table(t.LEDGER)),
        ((QUERY, PUT), table(t.AUDIT)),  # only ever added to
        ((GET, QUERY, PUT, DELETE), table(t.SCHEDULES)),
        (("s3:GetObject", "s3:DeleteObjectVersion"), objects(t.REPORTS_BUCKET)),
        (("s3:ListBucket", "s3:ListBucketVersions"), bucket(t.REPORTS_BUCKET)),  # without the first, S3 says 403 of what isn't there
        (SEND, (*queue(t.REPORT_QUEUE), *queue(t.DELIVERY_QUEUE))),
        (("secretsmanager:GetSecretValue",), SECRET),
        (("sts:AssumeRole",), CUSTOMER_ROLE),  # where CUSTOMER_ROLE_ARN is set
    ),
    signals.AGGREGATOR: (((SCAN,), table(t.CUSTOMERS)), (SEND, queue(t.AGGREGATION_QUEUE))),
    signals.AGGREGATION_WORKER: (
        ((GET, GET_MANY, QUERY, PUT, UPDATE, WRITE_MANY), table(t.METRICS)),
        ((GET, SCAN), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE), table(t.LEDGER)),
        (("s3:GetObject",), objects(t.EXPORTS_BUCKET)),
        (("s3:PutObject",), (f"{bucket(t.EXPORTS_BUCKET)[0]}/handover/*",)),
        (("s3:ListBucket",), bucket(t.EXPORTS_BUCKET)),
        ((GET, PUT), table(t.SCHEDULES)),  # what budgets and unusual days tell
        (("sts:AssumeRole",), (READER_ROLE,)),  # CloudWatch is asked as that role alone
        (("ce:GetCostAndUsage", "ce:GetCostForecast", "ce:GetDimensionValues"), ("*",)),
        ((*CONSUME, *SEND), queue(t.AGGREGATION_QUEUE)),
        (SEND, queue(t.FINDINGS_QUEUE)),
    ),
    signals.FINDINGS_WORKER: (
        ((GET, QUERY, PUT, UPDATE, WRITE_MANY), table(t.METRICS)),
        ((GET, SCAN), table(t.CUSTOMERS)),
        ((UPDATE,), table(t.LEDGER)),
        (("securityhub:GetFindings",), (SECURITY_HUB,)),
        (("securityhub:BatchGetStandardsControlAssociations",), ("*",)),
        ((*CONSUME, *SEND), queue(t.FINDINGS_QUEUE)),
    ),
    signals.REPORTER: (
        ((GET, PUT, UPDATE), table(t.SCHEDULES)),
        ((QUERY,), indexes(t.SCHEDULES)),
        ((QUERY,), table(t.METRICS)),  # whom to tell of a schedule that is parked
        (SEND, queue(t.DELIVERY_QUEUE)),
    ),
    signals.REPORT_ENGINE: (
        ((GET, QUERY), table(t.METRICS)),
        ((GET,), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE), table(t.REPORTS)),
        (("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObjectVersion"), objects(t.REPORTS_BUCKET)),
        (("s3:ListBucketVersions",), bucket(t.REPORTS_BUCKET)),
        (("secretsmanager:GetSecretValue",), SECRET),
        (CONSUME, queue(t.REPORT_QUEUE)),
        (SEND, queue(t.DELIVERY_QUEUE)),
    ),
    signals.DELIVERY_WORKER: (
        ((GET, QUERY, PUT), table(t.SCHEDULES)),
        ((GET, QUERY, PUT, UPDATE), table(t.METRICS)),  # reports' parameters, and recipients that are proven or bounce
        ((GET,), table(t.CUSTOMERS)),
        ((GET, PUT, UPDATE, DELETE), table(t.REPORTS)),
        ((GET, UPDATE), table(t.LINKS)),
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
