"""The buckets: shut, encrypted, versioned; what lands in the exports bucket is told to the aggregation queue."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template, s3

from alarms.queues import logical as queue_logical
from alarms.tags import keeping, tags, title
from chalicelib.stores.tables import AGGREGATION_QUEUE, BUCKETS, EXPORTS_BUCKET, Bucket, bucket_name

ABORT_UPLOAD_DAYS = 7
OLD_VERSION_DAYS = 30  # how long a replaced or deleted object can be brought back
HANDOVER_DAYS = 2  # what one job leaves for another; the next one leaves its own
DROPS = ("focus/", "findings/")
DROP_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


def add_buckets(template: Template, stage: str) -> None:
    """Every bucket of the specs, its TLS-only policy, and its name as an output."""
    for spec in BUCKETS:
        bucket = template.add_resource(_bucket(spec, stage))
        template.add_resource(_tls_only(bucket))
        template.add_output(Output(f"{title(spec.name)}BucketName", Value=Ref(bucket)))


def _bucket(spec: Bucket, stage: str) -> s3.Bucket:
    return s3.Bucket(
        f"{title(spec.name)}Bucket",
        BucketName=Sub(bucket_name(stage, spec.name, "${AWS::AccountId}")),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        BucketEncryption=s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[
                s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256"))
            ]
        ),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        LifecycleConfiguration=s3.LifecycleConfiguration(Rules=_lifecycle(spec)),
        Tags=tags(stage, spec.name),
        **_notifications(spec),
        **keeping(stage),
    )


def _lifecycle(spec: Bucket) -> list[s3.LifecycleRule]:
    abort = s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=ABORT_UPLOAD_DAYS)
    old = s3.NoncurrentVersionExpiration(NoncurrentDays=OLD_VERSION_DAYS)
    rules = [
        s3.LifecycleRule(Id="abandoned-uploads", Status="Enabled", AbortIncompleteMultipartUpload=abort),
        s3.LifecycleRule(Id="old-versions", Status="Enabled", NoncurrentVersionExpiration=old, ExpiredObjectDeleteMarker=True),
    ]
    if spec == EXPORTS_BUCKET:
        rules.append(s3.LifecycleRule(Id="handed-over", Status="Enabled", Prefix="handover/", ExpirationInDays=HANDOVER_DAYS))
    if spec.lifecycle_days is not None:
        rules.append(s3.LifecycleRule(Id="current-versions", Status="Enabled", ExpirationInDays=spec.lifecycle_days))
    return rules


def _notifications(spec: Bucket) -> dict[str, Any]:
    """S3 checks that it may send when the bucket is made, so the queue's policy comes first."""
    if spec != EXPORTS_BUCKET:
        return {}
    queue = queue_logical(AGGREGATION_QUEUE.name)
    configurations = [
        s3.QueueConfigurations(
            Event=event,
            Queue=GetAtt(queue, "Arn"),
            Filter=s3.Filter(S3Key=s3.S3Key(Rules=[s3.Rules(Name="prefix", Value=prefix)])),
        )
        for prefix in DROPS
        for event in DROP_EVENTS
    ]
    return {"NotificationConfiguration": s3.NotificationConfiguration(QueueConfigurations=configurations), "DependsOn": f"{queue}Policy"}


def _tls_only(bucket: s3.Bucket) -> s3.BucketPolicy:
    arn = GetAtt(bucket, "Arn")
    refused = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, Sub(f"${{{bucket.title}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return s3.BucketPolicy(f"{bucket.title}Policy", Bucket=Ref(bucket), PolicyDocument={"Version": "2012-10-17", "Statement": [refused]})
