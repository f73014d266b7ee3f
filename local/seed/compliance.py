"""The findings of the three customers: mostly passing, each with its own failures and its own story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zlib import crc32

from chalicelib.domain.period import midnight
from local.seed.controls import ACCOUNT, CONTROLS, RESOURCES, Control
from local.seed.findings import EVER, GUARD_DUTY, NEVER, SeededAssociation, SeededFinding
from local.seed.organisation import (
    ACME_DATA,
    ACME_SHOP,
    BOREALIS_CLINIC,
    BOREALIS_RECORDS,
    COBALT,
    CONTROL_BROKEN,
    CONTROL_DISABLED,
    CONTROL_FIXED,
    NEW_REGION,
    SERVICE_GONE,
    Organisation,
)

_BY_ID = {control.id: control for control in CONTROLS}
_REGIONS = {
    ACME_SHOP: ("us-east-1", "us-west-2"),
    ACME_DATA: ("us-east-1",),
    BOREALIS_CLINIC: ("eu-central-1",),
    BOREALIS_RECORDS: ("eu-central-1", "eu-west-1"),
    COBALT: ("us-east-1", "ap-northeast-1"),
}
_LARGE = (ACME_SHOP, COBALT)
"""These have two of everything, the others one."""
_NOT_THERE = {
    "acme-retail": ("ElastiCache.1", "KMS.4", "Macie.1"),
    "borealis-health": ("ElastiCache.1", "ELB.1", "DynamoDB.2"),
    "cobalt-games": ("RDS.2", "RDS.3", "KMS.4", "Macie.1", "Lambda.1", "Lambda.2"),
}
_FAILING = {
    "acme-retail": ("IAM.3", "EC2.9", "S3.9", "CloudTrail.5", "EC2.3"),
    "borealis-health": ("S3.9", "IAM.16"),
    "cobalt-games": ("EC2.8", "EC2.18", "EC2.6", "IAM.6", "S3.5", "SSM.1", "DynamoDB.2", "ELB.1"),
}
"""These fail all the time, each on its account's first resource."""


def findings(organisation: Organisation) -> tuple[SeededFinding, ...]:
    """Every finding of the organisation, with those that must not count."""
    usual = [
        _usual(organisation, customer.id, control, account, region, resource)
        for customer in organisation.customers
        for control in CONTROLS
        if control.id not in _NOT_THERE[customer.id]
        for account in customer.account_ids
        for region, resource in _resources(control, account)
    ]
    return (*usual, *_odd())


def associations(organisation: Organisation) -> tuple[SeededAssociation, ...]:
    """Macie.1 is switched off sixty days ago, everything else is on."""
    off = midnight(organisation.ago(CONTROL_DISABLED))
    return tuple(
        SeededAssociation(control.id, standard, off if control.id == "Macie.1" else NEVER)
        for control in CONTROLS
        for standard in control.standards
    )


def _resources(control: Control, account: str) -> Iterator[tuple[str, str]]:
    """(region, ARN); what belongs to the whole account is checked in its first region."""
    regions = _REGIONS[account]
    for region in regions[:1] if control.resource_type in (ACCOUNT, "AwsS3Bucket", "AwsCloudTrailTrail") else regions:
        for pattern in RESOURCES[control.resource_type][: 2 if account in _LARGE and region == regions[0] else 1]:
            yield region, pattern.format(account=account, region=region, n=crc32(f"{account}{region}".encode()))


def _usual(organisation: Organisation, customer: str, control: Control, account: str, region: str, resource: str) -> SeededFinding:
    since, until = _there(organisation, control, region)
    failed_from, failed_until = _failed(organisation, customer, control, account, resource)
    status = "WARNING" if (account, control.id) == (ACME_DATA, "Config.1") else "PASSED"
    workflow = "SUPPRESSED" if (account, control.id) == (ACME_SHOP, "EC2.9") else "NEW"
    return SeededFinding(account, region, control, resource, status, failed_from, failed_until, since, until, workflow)


def _there(organisation: Organisation, control: Control, region: str) -> tuple[datetime, datetime]:
    """A new region's findings come with it; what vanished or was switched off has none any more."""
    since = midnight(organisation.ago(NEW_REGION)) if region == "ap-northeast-1" else EVER
    gone = {"ElastiCache.1": SERVICE_GONE, "Macie.1": CONTROL_DISABLED}.get(control.id)
    return since, midnight(organisation.ago(gone)) if gone else NEVER


def _failed(organisation: Organisation, customer: str, control: Control, account: str, resource: str) -> tuple[datetime, datetime]:
    """Borealis closes its ports (EC2.19) and later makes a root key (IAM.4)."""
    if (account, control.id) == (BOREALIS_CLINIC, "EC2.19"):
        return EVER, midnight(organisation.ago(CONTROL_FIXED))
    if (account, control.id) == (BOREALIS_RECORDS, "IAM.4"):
        return midnight(organisation.ago(CONTROL_BROKEN)), NEVER
    first = next(arn for _, arn in _resources(control, account))
    return (EVER, NEVER) if control.id in _FAILING[customer] and resource == first else (NEVER, NEVER)


def _odd() -> Iterator[SeededFinding]:
    """A deleted bucket's archived failure, and a failure that GuardDuty tells of: neither counts."""
    bucket = f"arn:aws:s3:::{ACME_SHOP}-deleted"
    yield SeededFinding(ACME_SHOP, "us-east-1", _BY_ID["S3.2"], bucket, failed_from=EVER, record_state="ARCHIVED")
    yield SeededFinding(ACME_SHOP, "us-east-1", _BY_ID["IAM.4"], f"AWS::::Account:{ACME_SHOP}", failed_from=EVER, product=GUARD_DUTY)
