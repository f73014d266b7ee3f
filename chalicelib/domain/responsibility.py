"""Whose a control is: the provider's baseline (guardrails of whole accounts) or the customer's (what it runs in them), by one table.

The rule that knows the control counts, else the one that knows its family, else the one of the types of resource that fail, where they
agree; what no rule knows is nobody's, and null.
Families are the first word of Security Hub's ids (`CloudTrail` of `CloudTrail.1`) and of Prowler's checks (`cloudtrail` of
`prowler-cloudtrail_multi_region_enabled`), in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

PROVIDER, CUSTOMER = "provider", "customer"
_SECURITY_HUB_ID = re.compile(r"(?:.*/)?([A-Za-z][A-Za-z0-9]*)\.[0-9]+", re.ASCII)
_PROWLER_CHECK = re.compile(r"prowler-([a-z0-9]+)_(.+)", re.ASCII)


@dataclass(frozen=True)
class Party:
    """`responsible` is provider or customer, `owner` a word for the team; None is unknown."""

    responsible: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Rule:
    """`controls` are Security Hub's ids, `words` stand in names of checks; without either, the rule is of the whole `families`."""

    party: Party
    families: tuple[str, ...]
    controls: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def special(self) -> bool:
        return bool(self.controls or self.words)


def _numbered(family: str, *numbers: int) -> tuple[str, ...]:
    return tuple(f"{family}.{number}" for number in numbers)


RULES = (
    Rule(
        Party(PROVIDER, "identity"),
        ("iam",),
        _numbered("IAM", 4, 6, 7, 9, *range(10, 18), 20, 28),
        ("root", "password_policy"),
    ),
    Rule(Party(PROVIDER, "network"), ("ec2",), _numbered("EC2", 2, 6), ("default_security_group", "securitygroup_default", "flow_log")),
    Rule(Party(PROVIDER, "security"), ("ec2",), _numbered("EC2", 7, 182), ("ebs_default_encryption",)),
    Rule(Party(PROVIDER, "security"), ("s3",), _numbered("S3", 1), ("account_level_public_access",)),
    Rule(Party(PROVIDER, "security"), ("ssm",), _numbered("SSM", 7)),
    Rule(
        Party(PROVIDER, "security"),
        (
            "accessanalyzer",
            "cloudtrail",
            "config",
            "detective",
            "guardduty",
            "inspector",
            "inspector2",
            "macie",
            "securityhub",
            "trustedadvisor",
        ),
    ),
    Rule(Party(PROVIDER, "operations"), ("account", "cloudwatch", "organizations")),
    Rule(Party(CUSTOMER, "identity"), ("cognito", "iam")),
    Rule(Party(CUSTOMER, "network"), ("apigateway", "cloudfront", "elb", "elbv2", "networkfirewall", "route53", "vpc", "waf", "wafv2")),
    Rule(
        Party(CUSTOMER, "data"),
        ("athena", "backup", "dms", "documentdb", "dynamodb", "efs", "elasticache", "es", "fsx", "glue", "kinesis", "msk", "neptune"),
    ),
    Rule(Party(CUSTOMER, "data"), ("opensearch", "rds", "redshift", "s3", "glacier")),
    Rule(Party(CUSTOMER, "security"), ("acm", "kms", "secretsmanager")),
    Rule(
        Party(CUSTOMER, "applications"),
        ("appsync", "autoscaling", "awslambda", "cloudformation", "codebuild", "ec2", "ecr", "ecs", "eks", "elasticbeanstalk", "emr"),
    ),
    Rule(Party(CUSTOMER, "applications"), ("eventbridge", "lambda", "sagemaker", "sns", "sqs", "ssm", "stepfunctions", "workspaces")),
)
_BY_FAMILY = {family: rule.party for rule in RULES if not rule.special for family in rule.families}
_BY_CONTROL = {control: rule.party for rule in RULES for control in rule.controls}


def family_of(control_id: str) -> str | None:
    """The control's family; None where its id doesn't tell."""
    found = _SECURITY_HUB_ID.fullmatch(control_id) or _PROWLER_CHECK.fullmatch(control_id)
    return found[1].lower() if found else None


def party_of(control_id: str, resource_types: Iterable[str] = ()) -> Party:
    """Whose the control is; the types (ASFF's) are asked only where its id tells nothing."""
    check, family = _PROWLER_CHECK.fullmatch(control_id), family_of(control_id)
    named = _BY_CONTROL.get(control_id.rpartition("/")[2])
    if named is None and check:
        special = [rule for rule in RULES if family in rule.families and any(word in check[2] for word in rule.words)]
        named = special[0].party if special else None
    return named or _BY_FAMILY.get(family or "") or _of_types(resource_types)


def _of_types(resource_types: Iterable[str]) -> Party:
    """As the family that the types' names begin with: `AwsS3Bucket` is s3's."""
    found = {_of_type(kind.removeprefix("Aws").lower()) for kind in resource_types}
    return next(iter(found)) if len(found) == 1 else Party()


def _of_type(name: str) -> Party:
    families = [family for family in _BY_FAMILY if name.startswith(family)]
    return _BY_FAMILY[max(families, key=len)] if families else Party()
