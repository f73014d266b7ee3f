"""What every resource carries (its tags) and what production's data carries besides: it outlives its stack."""

from __future__ import annotations

from typing import Any

from troposphere import Tags

from chalicelib.stores.tables import PROJECT

STAGES = ("local", "dev", "staging", "production")
KEPT_STAGE = "production"
KEEPING_TYPES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::KMS::Key")
"""What would lose data if it were deleted or made anew."""


def tag_values(stage: str, component: str) -> dict[str, str]:
    """Project, Stage and Component, for the bill and for whoever finds the resource."""
    return {"Project": PROJECT, "Stage": stage, "Component": component}


def tags(stage: str, component: str) -> Tags:
    return Tags(**tag_values(stage, component))


def keeping(stage: str) -> dict[str, Any]:
    """Resource attributes under which production's data survives deletion or replacement by CloudFormation."""
    policy = "Retain" if stage == KEPT_STAGE else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def title(name: str) -> str:
    """The logical id for a name: `api-keys` is `ApiKeys`."""
    return "".join(part.capitalize() for part in name.split("-"))
