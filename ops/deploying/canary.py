"""CodeDeploy's shifts of traffic that are under way."""

from __future__ import annotations

from collections.abc import Iterable

from ops.deployed import Client, app_stack

APPLICATION, GROUP = "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"
UNDER_WAY = ["Created", "Queued", "InProgress", "Baking", "Ready"]


def under_way(client: Client, stage: str) -> list[str]:
    """The ids of the stage's deployments that still shift traffic."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=app_stack(stage))
    resources = [one for page in pages for one in page["StackResourceSummaries"]]
    applications = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == APPLICATION]
    groups = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == GROUP]
    found: list[str] = []
    for application in applications:
        for group in groups:
            told = client("codedeploy").list_deployments(
                applicationName=application, deploymentGroupName=group, includeOnlyStatuses=UNDER_WAY
            )
            found += told["deployments"]
    return found


def stop(client: Client, deployments: Iterable[str]) -> None:
    """Stops and reverses them."""
    for deployment in deployments:
        client("codedeploy").stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
