"""The buckets: shut, encrypted, versioned; what lands in the exports bucket is told to the aggregation queue."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template, s3

from alarms.queues import logical as queue_logical
from alarms.tags import keeping, tags, title
from chalicelib.stores.tables import AGGREGATION_QUEUE, BUCKETS, EXPORTS_BUCKET, KEPT_MONTHS, Bucket, bucket_name

ABORT_UPLOAD_DAYS = 7
OLD_VERSION_DAYS = 30  # how long a replaced or deleted object can be brought back
HANDOVER_DAYS = 2  # what one job leaves for another; the next one leaves its own
MONTH_DAYS = 31  # the record goes by the calendar, the document not before it
DROPS = ("focus/", "findings/")
DROP_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
PAYER_EXPORT = "focus-export/"
MANIFESTS = (("prefix", PAYER_EXPORT), ("suffix", "Manifest.json"))  # data files are read when their manifest comes
TOLD = (*(((("prefix", prefix),), event) for prefix in DROPS for event in DROP_EVENTS), (MANIFESTS, "s3:ObjectCreated:*"))


def add_buckets(template: Template, stage: str) -> None:
    """Every bucket of the specs, its TLS-only policy, and its name as an output."""
    for spec in BUCKETS:
        bucket = template.add_resource(_bucket(spec, stage))
        template.add_resource(_policy(bucket, [_tls_only(bucket), *([_data_exports(bucket)] if spec == EXPORTS_BUCKET else [])]))
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
    return rules + [_kept(months) for months in spec.retentions]


def _kept(months: int) -> s3.LifecycleRule:
    tag = s3.TagFilter(Key=KEPT_MONTHS, Value=str(months))
    return s3.LifecycleRule(Id=f"kept-{months}-months", Status="Enabled", TagFilters=[tag], ExpirationInDays=months * MONTH_DAYS)


def _notifications(spec: Bucket) -> dict[str, Any]:
    """S3 checks that it may send when the bucket is made, so the queue's policy comes first."""
    if spec != EXPORTS_BUCKET:
        return {}
    queue = queue_logical(AGGREGATION_QUEUE.name)
    configurations = [
        s3.QueueConfigurations(
            Event=event,
            Queue=GetAtt(queue, "Arn"),
            Filter=s3.Filter(S3Key=s3.S3Key(Rules=[s3.Rules(Name=name, Value=value) for name, value in rules])),
        )
        for rules, event in TOLD
    ]
    return {"NotificationConfiguration": s3.NotificationConfiguration(QueueConfigurations=configurations), "DependsOn": f"{queue}Policy"}


def _policy(bucket: s3.Bucket, statements: list[dict[str, Any]]) -> s3.BucketPolicy:
    return s3.BucketPolicy(f"{bucket.title}Policy", Bucket=Ref(bucket), PolicyDocument={"Version": "2012-10-17", "Statement": statements})


def _tls_only(bucket: s3.Bucket) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [GetAtt(bucket, "Arn"), Sub(f"${{{bucket.title}.Arn}}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _data_exports(bucket: s3.Bucket) -> dict[str, Any]:
    """AWS Data Exports of this account may deliver here; it asks for the policy before it does."""
    exports = ["arn:aws:bcm-data-exports:us-east-1:${AWS::AccountId}:export/*", "arn:aws:cur:us-east-1:${AWS::AccountId}:definition/*"]
    return {
        "Sid": "DataExports",
        "Effect": "Allow",
        "Principal": {"Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]},
        "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
        "Resource": [GetAtt(bucket, "Arn"), Sub(f"${{{bucket.title}.Arn}}/{PAYER_EXPORT}*")],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": [Sub(arn) for arn in exports]},
        },
    }
