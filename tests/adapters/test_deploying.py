"""What ops.deploy keeps in its bucket, and what it refuses or says before anything is changed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from alarms.stack import OPTIONS as STACK_OPTIONS
from chalicelib.version import SCHEMA
from ops.common import region_of
from ops.deploy import Progress
from ops.deployed import Client
from ops.deploying import prerequisites, stack_of_data
from ops.deploying.artifacts import Artifacts, content_of

REGION, ACCOUNT = "eu-west-1", "123456789012"
EARLY, LATE = datetime(2026, 11, 26, 9, 0, tzinfo=UTC), datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients: dict[str, Any] = {}
        yield lambda service: clients.setdefault(service, boto3.client(service, region_name=REGION))


@pytest.fixture
def artifacts(client: Client) -> Artifacts:
    made = Artifacts(client, "staging", ACCOUNT, REGION)
    assert made.ensure()
    client("s3").delete_bucket_policy(Bucket=made.bucket)  # moto refuses everything by it: it doesn't look at the condition
    return made


def archive(path: Path, *files: tuple[str, str], at: tuple[int, ...] = (2026, 1, 1, 0, 0, 0)) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files:
            opened.writestr(zipfile.ZipInfo(name, at), content)  # type: ignore[arg-type]
    return path


def test_the_bucket_is_made_once_shut_and_tagged(client: Client) -> None:
    artifacts = Artifacts(client, "staging", ACCOUNT, REGION)
    assert artifacts.ensure()
    assert artifacts.bucket == f"securebase-staging-deployments-{ACCOUNT}"
    assert not artifacts.ensure()
    s3 = client("s3")
    block = s3.get_public_access_block(Bucket=artifacts.bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    (refused,) = json.loads(s3.get_bucket_policy(Bucket=artifacts.bucket)["Policy"])["Statement"]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=artifacts.bucket)["TagSet"]}
    assert tags == {"Project": "securebase", "Stage": "staging", "Component": "deployments"}


def test_an_archive_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    first = archive(tmp_path / "1.zip", ("a", "1"), ("b", "2"))
    same = archive(tmp_path / "2.zip", ("b", "2"), ("a", "1"), at=(2025, 5, 5, 5, 5, 6))
    other = archive(tmp_path / "3.zip", ("a", "1"), ("b", "3"))
    assert content_of(first) == content_of(same) != content_of(other)


def test_code_goes_up_once(client: Client, artifacts: Artifacts, tmp_path: Path) -> None:
    place = artifacts.put_code(archive(tmp_path / "1.zip", ("a", "1")))
    key = place.removeprefix(f"s3://{artifacts.bucket}/")
    before = client("s3").head_object(Bucket=artifacts.bucket, Key=key)["LastModified"]
    assert artifacts.put_code(archive(tmp_path / "2.zip", ("a", "1"), at=(2025, 5, 5, 5, 5, 6))) == place
    assert client("s3").head_object(Bucket=artifacts.bucket, Key=key)["LastModified"] == before


def test_templates_are_kept_in_the_order_in_which_they_were_deployed(artifacts: Artifacts) -> None:
    artifacts.keep_template("data", "one", EARLY)
    artifacts.keep_template("data", "one", LATE)
    artifacts.keep_template("data", "two", LATE)
    artifacts.keep_template("app", "three", LATE)
    assert [artifacts.template(kept) for kept in artifacts.templates("data")] == ["one", "two"]
    assert artifacts.templates("data")[0].id.startswith("20261126T090000Z-")


def test_releases_that_were_rolled_back_from_are_remembered_until_they_answer_again(artifacts: Artifacts) -> None:
    artifacts.mark("0000001-00000001")
    artifacts.mark("0000002-00000002")
    artifacts.unmark("0000001-00000001")
    assert artifacts.marked() == {"0000002-00000002"}


def test_code_of_before_is_not_deployed_over_what_it_cannot_read(artifacts: Artifacts) -> None:
    assert artifacts.stored_schema() == 0
    prerequisites.schema(artifacts, "staging")
    for schema in (SCHEMA, SCHEMA + 10, SCHEMA + 9):
        artifacts.keep_schema(schema)
    with pytest.raises(SystemExit, match=f"reads schema {SCHEMA}, and staging has stored schema {SCHEMA + 10}"):
        prerequisites.schema(artifacts, "staging")


def test_options_stay_as_they_are_unless_something_else_is_said() -> None:
    before = stack_of_data.options_of(json.loads(stack_of_data.built("staging", ["own-key", "firewall"])))
    assert before == {"own-key", "firewall"}
    assert stack_of_data.chosen(before, {}) == ["own-key", "firewall"]
    assert stack_of_data.chosen(before, {"firewall": False, "customer-sessions": True}) == ["own-key", "customer-sessions"]
    assert stack_of_data.chosen(set(), dict.fromkeys(stack_of_data.OPTIONS)) == []
    assert tuple(stack_of_data.OPTIONS) == STACK_OPTIONS


def test_the_apps_configuration_has_the_account_and_the_role_where_there_is_one() -> None:
    assert stack_of_data.variables({}, ACCOUNT) == {"AWS_ACCOUNT_ID": ACCOUNT}
    told = stack_of_data.variables({"CustomerRoleArn": "arn"}, ACCOUNT)
    assert told == {"AWS_ACCOUNT_ID": ACCOUNT, "CUSTOMER_ROLE_ARN": "arn"}


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_productions_data_stack_is_guarded_whoever_updates_it(stage: str) -> None:
    asked: dict[str, dict[str, Any]] = {}
    template = json.dumps({"Resources": {}})

    class Cloud:
        def __getattr__(self, operation: str) -> Any:
            return lambda **given: asked.setdefault(operation, given)

        def describe_stacks(self, StackName: str) -> dict[str, Any]:
            return {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}

        def get_template(self, **given: Any) -> dict[str, Any]:
            return {"TemplateBody": template}

        def get_paginator(self, operation: str) -> Any:
            return self

        def paginate(self) -> list[dict[str, Any]]:
            return [{"items": []}]

    cloud: Any = Cloud()
    stack_of_data.protect(cloud, cloud, lambda service: cloud, stage, LATE)
    if stage == "staging":
        assert asked == {}
        return
    assert asked["update_termination_protection"]["EnableTerminationProtection"] is True
    allowed, denied = json.loads(asked["set_stack_policy"]["StackPolicyBody"])["Statement"]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "Update:*")
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    assert set(denied["Condition"]["StringEquals"]["ResourceType"]) >= {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}


def api(client: Client, stage: str) -> None:
    gateway = client("apigateway")
    made = gateway.create_rest_api(name="securebase")["id"]
    root = gateway.get_resources(restApiId=made)["items"][0]["id"]
    gateway.put_method(restApiId=made, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=made, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=made, stageName=stage)


def app_stack(client: Client, stage: str) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client("cloudformation").create_stack(StackName=f"securebase-{stage}-app", TemplateBody=json.dumps(template))


def test_a_stage_goes_on_in_the_way_in_which_it_began(client: Client) -> None:
    prerequisites.one_way(client, "staging")
    api(client, "staging")
    with pytest.raises(SystemExit, match=r"deployed by plain `chalice deploy`.*chalice delete --stage staging"):
        prerequisites.one_way(client, "staging")
    app_stack(client, "staging")
    prerequisites.one_way(client, "staging")
    prerequisites.one_way(client, "production")
    app_stack(client, "dev")
    with pytest.raises(SystemExit, match=r"dev was packaged.*ops.destroy --stage dev"):
        prerequisites.one_way(client, "dev")


def test_whoever_is_not_signed_in_is_told_how(client: Client) -> None:
    assert prerequisites.identity(client)["account"] == ACCOUNT

    class Nobody:
        def get_caller_identity(self) -> None:
            raise NoCredentialsError

    with pytest.raises(SystemExit, match=r"AWS doesn't know who you are .*AWS_PROFILE.*aws sso login"):
        prerequisites.identity(lambda service: Nobody())


def test_the_region_is_what_is_said_then_aws_region_then_the_profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(SystemExit, match="no region"):
        region_of(None)
    (tmp_path / "config").write_text("[profile ops]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_PROFILE", "ops")
    assert region_of(None) == "eu-north-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert region_of(None) == "eu-west-3"
    assert region_of("us-west-2") == "us-west-2"


def test_a_step_that_fails_says_which_one_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(0)
    with progress.next("checks", "nothing was changed"):
        pass
    with pytest.raises(SystemExit) as ended, progress.next("data stack", "run this again"):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "CreateChangeSet")
    assert str(ended.value).startswith("step 2, data stack: An error occurred (AccessDenied)")
    assert str(ended.value).endswith("not you\nrun this again")
    assert capsys.readouterr().out == "1 of 7  checks\n2 of 7  data stack\n"
