"""One thing each that can be wrong with a deployed stage: broken up to the `yield`, mended after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from moto.cloudformation.models import cloudformation_backends
from moto.dynamodb.models import dynamodb_backends

from chalicelib.domain import signals
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, CustomerStatus, SourceState
from chalicelib.stores.ledger import CALLS
from local.aws import ACCOUNT, REGION
from ops.deployed import LIVE, data_stack
from tests.adapters.deployed import Deployed, encrypt, put_alarm, put_bucket, put_lifecycle, put_policy

Break = Callable[[Deployed], Iterator[None]]
STAGE = "securebase-staging"
TABLE, EXPORTS, QUEUE = f"{STAGE}-metrics", f"{STAGE}-exports-{ACCOUNT}", f"{STAGE}-analytics-report-jobs"
SECRET, API = f"{STAGE}-analytics-credentials", signals.API.deployed("staging")
WORKER, ENGINE = signals.AGGREGATION_WORKER.deployed("staging"), signals.REPORT_ENGINE.deployed("staging")


@dataclass(frozen=True)
class Broken:
    """`mend` is part of what the doctor says to do."""

    check: str
    by: Break
    mend: str
    state: str = "fail"


def table_gone(made: Deployed) -> Iterator[None]:
    there = dynamodb_backends[ACCOUNT][REGION].tables
    table = there.pop(f"{STAGE}-report-links")
    yield
    there[f"{STAGE}-report-links"] = table


def index_gone(made: Deployed) -> Iterator[None]:
    table = dynamodb_backends[ACCOUNT][REGION].tables[TABLE]
    before = table.global_indexes
    table.global_indexes = before[:1]
    yield
    table.global_indexes = before


def never_expires(made: Deployed) -> Iterator[None]:
    _expiry(made, False)
    yield
    _expiry(made, True)


def _expiry(made: Deployed, enabled: bool) -> None:
    wanted = {"Enabled": enabled, "AttributeName": "ttl"}
    made.client("dynamodb").update_time_to_live(TableName=TABLE, TimeToLiveSpecification=wanted)


def no_recovery(made: Deployed) -> Iterator[None]:
    for enabled in (False, True):
        wanted = {"PointInTimeRecoveryEnabled": enabled}
        made.client("dynamodb").update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=wanted)
        if not enabled:
            yield


def not_encrypted(made: Deployed) -> Iterator[None]:
    encrypt(TABLE, False)
    yield
    encrypt(TABLE, True)


def provisioned(made: Deployed) -> Iterator[None]:
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    made.client("dynamodb").update_table(TableName=TABLE, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    yield
    made.client("dynamodb").update_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST")


def open_bucket(made: Deployed) -> Iterator[None]:
    before = made.client("s3").get_public_access_block(Bucket=EXPORTS)["PublicAccessBlockConfiguration"]
    made.client("s3").delete_public_access_block(Bucket=EXPORTS)
    yield
    made.client("s3").put_public_access_block(Bucket=EXPORTS, PublicAccessBlockConfiguration=before)


def one_version(made: Deployed) -> Iterator[None]:
    for status in ("Suspended", "Enabled"):
        made.client("s3").put_bucket_versioning(Bucket=EXPORTS, VersioningConfiguration={"Status": status})
        if status == "Suspended":
            yield


def plain_http(made: Deployed) -> Iterator[None]:
    put_policy(made, EXPORTS, "true")
    yield
    put_policy(made, EXPORTS)


def no_policy(made: Deployed) -> Iterator[None]:
    made.client("s3").delete_bucket_policy(Bucket=EXPORTS)
    yield
    put_policy(made, EXPORTS)


def kept_forever(made: Deployed) -> Iterator[None]:
    put_lifecycle(made, EXPORTS, ["abandoned-uploads"])
    yield
    for bucket in made.stage.of_type("AWS::S3::Bucket"):
        put_bucket(made, bucket)


def dead_letter(made: Deployed) -> Iterator[None]:
    sqs = made.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{QUEUE}-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    sqs.purge_queue(QueueUrl=url)


def _attribute(name: str, value: str) -> Break:
    def change(made: Deployed) -> Iterator[None]:
        sqs = made.client("sqs")
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][name]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
        yield
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: before})

    return change


def old_message(made: Deployed) -> Iterator[None]:
    points = {"Datapoints": [{"Timestamp": datetime.now(UTC), "Maximum": 7200.0}]}
    yield from answering(made, "cloudwatch", "GetMetricStatistics", points, lambda asked: QUEUE in str(asked))


def answering(made: Deployed, service: str, operation: str, answer: Any, when: Callable[[Any], bool] = lambda _: True) -> Iterator[None]:
    """AWS answers that; where `when` says no to the request, it answers itself."""
    events, event = made.client(service).meta.events, f"before-call.*.{operation}"
    last: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        last[:] = [params]

    def instead(**_: Any) -> Any:
        return (SimpleNamespace(status_code=200), answer) if when(last) else None

    events.register(f"provide-client-params.*.{operation}", note)
    events.register(event, instead)
    yield
    events.unregister(event, instead)
    events.unregister(f"provide-client-params.*.{operation}", note)


def weak_secret(made: Deployed) -> Iterator[None]:
    secrets = made.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"master": "short"}))
    yield
    secrets.put_secret_value(SecretId=SECRET, SecretString=before)


def plain_topic(made: Deployed) -> Iterator[None]:
    sns, topic = made.client("sns"), made.stage.arn("sns", f"{STAGE}-analytics-alerts")
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
    for key in ("", before):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
        if not key:
            yield


def nobody_listens(made: Deployed) -> Iterator[None]:
    waiting = {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]}
    yield from answering(made, "sns", "ListSubscriptionsByTopic", waiting)


def _alarm(**other: Any) -> Break:
    def change(made: Deployed) -> Iterator[None]:
        defined = next(one for one in made.stage.of_type("AWS::CloudWatch::Alarm") if one["AlarmName"].endswith("-api-5xx"))
        if other:
            put_alarm(made, defined, **other)
        else:
            made.client("cloudwatch").delete_alarms(AlarmNames=[defined["AlarmName"]])
        yield
        put_alarm(made, defined)

    return change


def alarm_on(made: Deployed) -> Iterator[None]:
    for state in ("ALARM", "OK"):
        made.client("cloudwatch").set_alarm_state(AlarmName=f"{STAGE}-analytics-api-5xx", StateValue=state, StateReason="tried")
        if state == "ALARM":
            yield


def no_log_group(made: Deployed) -> Iterator[None]:
    group = {"logGroupName": f"/aws/lambda/{API}"}
    made.client("logs").delete_log_group(**group)
    yield
    made.client("logs").create_log_group(**group)
    made.client("logs").put_retention_policy(**group, retentionInDays=30)


def kept_longer(made: Deployed) -> Iterator[None]:
    group = {"logGroupName": f"/aws/lambda/{API}"}
    made.client("logs").put_retention_policy(**group, retentionInDays=3653)
    yield
    made.client("logs").put_retention_policy(**group, retentionInDays=30)


def no_dashboard(made: Deployed) -> Iterator[None]:
    made.client("cloudwatch").delete_dashboards(DashboardNames=[f"{STAGE}-analytics"])
    yield
    made.client("cloudwatch").put_dashboard(DashboardName=f"{STAGE}-analytics", DashboardBody='{"widgets": []}')


def _rule(name: str) -> Break:
    def disable(made: Deployed) -> Iterator[None]:
        made.client("events").disable_rule(Name=name)
        yield
        made.client("events").enable_rule(Name=name)

    return disable


def function_gone(made: Deployed) -> Iterator[None]:
    gone = {"Error": {"Code": "ResourceNotFoundException", "Message": "Function not found"}}
    events, event = made.client("lambda").meta.events, "before-call.lambda"

    def instead(params: Any, **_: Any) -> Any:
        there = params["url_path"].split("/")[3:4] != [ENGINE]
        return None if there else (SimpleNamespace(status_code=404), gone)

    events.register(event, instead)
    yield
    events.unregister(event, instead)


def small_function(made: Deployed) -> Iterator[None]:
    for memory in (128, 512):
        made.client("lambda").update_function_configuration(FunctionName=WORKER, MemorySize=memory)
        if memory == 128:
            yield


def switched_off(made: Deployed) -> Iterator[None]:
    for reserved in (0, signals.AGGREGATION_WORKER.concurrency):
        made.client("lambda").put_function_concurrency(FunctionName=WORKER, ReservedConcurrentExecutions=reserved)
        if not reserved:
            yield


def other_stage(made: Deployed) -> Iterator[None]:
    for stage in ("dev", "staging"):
        made.client("lambda").update_function_configuration(FunctionName=API, Environment={"Variables": {"STAGE": stage}})
        if stage == "dev":
            yield


def trigger_off(made: Deployed) -> Iterator[None]:
    client = made.client("lambda")
    source = made.stage.arn("sqs", QUEUE)
    uuid = client.list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"][0]["UUID"]
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    client.update_event_source_mapping(UUID=uuid, Enabled=True)


def alias_behind(made: Deployed) -> Iterator[None]:
    client = made.client("lambda")
    client.update_function_code(FunctionName=ENGINE, ZipFile=b"another")
    version = client.publish_version(FunctionName=ENGINE, Description="0.0.9 def5678")["Version"]
    before = client.get_alias(FunctionName=ENGINE, Name=LIVE)["FunctionVersion"]
    client.update_alias(FunctionName=ENGINE, Name=LIVE, FunctionVersion=version)
    yield
    client.update_alias(FunctionName=ENGINE, Name=LIVE, FunctionVersion=before)


def no_alias(made: Deployed) -> Iterator[None]:
    client = made.client("lambda")
    before = client.get_alias(FunctionName=ENGINE, Name=LIVE)["FunctionVersion"]
    client.delete_alias(FunctionName=ENGINE, Name=LIVE)
    yield
    client.create_alias(FunctionName=ENGINE, Name=LIVE, FunctionVersion=before)


def weights_left(made: Deployed) -> Iterator[None]:
    client = made.client("lambda")
    for weights in ({"2": 0.1}, {}):
        client.update_alias(FunctionName=API, Name=LIVE, RoutingConfig={"AdditionalVersionWeights": weights})
        if weights:
            yield


def both_ways(made: Deployed) -> Iterator[None]:
    path = made.project / ".chalice" / "deployed" / "staging.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}")
    yield
    path.unlink()


def other_template(made: Deployed) -> Iterator[None]:
    stack = next(one for one in cloudformation_backends[ACCOUNT][REGION].stacks.values() if one.name == data_stack("staging"))
    before = stack.template
    changed = json.loads(before)
    changed["Resources"]["MetricsTable"]["Properties"]["BillingMode"] = "PROVISIONED"
    del changed["Resources"]["CacheTable"]
    stack.template = json.dumps(changed)
    yield
    stack.template = before


def stack_failed(made: Deployed) -> Iterator[None]:
    stack = next(one for one in cloudformation_backends[ACCOUNT][REGION].stacks.values() if one.name == data_stack("staging"))
    stack.status = "UPDATE_ROLLBACK_FAILED"
    yield
    stack.status = "CREATE_COMPLETE"


def another_api(made: Deployed) -> Iterator[None]:
    made.health["stage"] = "dev"
    yield
    made.health["stage"] = "staging"


def late_source(made: Deployed) -> Iterator[None]:
    now, metrics = made.services.clock(), made.services.metrics
    before = metrics.statuses
    state = SourceState(CLOUDWATCH, "ok", now, now - timedelta(hours=9))
    metrics.__dict__["statuses"] = lambda _: {"acme": CustomerStatus(sources={CLOUDWATCH: state})}
    yield
    metrics.__dict__["statuses"] = before


def cap_near(made: Deployed) -> Iterator[None]:
    made.services.ledger.spend(COST_EXPLORER, 1700, 2000)
    yield
    key = {"name": {"S": CALLS}, "period": {"S": str(made.services.clock().date())}}
    made.client("dynamodb").delete_item(TableName=f"{STAGE}-ledger", Key=key)


def clock_off(made: Deployed) -> Iterator[None]:
    early = {"Arn": "a", "Account": ACCOUNT, "ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}}}
    yield from answering(made, "sts", "GetCallerIdentity", early)


DATA_STACK = "python -m ops.deploy --stage staging"
BROKEN: dict[str, Broken] = {
    "a table is missing": Broken(f"table {STAGE}-report-links", table_gone, DATA_STACK),
    "an index is missing": Broken(f"table {TABLE}", index_gone, "update-table --global-secondary-index-updates"),
    "a table isn't on demand": Broken(f"table {TABLE}", provisioned, "--billing-mode PAY_PER_REQUEST"),
    "a table isn't encrypted": Broken(f"table {TABLE}", not_encrypted, "--sse-specification Enabled=true"),
    "nothing expires": Broken(f"table {TABLE}, expiry", never_expires, "Enabled=true,AttributeName=ttl"),
    "nothing can be brought back": Broken(f"table {TABLE}, recovery", no_recovery, "PointInTimeRecoveryEnabled=true"),
    "a bucket is open": Broken(f"bucket {EXPORTS}, public access", open_bucket, "put-public-access-block"),
    "a bucket keeps no versions": Broken(f"bucket {EXPORTS}, versions", one_version, "Status=Enabled"),
    "a bucket takes plain HTTP": Broken(f"bucket {EXPORTS}, policy", plain_http, "TlsOnly"),
    "a bucket has no policy": Broken(f"bucket {EXPORTS}, policy", no_policy, "TlsOnly"),
    "a bucket's rules are gone": Broken(f"bucket {EXPORTS}, lifecycle", kept_forever, "python -m alarms --stage staging"),
    "a job was given up": Broken(f"queue {QUEUE}-dead", dead_letter, "python -m ops.backfill --stage staging --dead-letters"),
    "a queue has no dead letters": Broken(f"queue {QUEUE}", _attribute("RedrivePolicy", ""), "RedrivePolicy"),
    "a queue shows messages too soon": Broken(f"queue {QUEUE}", _attribute("VisibilityTimeout", "30"), "VisibilityTimeout=1800"),
    "a message waits for hours": Broken(f"queue {QUEUE}, waiting", old_message, "see that its function runs", "warn"),
    "the secret could be guessed": Broken(f"secret {SECRET}", weak_secret, "at least 32 random bytes"),
    "the topic isn't encrypted": Broken(f"topic {STAGE}-analytics-alerts", plain_topic, "KmsMasterKeyId"),
    "nobody hears alarms": Broken("somebody hears the alarms", nobody_listens, "aws sns subscribe", "warn"),
    "an alarm is missing": Broken("alarms", _alarm(), DATA_STACK),
    "an alarm goes off elsewhere": Broken("alarms", _alarm(Threshold=99.0), DATA_STACK),
    "an alarm tells nobody": Broken("alarms", _alarm(ActionsEnabled=False), "enable-alarm-actions"),
    "an alarm is on": Broken("alarms that are on", alarm_on, "docs/operations.md", "warn"),
    "a log group is missing": Broken(f"log group /aws/lambda/{API}", no_log_group, DATA_STACK),
    "logs are kept too long": Broken(f"log group /aws/lambda/{API}", kept_longer, "put-retention-policy"),
    "the dashboard is missing": Broken(f"dashboard {STAGE}-analytics", no_dashboard, DATA_STACK),
    "the findings rule is off": Broken("findings rule", _rule(f"{STAGE}-security-hub-findings"), "aws events enable-rule"),
    "a schedule is off": Broken("schedule of analytics-reporter", _rule("staging-analytics-reporter"), "aws events enable-rule"),
    "a function is missing": Broken(f"function {ENGINE}", function_gone, DATA_STACK),
    "a function has too little memory": Broken(f"function {WORKER}", small_function, DATA_STACK),
    "a function is switched off": Broken(f"function {WORKER}", switched_off, "--reserved-concurrent-executions 100"),
    "a function is of another stage": Broken(f"function {API}", other_stage, DATA_STACK),
    "a trigger is off": Broken("trigger of report-engine", trigger_off, "update-event-source-mapping"),
    "an alias is behind": Broken("release", alias_behind, "python -m ops.rollback --stage staging"),
    "an alias is missing": Broken("release", no_alias, DATA_STACK),
    "a canary was left behind": Broken("release", weights_left, "aws lambda update-alias"),
    "there are two ways of deployment": Broken("way of deployment", both_ways, "chalice delete --stage staging"),
    "the template is another one": Broken("data stack, template", other_template, DATA_STACK),
    "the stack is stuck": Broken("data stack", stack_failed, "describe-stack-events"),
    "another stage answers": Broken("API", another_api, "python -m ops.smoke --stage staging"),
    "a source is late": Broken("sources", late_source, "python -m ops.doctor --stage staging --customer acme", "warn"),
    "a cap is near": Broken("cap of cost_explorer", cap_near, "COST_EXPLORER_DAILY_CAP", "warn"),
    "the clock is off": Broken("clock", clock_off, "NTP"),
}
