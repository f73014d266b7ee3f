"""What `chalice package` made, as it is deployed: named, versioned, behind LIVE, with a canary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alarms.rollback import ROLLBACK_ALARMS, SPECS
from chalicelib.domain import signals
from ops.deploying.release import CANARY, logical_id, released

ARN = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${APIHandler.Arn}/invocations"
PLACES = {"./deployment.zip": "s3://bucket/code/1.zip", "./layer-deployment.zip": "s3://bucket/code/2.zip"}


def packaged(code: str = "./deployment.zip") -> dict[str, Any]:
    functions = {
        logical_id(function): {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": code, "Tags": {"aws-chalice": "1"}, "Timeout": function.timeout},
        }
        for function in signals.FUNCTIONS
    }
    definition = {
        "paths": {"/health": {"get": {"x-amazon-apigateway-integration": {"uri": {"Fn::Sub": ARN}}}}},
        "securityDefinitions": {"keys": {"authorizerUri": {"Fn::Sub": ARN.replace("APIHandler", "ReportEngine")}}},
    }
    return {
        "Resources": {
            **functions,
            "ManagedLayer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "./layer-deployment.zip"}},
            "RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionBody": definition}},
            "APIHandlerInvokePermission": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "APIHandler"}}},
        }
    }


def made(label: str = "release 1", **more: Any) -> dict[str, Any]:
    return released(packaged(**more), "production", label, {**PLACES, "./other.zip": "s3://bucket/code/3.zip"}, ["an-alarm"])


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


@pytest.mark.parametrize("function", signals.FUNCTIONS, ids=lambda one: one.name)
def test_every_function_has_its_name_its_tags_a_version_behind_live_and_a_canary(function: signals.Function) -> None:
    told = properties(made(), logical_id(function))
    assert told["FunctionName"] == function.deployed("production")
    assert (told["AutoPublishAlias"], told["VersionDescription"]) == ("LIVE", "release 1")
    assert told["DeploymentPreference"] == {"Type": CANARY, "Alarms": ["an-alarm"]}
    tags = {"Project": "securebase", "Stage": "production", "Component": function.name}
    assert told["Tags"] == {"aws-chalice": "1", **tags}
    assert told["CodeUri"] == "s3://bucket/code/1.zip"


def test_http_traffic_and_authorizers_go_by_the_alias_and_may_be_called_there() -> None:
    template = made()
    definition = json.dumps(properties(template, "RestAPI")["DefinitionBody"])
    assert "functions/${APIHandlerAliasLIVE}/invocations" in definition
    assert "functions/${ReportEngineAliasLIVE}/invocations" in definition
    assert ".Arn}" not in definition
    assert properties(template, "APIHandlerInvokePermission")["FunctionName"] == {"Ref": "APIHandlerAliasLIVE"}


def test_what_was_packaged_stays_as_it_was() -> None:
    before = packaged()
    released(before, "production", "release 1", PLACES, [])
    assert before == packaged()


@pytest.mark.parametrize(
    "name, value, anew",
    [
        ("Timeout", 1, True),
        ("Environment", {"Variables": {"LOG_LEVEL": "DEBUG"}}, True),
        ("Layers", [{"Ref": "ManagedLayer"}], True),
        ("Tags", {"aws-chalice": "2"}, False),
        ("ReservedConcurrentExecutions", 7, False),
        ("Events", {}, False),
    ],
)
def test_a_version_is_made_for_what_lambda_keeps_in_versions_alone(name: str, value: Any, anew: bool) -> None:
    changed = packaged()
    properties(changed, "ReportEngine")[name] = value
    then, now = made(), released(changed, "production", "release 2", PLACES, ["an-alarm"])
    digests = [properties(one, "ReportEngine")["AutoPublishCodeSha256"] for one in (then, now)]
    assert (digests[0] != digests[1]) is anew


def test_another_layer_makes_another_version() -> None:
    layered = packaged()
    properties(layered, "ReportEngine")["Layers"] = [{"Ref": "ManagedLayer"}]
    one, other = (
        released(layered, "production", "release 1", {**PLACES, "./layer-deployment.zip": place}, [])
        for place in ("s3://bucket/code/2.zip", "s3://bucket/code/9.zip")
    )
    assert properties(one, "ReportEngine")["AutoPublishCodeSha256"] != properties(other, "ReportEngine")["AutoPublishCodeSha256"]
    assert properties(one, "APIHandler")["AutoPublishCodeSha256"] == properties(other, "APIHandler")["AutoPublishCodeSha256"]


def test_without_a_canary_the_alias_moves_by_itself() -> None:
    at_once = released(packaged(), "production", "release 1", PLACES, ["an-alarm"], canary=False)
    told = {str(properties(at_once, logical_id(function))["DeploymentPreference"]) for function in signals.FUNCTIONS}
    assert told == {"{'Enabled': False}"}


def test_the_canary_outlasts_the_slowest_trigger() -> None:
    assert CANARY == "Linear10PercentEvery3Minutes"
    assert max(spec.period * spec.periods for spec in SPECS) < 10 * 3 * 60
    assert {spec.name for spec in SPECS} == set(ROLLBACK_ALARMS)
