"""What the stack has only where it is asked for: a key of its own, and a web ACL before the API."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from fnmatch import fnmatchcase
from typing import Any

import pytest

from alarms.policies import policy
from alarms.stack import build
from alarms.tags import STAGES
from chalicelib.domain import signals
from chalicelib.domain.allowance import A_MINUTE, QUERIES

ALL = {"own_key": True, "firewall": True, "sessions": True}
KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}


def template(stage: str = "production", **options: bool) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(build(stage, **options).to_json())
    return made


def of(kind: str, **options: bool) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in template(**options)["Resources"].items() if one["Type"] == kind}


def test_cfn_lint_finds_nothing_in_any_of_them(tmp_path: pathlib.Path) -> None:
    for stage in STAGES:
        for number, options in enumerate(({"own_key": True}, {"firewall": True}, {"sessions": True}, ALL)):
            (tmp_path / f"{stage}-{number}.json").write_text(json.dumps(template(stage, **options)))
    command = [str(pathlib.Path(sys.executable).with_name("cfn-lint")), *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_with_a_key_of_ones_own_everything_that_keeps_data_uses_it() -> None:
    for table in of("AWS::DynamoDB::Table", own_key=True).values():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for bucket in of("AWS::S3::Bucket", own_key=True).values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, "BucketKeyEnabled": True}
    for queue in of("AWS::SQS::Queue", own_key=True).values():
        assert queue["KmsMasterKeyId"] == KEY
        assert "SqsManagedSseEnabled" not in queue
    (secret,) = of("AWS::SecretsManager::Secret", own_key=True).values()
    assert secret["KmsKeyId"] == KEY
    assert all(group["KmsKeyId"] == KEY for group in of("AWS::Logs::LogGroup", own_key=True).values())
    for topic in of("AWS::SNS::Topic", own_key=True).values():
        assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlertsKey", "Arn"]}
    key = template(own_key=True)["Resources"]["DataKey"]
    assert (key["DeletionPolicy"], key["Properties"]["EnableKeyRotation"]) == ("Retain", True)


def test_the_key_is_used_through_our_services_by_this_account_alone_and_by_services_that_tell_us() -> None:
    statements = {one["Sid"]: one for one in of("AWS::KMS::Key", own_key=True)["DataKey"]["KeyPolicy"]["Statement"]}
    through = statements["ThroughOurServices"]["Condition"]["StringEquals"]
    assert through["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
    assert [one["Fn::Sub"].partition(".")[0] for one in through["kms:ViaService"]] == ["dynamodb", "s3", "sqs", "secretsmanager"]
    told = statements["ServicesThatTell"]
    assert told["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    rules = template(own_key=True)["Resources"]
    senders = {
        service
        for kind in ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
        for one in rules.values()
        if one["Type"] == kind
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for service in _services(statement)
    }
    assert senders == set(told["Principal"]["Service"]), "whoever may put something into a queue or bucket can encrypt it"


def test_the_key_is_used_by_cloudwatch_logs_for_the_groups_of_this_stages_functions_alone() -> None:
    statements = {one["Sid"]: one for one in of("AWS::KMS::Key", own_key=True)["DataKey"]["KeyPolicy"]["Statement"]}
    allowed = statements["LogsOfOurFunctions"]
    assert allowed["Principal"] == {"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}}
    pattern = allowed["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]["Fn::Sub"]
    scope = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    for group in of("AWS::Logs::LogGroup", own_key=True).values():
        assert fnmatchcase(scope + group["LogGroupName"], pattern)
    assert not fnmatchcase(f"{scope}/aws/lambda/securebase-staging", pattern)


def _services(statement: dict[str, Any]) -> list[str]:
    named = statement["Principal"]["Service"]
    return [named] if isinstance(named, str) else named


def test_the_web_acl_has_awss_rules_and_a_rate_that_no_customers_limit_reaches() -> None:
    (acl,) = of("AWS::WAFv2::WebACL", firewall=True).values()
    assert acl["Scope"] == "REGIONAL"
    managed = [rule["Statement"]["ManagedRuleGroupStatement"]["Name"] for rule in acl["Rules"] if "OverrideAction" in rule]
    assert managed == ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"]
    (rate,) = [rule["Statement"]["RateBasedStatement"] for rule in acl["Rules"] if "Action" in rule]
    assert rate["Limit"] >= 10 * 5 * A_MINUTE[QUERIES], "ten customers may share an address"
    assert len({rule["Priority"] for rule in acl["Rules"]}) == 3
    made = template(firewall=True)
    assert made["Resources"]["WebAclAssociation"]["Condition"] in made["Conditions"]
    assert made["Parameters"]["ProtectedApiId"]["Default"] == ""


def test_the_customers_role_has_the_apis_rights_on_tables_and_objects_and_is_taken_by_this_stage_alone() -> None:
    role = of("AWS::IAM::Role", sessions=True)["CustomerSessionRole"]
    assert role["RoleName"] == "securebase-production-customer-session"
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"].endswith(":role/securebase-production*")
    (rights,) = [policy["PolicyDocument"]["Statement"] for policy in role["Policies"]]
    assert rights == [one for one in policy(signals.API, "production")["Statement"] if one in rights]
    assert {action.partition(":")[0] for one in rights for action in one["Action"]} == {"dynamodb", "s3"}
    assert any("sts:AssumeRole" in one["Action"] for one in policy(signals.API, "production")["Statement"])


@pytest.mark.parametrize("stage", STAGES)
def test_without_options_nothing_of_them_is_there(stage: str) -> None:
    kinds = {one["Type"] for one in template(stage)["Resources"].values()}
    assert not any(kind.startswith("AWS::WAFv2") for kind in kinds)
    assert {"DataKey", "CustomerSessionRole"}.isdisjoint(template(stage)["Resources"])


def test_the_command_takes_both() -> None:
    command = [sys.executable, "-m", "alarms", "--stage", "dev", "--own-key", "--firewall", "--customer-sessions"]
    done = subprocess.run(command, cwd=pathlib.Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == template("dev", **ALL)
