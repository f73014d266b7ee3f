"""The buckets: shut, versioned, encrypted, by TLS alone, and expiring as the stack says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from chalicelib.stores.tables import BUCKETS, bucket_name
from ops.examined.stage import Look, Stage, Told, not_on_the_laptop, optional

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def looks(stage: Stage) -> Iterator[Look]:
    for spec in BUCKETS:
        name = bucket_name(stage.name, spec.name, stage.with_.account)
        yield Look("s3", f"bucket {name}", partial(_there, stage, name), f"{stage.deploy} makes it; its objects are gone")
        yield Look("s3", f"bucket {name}, public access", partial(_shut, stage, name))
        yield Look("s3", f"bucket {name}, versions", partial(_versions, stage, name))
        if not stage.laptop:
            yield Look("s3", f"bucket {name}, encryption", partial(_encryption, stage, name))
            yield Look("s3", f"bucket {name}, policy", partial(_tls, stage, name))
            yield Look("s3", f"bucket {name}, lifecycle", partial(_lifecycle, stage, name))
    if stage.laptop:
        yield not_on_the_laptop("buckets' encryption, policy and lifecycle")


def _there(stage: Stage, name: str) -> Told:
    stage.client("s3").head_bucket(Bucket=name)
    return Told("there")


def _shut(stage: Stage, name: str) -> Told:
    found = optional(stage.client("s3").get_public_access_block, "NoSuchPublicAccessBlockConfiguration", Bucket=name) or {}
    blocks = found.get("PublicAccessBlockConfiguration", {})
    lacking = [block for block in BLOCKS if not blocks.get(block)]
    all_on = ",".join(f"{block}=true" for block in BLOCKS)
    mend = f"aws s3api put-public-access-block --bucket {name} --public-access-block-configuration {all_on}"
    return Told("blocked in all four ways", ((f"open: not {', '.join(lacking)}", mend),) if lacking else ())


def _versions(stage: Stage, name: str) -> Told:
    status = stage.client("s3").get_bucket_versioning(Bucket=name).get("Status", "never enabled")
    mend = f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
    return Told("Enabled", () if status == "Enabled" else ((str(status), mend),))


def _encryption(stage: Stage, name: str) -> Told:
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    found = optional(stage.client("s3").get_bucket_encryption, absent, Bucket=name) or {}
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    kinds = [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules if "ApplyServerSideEncryptionByDefault" in rule]
    return Told(", ".join(kinds), () if kinds else (("no encryption by default", f"{stage.deploy} puts it back"),))


def _tls(stage: Stage, name: str) -> Told:
    found = optional(stage.client("s3").get_bucket_policy, "NoSuchBucketPolicy", Bucket=name)
    statements = json.loads(found["Policy"])["Statement"] if found else []
    refuses = any(
        one["Effect"] == "Deny"
        and one.get("Principal") in ("*", {"AWS": "*"})
        and one.get("Action") in ("s3:*", ["s3:*"])
        and one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") in ("false", False)
        for one in statements
    )
    mend = f"put the statement TlsOnly of `python -m alarms --stage {stage.name}` back into its policy"
    return Told(f"{len(statements)} statements, refuses plain HTTP", () if refuses else (("plain HTTP isn't refused", mend),))


def _lifecycle(stage: Stage, name: str) -> Told:
    found = optional(stage.client("s3").get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", Bucket=name) or {}
    there = {rule.get("ID") for rule in found.get("Rules", []) if rule["Status"] == "Enabled"}
    lacking = sorted(_rules(stage, name) - there)
    mend = f"put them back as `python -m alarms --stage {stage.name}` has them"
    return Told(f"{len(there)} rules", ((f"rules that aren't there or are off: {', '.join(lacking)}", mend),) if lacking else ())


def _rules(stage: Stage, name: str) -> set[str]:
    """The ids of the rules that the stack defines for the bucket."""
    account = {"${AWS::AccountId}": stage.with_.account}
    for bucket in stage.of_type("AWS::S3::Bucket"):
        defined = bucket["BucketName"]["Fn::Sub"].replace(*next(iter(account.items())))
        if defined == name:
            return {rule["Id"] for rule in bucket["LifecycleConfiguration"]["Rules"]}
    return set()
