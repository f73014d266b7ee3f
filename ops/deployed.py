"""What AWS has of a stage: its two stacks, its functions and where its API answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from chalicelib.stores.tables import physical_name

Client = Callable[[str], Any]
"""A service's client by the service's name, such as `Services.client`."""

AWS_APIS = ".execute-api."
LIVE = "LIVE"
"""The alias that HTTP, schedules and queues reach in a stage that was packaged."""


def data_stack(stage: str) -> str:
    """The stack of what keeps data and watches the app (`python -m alarms`)."""
    return physical_name(stage, "analytics")


def app_stack(stage: str) -> str:
    """The stack of functions and API, where they were packaged; plain `chalice deploy` makes none."""
    return physical_name(stage, "app")


def stack_of(client: Client, name: str) -> dict[str, Any] | None:
    """The stack as CloudFormation describes it; None where there is none."""
    try:
        found: dict[str, Any] = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return found


def status_of(client: Client, name: str) -> str:
    """'' where there is no such stack."""
    return str((stack_of(client, name) or {}).get("StackStatus", ""))


def outputs(stack: dict[str, Any] | None) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in (stack or {}).get("Outputs", [])}


def packaged(client: Client, stage: str) -> bool:
    """Whether the stage's functions are a stack with versions behind LIVE."""
    return stack_of(client, app_stack(stage)) is not None


def api_of(client: Client, stage: str) -> str | None:
    """The id of the stage's API: Chalice calls every stage's API alike, so the one that has the stage."""
    gateway = client("apigateway")
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == signals.APP and any(one["stageName"] == stage for one in gateway.get_stages(restApiId=api["id"])["item"]):
                return str(api["id"])
    return None


def url_of(client: Client, stage: str, region: str) -> str | None:
    """Where the stage's API answers; None where it isn't deployed."""
    told = outputs(stack_of(client, app_stack(stage)))
    stand_in = os.environ.get("AWS_ENDPOINT_URL")  # an AWS on this machine, which has no API where AWS has it
    if "EndpointURL" in told and not (stand_in and AWS_APIS in told["EndpointURL"]):
        return told["EndpointURL"].rstrip("/")
    api = told.get("RestAPIId") or api_of(client, stage)
    if api is None:
        return None
    return f"{stand_in}/restapis/{api}/{stage}/_user_request_" if stand_in else f"https://{api}.execute-api.{region}.amazonaws.com/{stage}"
