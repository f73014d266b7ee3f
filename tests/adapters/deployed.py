"""A stage as it is after a deployment, on an embedded AWS: what moto's CloudFormation leaves out is put there by hand."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.awslambda_simple.models import lambda_simple_backends
from moto.cloudformation.models import cloudformation_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends

from alarms.stack import build
from chalicelib.domain import signals
from chalicelib.settings import Settings
from chalicelib.stores import tables
from chalicelib.wiring import Services
from local import aws as embedded
from local.aws import ACCOUNT, REGION
from local.fakes.http import Served
from ops.common import PROJECT
from ops.deployed import LIVE, app_stack, data_stack
from ops.examined.functions import READERS, SCHEDULED, configured
from ops.examined.stage import Stage

RELEASE = "1.0.0 abc1234"
TOPIC_KEY = "alias/aws/sns"


@dataclass
class Deployed:
    """`health` is what its API answers."""

    services: Services
    project: Path
    health: dict[str, Any]

    @property
    def stage(self) -> Stage:
        return Stage(self.services, self.project)

    def client(self, service: str) -> Any:
        return self.services.client(service)


def project(folder: Path) -> Path:
    """A folder with the configuration in it, where a deployment may leave something, too."""
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").symlink_to(PROJECT / ".chalice" / "config.json")
    return folder


@contextmanager
def deployed(stage: str, project: Path, packaged: bool = True) -> Iterator[Deployed]:
    """Everything that the two stacks of a stage make; or functions as plain `chalice deploy` makes them, without an API."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        aws = embedded.start(lambda: datetime.now(UTC))
        health = {"status": "ok", "stage": stage}
        api = Served(_api(health))
        try:
            environment = {**aws.environment, "STAGE": stage}
            for name in ("INBOX_URL", "MAIL_FROM", "PUBLIC_URL"):
                del environment[name]
            for name, value in environment.items():
                patch.setenv(name, value)
            embedded.create_stack(stage=stage)
            made = Deployed(Services(Settings.from_environment(environment)), project, health)
            _data(made)
            if packaged:
                _app_stack(made, api.url)
            _functions(made)
            yield made
        finally:
            api.stop()
            aws.stop()


def _api(health: dict[str, Any]) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(health).encode()]

    return app


def _stack(client: Any, name: str, template: str) -> None:
    """With the template that it is said to have: of its resources moto would make only some."""
    client.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {}}))
    next(stack for stack in cloudformation_backends[ACCOUNT][REGION].stacks.values() if stack.name == name).template = template


def _data(made: Deployed) -> None:
    stage, dynamodb = made.stage, made.client("dynamodb")
    for table in tables.TABLES:
        name = stage.physical(table.name)
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=stage.name == "production")
        encrypt(name, True)
    for bucket in stage.of_type("AWS::S3::Bucket"):
        put_bucket(made, bucket)
    for alarm in stage.of_type("AWS::CloudWatch::Alarm"):
        put_alarm(made, alarm)
    for group in stage.of_type("AWS::Logs::LogGroup"):
        made.client("logs").create_log_group(logGroupName=group["LogGroupName"])
        made.client("logs").put_retention_policy(logGroupName=group["LogGroupName"], retentionInDays=group["RetentionInDays"])
    for alarm in stage.of_type("AWS::CloudWatch::CompositeAlarm"):
        put_composite(made, alarm)
    for dashboard in stage.of_type("AWS::CloudWatch::Dashboard"):
        made.client("cloudwatch").put_dashboard(DashboardName=dashboard["DashboardName"], DashboardBody=json.dumps({"widgets": []}))
    for rule in stage.of_type("AWS::Events::Rule"):
        made.client("events").put_rule(Name=rule["Name"], EventPattern=json.dumps(rule["EventPattern"]), State="ENABLED")
    topic, sns = stage.arn("sns", stage.physical(tables.ALERTS_TOPIC)), made.client("sns")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=TOPIC_KEY)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    _stack(made.client("cloudformation"), data_stack(stage.name), build(stage.name).to_json())


def encrypt(table: str, enabled: bool) -> None:
    """moto forgets what an update says of it."""
    dynamodb_backends[ACCOUNT][REGION].tables[table].sse_specification = {"Enabled": enabled, "SSEType": "KMS", "KMSMasterKeyId": "a"}


def put_bucket(made: Deployed, defined: dict[str, Any]) -> None:
    s3, name = made.client("s3"), defined["BucketName"]["Fn::Sub"].replace("${AWS::AccountId}", ACCOUNT)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [default]})
    put_policy(made, name)
    put_lifecycle(made, name, [rule["Id"] for rule in defined["LifecycleConfiguration"]["Rules"]])


def put_policy(made: Deployed, name: str, secure: str = "false") -> None:
    deny = {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
    statement = {**deny, "Condition": {"Bool": {"aws:SecureTransport": secure}}}
    made.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def put_lifecycle(made: Deployed, name: str, ids: list[str]) -> None:
    rules = [{"ID": one, "Status": "Enabled", "Filter": {"Prefix": one}, "Expiration": {"Days": 30}} for one in ids]
    made.client("s3").put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


def put_alarm(made: Deployed, defined: dict[str, Any], **other: Any) -> None:
    told = {name: value for name, value in defined.items() if name not in ("AlarmActions", "OKActions", "Tags")}
    made.client("cloudwatch").put_metric_alarm(**{**told, **other})


def put_composite(made: Deployed, defined: dict[str, Any]) -> None:
    """moto has such alarms, but no way to make them."""
    plain = {"MetricName": "none", "Namespace": "none", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0}
    put_alarm(made, {"AlarmName": defined["AlarmName"], "ComparisonOperator": "GreaterThanThreshold", **plain})
    cloudwatch_backends[ACCOUNT][REGION].alarms[defined["AlarmName"]].rule = defined["AlarmRule"]


def _app_stack(made: Deployed, url: str) -> None:
    template = {"Resources": {}, "Outputs": {"EndpointURL": {"Value": f"{url}/"}}}
    made.client("cloudformation").create_stack(StackName=app_stack(made.stage.name), TemplateBody=json.dumps(template))


def _functions(made: Deployed) -> None:
    stage = made.stage
    role = made.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for function in signals.FUNCTIONS:
        _function(made, function, role)
    for queue, function in READERS:
        source, name = stage.arn("sqs", stage.physical(queue.name)), function.deployed(stage.name)
        told = made.client("lambda").create_event_source_mapping(EventSourceArn=source, FunctionName=name)
        mapping = lambda_simple_backends[ACCOUNT][REGION]._event_source_mappings[told["UUID"]]
        mapping.function_arn = called(stage, function)  # moto knows no alias there
    for function in SCHEDULED:
        rule = f"{stage.name}-{function.name}"
        made.client("events").put_rule(Name=rule, ScheduleExpression="rate(1 hour)", State="ENABLED")
        made.client("events").put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": called(stage, function)}])


def called(stage: Stage, function: signals.Function) -> str:
    return stage.arn("lambda", f"function:{function.deployed(stage.name)}{f':{LIVE}' if stage.packaged else ''}")


def _function(made: Deployed, function: signals.Function, role: str) -> None:
    client, name, wanted = made.client("lambda"), function.deployed(made.stage.name), configured(made.stage, function)
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="app.app",
        Code={"ZipFile": _zip()},
        MemorySize=wanted["lambda_memory_size"],
        Timeout=wanted["lambda_timeout"],
        Environment={"Variables": {"STAGE": made.stage.name}},
    )
    if "reserved_concurrency" in wanted:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted["reserved_concurrency"])
    if not made.stage.packaged:
        return
    version = client.publish_version(FunctionName=name, Description=RELEASE)["Version"]
    client.create_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("app.py", "")
    return content.getvalue()
