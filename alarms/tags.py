"""What every resource carries (its tags) and what production's data carries besides: it outlives its stack."""

from __future__ import annotations

from typing import Any

from troposphere import Tags

from chalicelib.stores.tables import PROJECT

STAGES = ("local", "dev", "staging", "production")
KEPT_STAGE = "production"


def tags(stage: str, component: str) -> Tags:
    """Project, Stage and Component, for the bill and for whoever finds the resource."""
    return Tags(Project=PROJECT, Stage=stage, Component=component)


def keeping(stage: str) -> dict[str, Any]:
    """Resource attributes under which production's data survives deletion or replacement by CloudFormation."""
    policy = "Retain" if stage == KEPT_STAGE else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def title(name: str) -> str:
    """The logical id for a name: `api-keys` is `ApiKeys`."""
    return "".join(part.capitalize() for part in name.split("-"))
