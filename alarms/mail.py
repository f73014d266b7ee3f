"""What SES tells of the app's mails: a configuration set, the topic that it tells, and that the deliveries' queue hears it."""

from __future__ import annotations

from troposphere import GetAtt, Output, Ref, Sub, Template, ses, sns

from alarms.queues import MAIL_EVENTS as TOPIC
from alarms.queues import logical
from alarms.tags import tags
from alarms.topic import KEY, document, plain_refused
from chalicelib.stores.tables import DELIVERY_QUEUE, MAIL_CONFIGURATION, MAIL_TOPIC, physical_name

TOLD = ["send", "delivery", "bounce", "complaint", "reject", "renderingFailure"]
OF_THIS_SET = {
    "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
    "StringLike": {"aws:SourceArn": Sub("arn:${AWS::Partition}:ses:*:${AWS::AccountId}:configuration-set/*")},
}


def add_mail(template: Template, stage: str) -> None:
    """Recipients that can't be reached or don't want it are put on SES's own suppression list, too."""
    configuration = ses.ConfigurationSet(
        "MailConfiguration",
        Name=physical_name(stage, MAIL_CONFIGURATION),
        DeliveryOptions=ses.DeliveryOptions(TlsPolicy="REQUIRE"),
        SuppressionOptions=ses.SuppressionOptions(SuppressedReasons=["BOUNCE", "COMPLAINT"]),
    )
    name = physical_name(stage, MAIL_TOPIC)
    topic = sns.Topic(TOPIC, TopicName=name, KmsMasterKeyId=GetAtt(KEY, "Arn"), Tags=tags(stage, MAIL_TOPIC))
    publish = {"Action": "sns:Publish", "Resource": Ref(TOPIC)}
    allowed = {"Effect": "Allow", "Principal": {"Service": "ses.amazonaws.com"}, **publish, "Condition": OF_THIS_SET}
    destination = ses.EventDestination(
        Name="events", Enabled=True, MatchingEventTypes=TOLD, SnsDestination=ses.SnsDestination(TopicARN=Ref(TOPIC))
    )
    template.add_resource(configuration)
    template.add_resource(topic)
    template.add_resource(sns.TopicPolicy(f"{TOPIC}Policy", Topics=[Ref(TOPIC)], PolicyDocument=document(allowed, plain_refused(publish))))
    template.add_resource(
        ses.ConfigurationSetEventDestination(
            "MailEvents", ConfigurationSetName=Ref(configuration), EventDestination=destination, DependsOn=f"{TOPIC}Policy"
        )  # SES publishes a message at once, to see whether it may
    )
    queue = GetAtt(logical(DELIVERY_QUEUE.name), "Arn")
    template.add_resource(
        sns.SubscriptionResource("MailEventsSubscription", TopicArn=Ref(TOPIC), Protocol="sqs", Endpoint=queue, RawMessageDelivery=True)
    )
    template.add_output(Output("MailConfigurationName", Value=Ref(configuration)))
