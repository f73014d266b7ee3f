"""What comes in and goes out: buckets, queues and who may reach them."""

import json

from chalicelib.domain import signals
from chalicelib.stores.tables import BUCKETS, QUEUES
from tests.infrastructure.conftest import ACCOUNT, Stack, text

STATEFUL_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
NOT_OVER_TLS = {"Bool": {"aws:SecureTransport": "false"}}
DROPS = {((("prefix", prefix),), event) for prefix in ("focus/", "findings/") for event in ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")}
MANIFESTS = ((("prefix", "focus-export/"), ("suffix", "Manifest.json")), "s3:ObjectCreated:*")


def test_buckets_are_shut_encrypted_versioned_and_owned(stack: Stack) -> None:
    buckets = stack.named("AWS::S3::Bucket", "BucketName")
    assert set(buckets) == {f"securebase-{stack.stage}-{spec.name}-{ACCOUNT}" for spec in BUCKETS}
    for bucket in buckets.values():
        block = bucket["PublicAccessBlockConfiguration"]
        assert block == dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_objects_expire_as_their_spec_says_and_old_versions_and_abandoned_uploads_everywhere(stack: Stack) -> None:
    for spec in BUCKETS:
        bucket = stack.named("AWS::S3::Bucket", "BucketName")[f"securebase-{stack.stage}-{spec.name}-{ACCOUNT}"]
        rules = {rule.pop("Id"): rule for rule in json.loads(json.dumps(bucket["LifecycleConfiguration"]["Rules"]))}
        assert all(rule["Status"] == "Enabled" for rule in rules.values())
        assert rules["abandoned-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
        assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
        kept = {name: rule for name, rule in rules.items() if name.startswith("kept-")}
        assert {rule["TagFilters"][0]["Value"]: rule["ExpirationInDays"] for rule in kept.values()} == {
            str(months): 31 * months for months in spec.retentions
        }
        assert {rule["TagFilters"][0]["Key"] for rule in kept.values()} <= {"kept-months"}
        handed_over = rules.get("handed-over", {})
        assert (handed_over.get("Prefix"), handed_over.get("ExpirationInDays")) == (
            ("handover/", 2) if spec.name == "exports" else (None, None)
        )


def test_drops_are_told_to_the_aggregation_queue_once_it_may_be_told(stack: Stack) -> None:
    exports = stack.resources["ExportsBucket"]
    told = exports["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    filters = {(tuple((rule["Name"], rule["Value"]) for rule in one["Filter"]["S3Key"]["Rules"]), one["Event"]) for one in told}
    assert filters == {*DROPS, MANIFESTS}
    assert all(one["Queue"] == {"Fn::GetAtt": ["AnalyticsAggregationQueue", "Arn"]} for one in told)
    assert exports["DependsOn"] == "AnalyticsAggregationQueuePolicy"
    assert "NotificationConfiguration" not in stack.resources["ReportsBucket"]["Properties"]


def test_only_data_exports_of_this_account_may_deliver_and_only_where_they_are_read_from(stack: Stack) -> None:
    allowed = [one for one in stack.statements("AWS::S3::BucketPolicy") if one["Effect"] == "Allow"]
    (deliverer,) = allowed
    assert deliverer["Principal"] == {"Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]}
    assert deliverer["Action"] == ["s3:PutObject", "s3:GetBucketPolicy"]
    assert deliverer["Resource"] == [{"Fn::GetAtt": ["ExportsBucket", "Arn"]}, {"Fn::Sub": "${ExportsBucket.Arn}/focus-export/*"}]
    assert deliverer["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert all(f":{ACCOUNT}:" in text(arn) for arn in deliverer["Condition"]["ArnLike"]["aws:SourceArn"])


def test_only_this_accounts_exports_bucket_findings_rule_and_mail_topic_may_send_to_a_queue(stack: Stack) -> None:
    allowed = {one["Principal"]["Service"]: one for one in stack.statements("AWS::SQS::QueuePolicy") if one["Effect"] == "Allow"}
    rule = allowed.pop("events.amazonaws.com")
    assert rule["Resource"] == {"Fn::GetAtt": ["AnalyticsFindingsQueue", "Arn"]}
    assert rule["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["SecurityHubFindingsRule", "Arn"]}}}
    pattern = stack.resources["SecurityHubFindingsRule"]["Properties"]["EventPattern"]
    assert pattern == {"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"]}
    topic = allowed.pop("sns.amazonaws.com")
    assert topic["Resource"] == {"Fn::GetAtt": ["AnalyticsDeliveriesQueue", "Arn"]}
    assert topic["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEventsTopic"}}}
    (sender,) = allowed.values()
    assert (sender["Principal"], sender["Action"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage")
    assert sender["Resource"] == {"Fn::GetAtt": ["AnalyticsAggregationQueue", "Arn"]}
    assert sender["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert text(sender["Condition"]["ArnEquals"]["aws:SourceArn"]) == f"arn:aws:s3:::securebase-{stack.stage}-exports-{ACCOUNT}"


def test_buckets_queues_and_topics_refuse_what_is_not_tls(stack: Stack) -> None:
    policies = stack.of_type(*STATEFUL_POLICIES)
    queues = [queue["Ref"] for name in stack.of_type("AWS::SQS::QueuePolicy") for queue in stack.resources[name]["Properties"]["Queues"]]
    assert sorted(queues) == sorted(stack.of_type("AWS::SQS::Queue"))  # each has one
    assert len(stack.of_type("AWS::SNS::TopicPolicy")) == len(stack.of_type("AWS::SNS::Topic"))
    assert len(stack.of_type("AWS::S3::BucketPolicy")) == len(BUCKETS)
    for policy in policies.values():
        refused = [one for one in policy["Properties"]["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert [(one["Principal"], one["Condition"]) for one in refused] == [("*", NOT_OVER_TLS)]
    for logical in stack.of_type("AWS::S3::Bucket"):
        refused = stack.resources[f"{logical}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
        assert refused["Resource"] == [{"Fn::GetAtt": [logical, "Arn"]}, {"Fn::Sub": f"${{{logical}.Arn}}/*"}]


def test_every_queue_has_a_dead_letter_queue_and_outlasts_its_function(stack: Stack) -> None:
    queues = stack.named("AWS::SQS::Queue", "QueueName")
    timeouts = {
        "analytics-aggregation": signals.AGGREGATION_WORKER.timeout,
        "analytics-findings": signals.FINDINGS_WORKER.timeout,
        "analytics-report-jobs": signals.REPORT_ENGINE.timeout,
        "analytics-deliveries": signals.DELIVERY_WORKER.timeout,
    }
    assert set(queues) == {f"securebase-{stack.stage}-{spec.name}{dead}" for spec in QUEUES for dead in ("", "-dead")}
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    for spec in QUEUES:
        queue = queues[f"securebase-{stack.stage}-{spec.name}"]
        assert queue["VisibilityTimeout"] >= 6 * timeouts[spec.name]
        assert queue["RedrivePolicy"]["maxReceiveCount"] == spec.attempts
        dead = stack.resources[queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        assert dead["Properties"]["QueueName"] == f"securebase-{stack.stage}-{spec.name}-dead"
