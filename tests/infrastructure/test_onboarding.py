"""What a customer's account takes, and who may feed findings to the provider."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from alarms.onboarding import findings_feed, onboarding
from alarms.stack import build
from chalicelib.domain.customer import READER_ROLE
from chalicelib.sources import cloudwatch
from tests.infrastructure.conftest import ROOT

TEMPLATE: dict[str, Any] = json.loads(onboarding().to_json())
FEED: dict[str, Any] = json.loads(findings_feed().to_json())
FILLED = {"ProviderAccountId": "123456789012", "ExternalId": "acme-0123456789abcdef", "ProviderRegion": "eu-west-1"}


def of(logical: str) -> dict[str, Any]:
    properties: dict[str, Any] = TEMPLATE["Resources"][logical]["Properties"]
    return properties


@pytest.mark.parametrize("name, template", [("onboarding", TEMPLATE), ("feed", FEED), ("filled", json.loads(onboarding(FILLED).to_json()))])
def test_cfn_lint_finds_nothing(tmp_path: pathlib.Path, name: str, template: dict[str, Any]) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(template))
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("cfn-lint")), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("option, template", [("--onboarding", TEMPLATE), ("--findings-feed", FEED)])
def test_the_command_prints_it_without_a_stage(option: str, template: dict[str, Any]) -> None:
    done = subprocess.run([sys.executable, "-m", "alarms", option], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == template


def test_the_role_is_taken_by_the_provider_with_the_external_id_alone() -> None:
    role = of("Reader")
    assert role["RoleName"] == READER_ROLE
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${ProviderAccountId}:root"}}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}


def test_the_role_reads_what_the_source_asks_and_nothing_else() -> None:
    source = pathlib.Path(cloudwatch.__file__).read_text()
    asked = {"".join(part.capitalize() for part in name.split("_")) for name in re.findall(r"client\.((?:get|list)_\w+)", source)}
    (policy,) = of("Reader")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {f"cloudwatch:{action}" for action in asked}


def test_whoever_takes_it_must_give_provider_and_external_id_and_nothing_is_forwarded_unasked() -> None:
    parameters = TEMPLATE["Parameters"]
    assert {name for name, one in parameters.items() if "Default" not in one} == {"ProviderAccountId", "ExternalId"}
    assert parameters["ForwardFindings"]["Default"] == "no"
    assert not re.fullmatch(parameters["ExternalId"]["AllowedPattern"], "short")
    assert re.fullmatch(parameters["ExternalId"]["AllowedPattern"], FILLED["ExternalId"])


def test_in_every_region_but_the_home_one_no_role_is_made() -> None:
    """IAM is global: a second one of the same name would fail a StackSet."""
    assert {name: one["Condition"] for name, one in TEMPLATE["Resources"].items()} == {
        "Reader": "IsHomeRegion",
        "Feeder": "ForwardsFindingsAtHome",
        "Findings": "ForwardsFindings",
    }
    assert TEMPLATE["Conditions"]["IsHomeRegion"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "HomeRegion"}]}
    assert TEMPLATE["Outputs"]["ReaderRoleArn"]["Condition"] == "IsHomeRegion"


def test_only_this_accounts_own_findings_are_forwarded_to_where_the_provider_listens() -> None:
    rule = of("Findings")
    assert rule["EventPattern"] == {
        "source": ["aws.securityhub"],
        "detail-type": ["Security Hub Findings - Imported"],
        "detail": {"findings": {"AwsAccountId": [{"Ref": "AWS::AccountId"}]}},
    }
    (target,) = rule["Targets"]
    (policy,) = of("Feeder")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "events:PutEvents"
    assert statement["Resource"] == target["Arn"]
    assert target["Arn"] == {"Fn::Sub": "arn:${AWS::Partition}:events:${ProviderRegion}:${ProviderAccountId}:event-bus/default"}
    assert target["RoleArn"]["Fn::Sub"].endswith(f":role/{of('Feeder')['RoleName']}")
    (trust,) = of("Feeder")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(f":rule/{rule['Name']}")


def test_the_provider_lets_named_organizations_put_findings_and_nothing_else() -> None:
    assert "Default" not in FEED["Parameters"]["FindingsOrganizationIds"], "an empty list would let nobody in, or everybody"
    (policy,) = FEED["Resources"].values()
    statement = policy["Properties"]["Statement"]
    assert (statement["Action"], statement["Resource"]["Fn::Sub"].rpartition(":")[2]) == ("events:PutEvents", "event-bus/default")
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:PrincipalOrgID": {"Ref": "FindingsOrganizationIds"},
            "events:source": ["aws.securityhub"],
            "events:detail-type": ["Security Hub Findings - Imported"],
        }
    }


def test_what_is_forwarded_is_what_the_stacks_rule_takes() -> None:
    resources = json.loads(build("production").to_json())["Resources"]
    (taken,) = [one["Properties"]["EventPattern"] for one in resources.values() if one["Type"] == "AWS::Events::Rule"]
    forwarded = of("Findings")["EventPattern"]
    assert {name: forwarded[name] for name in taken} == taken


def test_given_parameters_are_its_defaults() -> None:
    parameters = json.loads(onboarding(FILLED).to_json())["Parameters"]
    assert {name: parameters[name]["Default"] for name in FILLED} == FILLED
    assert all("Default" in one for one in parameters.values()), "it deploys as it is"
