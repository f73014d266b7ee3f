"""The stack as CloudFormation would read it."""

import json
import pathlib
from typing import Any

import pytest

from alarms.stack import build
from alarms.tags import STAGES

ROOT = pathlib.Path(__file__).parents[2]
ACCOUNT = "123456789012"
BUILT: dict[str, dict[str, Any]] = {stage: json.loads(build(stage).to_json()) for stage in STAGES}


class Stack:
    """A stage's template, its resources found by type and name."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.production = stage == "production"
        self.template = BUILT[stage]
        self.resources: dict[str, dict[str, Any]] = self.template["Resources"]

    def named(self, kind: str, attribute: str) -> dict[str, dict[str, Any]]:
        """Properties by physical name, the account filled in."""
        found = [one["Properties"] for one in self.resources.values() if one["Type"] == kind]
        return {text(properties[attribute]): properties for properties in found}

    def of_type(self, *kinds: str) -> dict[str, dict[str, Any]]:
        return {logical: one for logical, one in self.resources.items() if one["Type"] in kinds}

    def statements(self, kind: str) -> list[dict[str, Any]]:
        """Of every resource policy of a kind."""
        return [one for policy in self.of_type(kind).values() for one in policy["Properties"]["PolicyDocument"]["Statement"]]

    def alarms(self) -> dict[str, dict[str, Any]]:
        prefix = f"securebase-{self.stage}-analytics-"
        return {name.removeprefix(prefix): alarm for name, alarm in self.named("AWS::CloudWatch::Alarm", "AlarmName").items()}


def text(value: Any) -> str:
    if isinstance(value, dict):
        value = value["Fn::Sub"]
    return value.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Partition}", "aws")


@pytest.fixture(params=STAGES)
def stack(request: pytest.FixtureRequest) -> Stack:
    return Stack(request.param)
