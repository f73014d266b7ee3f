"""The topic that alarms tell. AWS's SNS key can't be opened to CloudWatch or SES, so what they tell would be lost: topics use ours."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Output, Ref, Sub, Template, kms, sns

from alarms.tags import tags
from chalicelib.stores.tables import ALERTS_TOPIC, physical_name

TOPIC, KEY = "AlertsTopic", "AlertsKey"
ALARMS_OF_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
    "ArnLike": {"aws:SourceArn": Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*")},
}


def add_topic(template: Template, stage: str) -> None:
    """The key, the topic that it encrypts, and who may publish: this account's alarms, over TLS."""
    key = template.add_resource(
        kms.Key(
            KEY,
            Description=f"Encrypts the topics of {physical_name(stage, 'analytics')}",
            EnableKeyRotation=True,
            KeyPolicy=document(*_key_statements()),
            Tags=tags(stage, ALERTS_TOPIC),
        )
    )
    topic = template.add_resource(
        sns.Topic(TOPIC, TopicName=physical_name(stage, ALERTS_TOPIC), KmsMasterKeyId=GetAtt(key, "Arn"), Tags=tags(stage, ALERTS_TOPIC))
    )
    template.add_resource(sns.TopicPolicy(f"{TOPIC}Policy", Topics=[Ref(topic)], PolicyDocument=document(*_topic_statements())))
    template.add_output(Output("AlertsTopicArn", Value=Ref(topic)))


def _key_statements() -> list[dict[str, Any]]:
    """In a key's policy, Resource * is the key itself; without the account's line nobody could ever change the key."""
    account = {"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}
    alarms = {
        "Sid": "AlarmsPublishEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": ALARMS_OF_THIS_ACCOUNT,
    }
    of_account = {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}}
    mail = {**alarms, "Sid": "MailEventsPublishEncrypted", "Principal": {"Service": "ses.amazonaws.com"}, "Condition": of_account}
    return [{"Sid": "AccountAdministers", "Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}, alarms, mail]


def _topic_statements() -> list[dict[str, Any]]:
    publish = {"Action": "sns:Publish", "Resource": Ref(TOPIC)}
    alarms = {"Sid": "AlarmsPublish", "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}}
    return [{**alarms, **publish, "Condition": ALARMS_OF_THIS_ACCOUNT}, plain_refused(publish)]


def plain_refused(action: dict[str, Any]) -> dict[str, Any]:
    """Whoever comes without TLS may not."""
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Condition": condition, **action}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
