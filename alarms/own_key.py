"""The option of a key of one's own: tables, buckets, queues, logs and the secret encrypted by a KMS key that this account administers."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template, dynamodb, kms, logs, s3, secretsmanager, sqs

from alarms.tags import keeping, tags
from alarms.topic import document
from chalicelib.domain import signals
from chalicelib.stores.tables import physical_name

KEY = "DataKey"
THROUGH = ("dynamodb", "s3", "sqs", "secretsmanager")
TELLING = ("s3", "events", "sns", "bcm-data-exports", "billingreports")
"""AWS's own services that put something into our queues and buckets."""
DATA_KEY_SECONDS = 300  # SQS asks KMS anew that often


def encrypt_with_own_key(template: Template, stage: str) -> None:
    """Adds the key and has everything that keeps data use it. Its topics have one always (topic.py)."""
    key = template.add_resource(
        kms.Key(
            KEY,
            Description=f"Encrypts the data of {physical_name(stage, 'analytics')}",
            EnableKeyRotation=True,
            KeyPolicy=document(*_statements(), _logs(stage)),
            Tags=tags(stage, "data"),
            **keeping(stage),
        )
    )
    arn = GetAtt(key, "Arn")
    for resource in template.resources.values():
        _use(resource, arn)
    template.add_output(Output("DataKeyArn", Value=arn))


def _use(resource: Any, arn: GetAtt) -> None:
    if isinstance(resource, dynamodb.Table):
        resource.SSESpecification = dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=arn)
    elif isinstance(resource, s3.Bucket):
        by_default = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=arn)
        rule = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=by_default, BucketKeyEnabled=True)
        resource.BucketEncryption = s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule])
    elif isinstance(resource, sqs.Queue):
        del resource.properties["SqsManagedSseEnabled"]
        resource.KmsMasterKeyId, resource.KmsDataKeyReusePeriodSeconds = arn, DATA_KEY_SECONDS
    elif isinstance(resource, secretsmanager.Secret | logs.LogGroup):
        resource.KmsKeyId = arn


def _logs(stage: str) -> dict[str, Any]:
    """CloudWatch Logs comes in its own name, and tells for which group; for those of this stage's functions it may."""
    groups = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:/aws/lambda/{signals.APP}-{stage}*"
    return {
        "Sid": "LogsOfOurFunctions",
        "Effect": "Allow",
        "Principal": {"Service": Sub("logs.${AWS::Region}.amazonaws.com")},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": Sub(groups)}},
    }


def _statements() -> list[dict[str, Any]]:
    """In a key's policy, Resource * is the key itself.

    Whoever of this account may use a table, bucket, queue or the secret may use the key through that service, as with AWS's own keys:
    the functions' policies need no grant of it, and nobody can use it by itself.
    """
    account, ours = {"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}, Ref("AWS::AccountId")
    through = [Sub(f"{service}.${{AWS::Region}}.amazonaws.com") for service in THROUGH]
    used = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    return [
        {"Sid": "AccountAdministers", "Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"},
        {
            "Sid": "ThroughOurServices",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": used,
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:CallerAccount": ours, "kms:ViaService": through}},
        },
        {
            "Sid": "ServicesThatTell",
            "Effect": "Allow",
            "Principal": {"Service": [f"{service}.amazonaws.com" for service in TELLING]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": ours}},
        },
    ]
