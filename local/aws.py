"""The laptop's AWS: moto on loopback in this process, fakes of Cost Explorer and Security Hub beside it, shaped by the stack's specs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from moto.core.config import default_user_config
from moto.iam.models import iam_backends
from moto.moto_api._internal.models import moto_api_backend

from chalicelib.domain.customer import READER_ROLE
from chalicelib.stores import tables
from local.fakes.cloudwatch import install_cloudwatch
from local.fakes.cost_explorer import FakeCostExplorer
from local.fakes.dynamodb import with_quick_reads
from local.fakes.http import Served, serve_moto
from local.fakes.inbox import Inbox
from local.fakes.metric_points import MetricPoints
from local.fakes.security_hub import FakeSecurityHub
from local.fakes.sts import install_sts_check

STAGE = "local"
ACCOUNT = "123456789012"
REGION = "us-east-1"
HOURS_KEPT_DAYS = "14"
MAIL_FROM = "SecureBase Analytics <reports@securebase.example>"


@dataclass
class EmbeddedAws:
    """Everything that answers as AWS would; `environment` is what a process needs to talk to it."""

    costs: FakeCostExplorer
    hub: FakeSecurityHub
    points: MetricPoints
    inbox: Inbox
    servers: list[Served]
    undo: list[Callable[[], None]]
    environment: dict[str, str]

    def note(self, path: Path) -> None:
        """Tells `--stage local` commands where it is."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.environment, indent=2))

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        for undo in self.undo:
            undo()
        moto_api_backend.reset()


def start(clock: Callable[[], datetime], public_url: str = "http://127.0.0.1:8000") -> EmbeddedAws:
    """Starts all of it on free ports of 127.0.0.1, empty. `public_url` is where the API will be reached."""
    default_user_config["lambda"] = {"use_docker": False}
    costs, hub, points, inbox = FakeCostExplorer([], clock), FakeSecurityHub([], [], clock), MetricPoints(clock), Inbox()
    undo = [install_cloudwatch(points), install_sts_check()]
    servers = [serve_moto(with_quick_reads), Served(costs.app), Served(hub.app), Served(inbox.app)]
    environment = {
        "AWS_ENDPOINT_URL": servers[0].url,
        "AWS_ENDPOINT_URL_COST_EXPLORER": servers[1].url,
        "AWS_ENDPOINT_URL_SECURITYHUB": servers[2].url,
        "AWS_ENDPOINT_URL_SESV2": servers[3].url,
        "INBOX_URL": servers[3].url,
        "PUBLIC_URL": public_url,
        "MAIL_FROM": MAIL_FROM,
        "AWS_ACCESS_KEY_ID": "laptop",
        "AWS_SECRET_ACCESS_KEY": "laptop",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID": ACCOUNT,
        "HOURS_KEPT_DAYS": HOURS_KEPT_DAYS,
        "PARTIAL_BATCHES": "true",
        "STAGE": STAGE,
    }
    return EmbeddedAws(costs, hub, points, inbox, servers, undo, environment)


def create_stack(master: str | None = None, stage: str = STAGE) -> None:
    """Every table, bucket, queue, topic and secret of the specs, on whatever AWS the environment names (a laptop's)."""
    if "127.0.0.1" not in os.environ.get("AWS_ENDPOINT_URL", ""):
        raise RuntimeError("this creates a stack on the laptop's AWS only")
    dynamodb, sqs, s3 = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("s3")
    for table in tables.TABLES:
        _create_table(dynamodb, table, stage)
    arns = {queue.name: _create_queue(sqs, queue, stage) for queue in tables.QUEUES}
    for bucket in tables.BUCKETS:
        _create_bucket(s3, tables.bucket_name(stage, bucket.name, ACCOUNT))
    _notify(s3, tables.bucket_name(stage, tables.EXPORTS_BUCKET.name, ACCOUNT), arns[tables.AGGREGATION_QUEUE.name])
    boto3.client("sns").create_topic(Name=tables.physical_name(stage, tables.ALERTS_TOPIC))
    boto3.client("secretsmanager").create_secret(
        Name=tables.physical_name(stage, tables.CREDENTIALS_SECRET),
        SecretString=json.dumps({"master": master or secrets.token_urlsafe(48)}),
    )


def _create_table(client: Any, table: tables.Table, stage: str) -> None:
    name = tables.physical_name(stage, table.name)
    keys = [(table.hash_key, "HASH"), *([(table.range_key, "RANGE")] if table.range_key else [])]
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in table.key_attributes],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": [{"AttributeName": index.hash_key, "KeyType": "HASH"}, {"AttributeName": index.range_key, "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in table.indexes
        ]
    client.create_table(**request)
    client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": tables.TTL_ATTRIBUTE})
    if table.recovery:
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})


def _create_queue(client: Any, queue: tables.Queue, stage: str) -> str:
    name = tables.physical_name(stage, queue.name)
    dead = _queue_arn(client, client.create_queue(QueueName=f"{name}-dead")["QueueUrl"])
    attributes = {
        "VisibilityTimeout": str(queue.visibility),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": queue.attempts}),
    }
    return _queue_arn(client, client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def _queue_arn(client: Any, url: str) -> str:
    return str(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _create_bucket(client: Any, name: str) -> None:
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    shut = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=shut)


def _notify(client: Any, bucket: str, queue_arn: str) -> None:
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    client.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": queue_arn, "Events": events}]}
    )


def create_reader_role(account: str, external_id: str) -> None:
    """The role that a customer's account grants, as the template of `ops.customers add` has it; straight into moto's account."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
    iam_backends[account]["aws"].create_role(
        role_name=READER_ROLE,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
