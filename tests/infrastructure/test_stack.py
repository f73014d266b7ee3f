"""Every promise about what keeps data, asserted on the template: moto ignores most of it."""

import json
import pathlib
import subprocess
import sys

import pytest

from alarms.stack import build
from alarms.tags import STAGES
from chalicelib.stores.tables import PROJECT, TABLES
from tests.infrastructure.conftest import ROOT, Stack

LIMITS = {"bytes": 1_000_000, "Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
"""Of a template that comes by S3."""
KEYS = {
    "metrics": (["customer_id", "timestamp"], {"ServiceIndex", "RegionIndex"}),
    "reports": (["customer_id", "id"], {"CreatedAtIndex"}),
    "schedules": (["customer_id", "schedule_id"], {"NextRunIndex"}),
    "cache": (["cache_key"], set()),
}
KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup")
TAGGED = (
    *(*KEPT, "AWS::SNS::Topic", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"),
    *("AWS::Chatbot::SlackChannelConfiguration", "AWS::IAM::Role"),
)
EXPECTED_OUTPUTS = {
    *(
        f"{name}TableName"
        for name in ("Metrics", "Reports", "Schedules", "Cache", "Customers", "ApiKeys", "Ledger", "ReportLinks", "Audit", "Sessions")
    ),
    *("ReportsBucketName", "ExportsBucketName", "AlertsTopicArn", "CredentialsSecretArn", "MailConfigurationName"),
    *(f"Analytics{queue}QueueUrl" for queue in ("Aggregation", "Findings", "ReportJobs", "Deliveries")),
}


def test_the_command_prints_the_template() -> None:
    done = subprocess.run([sys.executable, "-m", "alarms", "--stage", "production"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == Stack("production").template


@pytest.mark.parametrize("options", [{}, {"own_key": True, "firewall": True, "sessions": True}], ids=str)
def test_cloudformation_takes_a_template_of_that_size_by_s3(options: dict[str, bool]) -> None:
    text = build("production", **options).to_json()
    template = json.loads(text)
    assert len(text.encode()) <= LIMITS["bytes"]
    assert all(len(template.get(part, {})) <= most for part, most in LIMITS.items() if part != "bytes")
    assert len(template["Description"].encode()) <= 1024


def test_the_template_tells_which_options_it_was_built_with() -> None:
    assert build("dev").metadata == {"SecureBase": {"Options": []}}
    assert build("dev", own_key=True, sessions=True).metadata == {"SecureBase": {"Options": ["own-key", "customer-sessions"]}}
    assert build("dev", own_key=True, firewall=True, watched=False).metadata == {"SecureBase": {"Options": ["own-key", "firewall"]}}


WATCHERS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition")


@pytest.mark.parametrize("own_key", [False, True])
def test_unwatched_only_what_keeps_data_is_left_and_all_of_that_as_it_was(own_key: bool) -> None:
    whole = json.loads(build("production", own_key, firewall=True, sessions=True).to_json())
    left = json.loads(build("production", own_key, firewall=True, sessions=True, watched=False).to_json())
    gone = set(whole["Resources"]) - set(left["Resources"])
    rule = whole["Resources"]["SecurityHubFindingsRule"]["Properties"]
    assert rule["State"] == "ENABLED"
    rule["State"] = "DISABLED"  # nobody reads what it would send
    assert {name: one for name, one in whole["Resources"].items() if name not in gone} == left["Resources"]
    assert {name for name, one in whole["Resources"].items() if one["Type"] in KEPT} <= set(left["Resources"])
    kinds = {whole["Resources"][name]["Type"] for name in gone}
    assert kinds == {*WATCHERS, "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation", "AWS::IAM::Role"}  # the role of sessions
    assert set(left["Parameters"]) == {"AlertsEmail", "SlackWorkspaceId", "SlackChannelId"}, "whoever hears the alarms hears them again"


def test_cfn_lint_finds_nothing(tmp_path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(Stack("production").template))
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("cfn-lint")), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_finds_nothing_in_what_is_left_unwatched(tmp_path) -> None:
    path = tmp_path / "template.json"
    path.write_text(build("production", own_key=True, watched=False).to_json())
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("cfn-lint")), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="prod"):
        build("prod")


def test_every_stage_has_the_same_resources() -> None:
    assert len({frozenset(Stack(stage).resources) for stage in STAGES}) == 1


def test_every_table_of_the_specs_is_there_with_its_keys_and_indexes(stack: Stack) -> None:
    tables = stack.named("AWS::DynamoDB::Table", "TableName")
    assert set(tables) == {f"securebase-{stack.stage}-{spec.name}" for spec in TABLES}
    for spec in TABLES:
        table = tables[f"securebase-{stack.stage}-{spec.name}"]
        assert schema(table) == [key for key in (spec.hash_key, spec.range_key) if key]
        indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
        assert {name: schema(index) for name, index in indexes.items()} == {one.name: [one.hash_key, one.range_key] for one in spec.indexes}
        assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in indexes.values())
        assert {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]} == dict.fromkeys(
            spec.key_attributes, "S"
        )


def test_the_tables_of_the_contract_keep_their_names(stack: Stack) -> None:
    tables = stack.named("AWS::DynamoDB::Table", "TableName")
    for name, (keys, indexes) in KEYS.items():
        table = tables[f"securebase-{stack.stage}-{name}"]
        assert schema(table) == keys
        assert {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])} == indexes


def test_tables_are_on_demand_encrypted_expiring_and_recoverable_but_for_what_lasts_an_hour(stack: Stack) -> None:
    for name, table in stack.named("AWS::DynamoDB::Table", "TableName").items():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": not name.endswith(("-cache", "-sessions"))}
        assert table["DeletionProtectionEnabled"] is stack.production


def test_production_data_outlives_its_stack(stack: Stack) -> None:
    policy = "Retain" if stack.production else "Delete"
    for resource in stack.of_type(*KEPT).values():
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy)


def test_everything_says_whose_it_is(stack: Stack) -> None:
    for logical, resource in stack.of_type(*TAGGED).items():
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
        assert set(tags) == {"Project", "Stage", "Component"}, logical
        assert (tags["Project"], tags["Stage"]) == (PROJECT, stack.stage)


def test_alarms_can_publish_to_the_encrypted_topic(stack: Stack) -> None:
    topic = stack.named("AWS::SNS::Topic", "TopicName")[f"securebase-{stack.stage}-analytics-alerts"]
    key = stack.resources[topic["KmsMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]
    assert key["EnableKeyRotation"] is True
    opened = [*key["KeyPolicy"]["Statement"], *stack.statements("AWS::SNS::TopicPolicy")]
    granted = [one for one in opened if one.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}]
    assert [one["Action"] for one in granted] == [["kms:Decrypt", "kms:GenerateDataKey*"], "sns:Publish"]
    assert all(one["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}} for one in granted)


def test_what_ses_tells_of_mails_reaches_the_deliveries_queue_through_an_encrypted_topic(stack: Stack) -> None:
    topic = stack.resources["MailEventsTopic"]["Properties"]
    key = stack.resources[topic["KmsMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]
    opened = [*key["KeyPolicy"]["Statement"], *stack.statements("AWS::SNS::TopicPolicy")]
    granted = [one for one in opened if one.get("Principal") == {"Service": "ses.amazonaws.com"}]
    assert [one["Action"] for one in granted] == [["kms:Decrypt", "kms:GenerateDataKey*"], "sns:Publish"]
    assert all(one["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}} for one in granted)
    destination = stack.resources["MailEvents"]["Properties"]["EventDestination"]
    assert destination["SnsDestination"] == {"TopicARN": {"Ref": "MailEventsTopic"}}
    assert set(destination["MatchingEventTypes"]) == {"send", "delivery", "bounce", "complaint", "reject", "renderingFailure"}
    assert stack.resources["MailEvents"]["DependsOn"] == "MailEventsTopicPolicy"  # SES tries it at once
    subscription = stack.resources["MailEventsSubscription"]["Properties"]
    assert (subscription["Protocol"], subscription["RawMessageDelivery"]) == ("sqs", True)
    assert subscription["Endpoint"] == {"Fn::GetAtt": ["AnalyticsDeliveriesQueue", "Arn"]}
    assert stack.resources["MailConfiguration"]["Properties"]["Name"] == f"securebase-{stack.stage}-analytics-mail"


def test_the_secret_is_one_drawn_master_value_that_is_in_no_template(stack: Stack) -> None:
    secret = stack.named("AWS::SecretsManager::Secret", "Name")[f"securebase-{stack.stage}-analytics-credentials"]
    assert "SecretString" not in secret
    generated = secret["GenerateSecretString"]
    assert (json.loads(generated["SecretStringTemplate"]), generated["GenerateStringKey"]) == ({}, "master")
    assert generated["PasswordLength"] >= 32


def test_outputs_name_what_others_need(stack: Stack) -> None:
    assert set(stack.template["Outputs"]) == EXPECTED_OUTPUTS


def schema(keyed: dict) -> list[str]:
    assert [key["KeyType"] for key in keyed["KeySchema"]] == ["HASH", "RANGE"][: len(keyed["KeySchema"])]
    return [key["AttributeName"] for key in keyed["KeySchema"]]
