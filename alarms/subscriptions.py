"""Who hears what the alerts topic tells: nobody, until the stack's parameters name a mail address or a Slack channel."""

from __future__ import annotations

from troposphere import And, Equals, GetAtt, Not, Parameter, Ref, Template, chatbot, iam, sns

from alarms.tags import tags
from alarms.topic import TOPIC, document
from chalicelib.stores.tables import ALERTS_TOPIC, physical_name

EMAIL, WORKSPACE, CHANNEL = "AlertsEmail", "SlackWorkspaceId", "SlackChannelId"
BY_EMAIL, BY_SLACK = "AlertsByEmail", "AlertsBySlack"
POLICY = "SlackChannelPolicy"
SEEN = ("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics")
"""What the graph under a message in Slack is drawn from. CloudWatch grants none of it on anything narrower than *."""


def add_subscriptions(template: Template, stage: str) -> None:
    """SNS itself opens what its key encrypts, so that no subscriber has to reach the key."""
    _parameter(template, EMAIL, "Who gets a mail of every alarm; SNS asks the address to confirm", r"^$|^[^@\s]+@[^@\s]+$")
    _parameter(template, WORKSPACE, "The Slack workspace's id, once Amazon Q Developer is let into it", r"^$|^[0-9A-Z]{1,255}$")
    _parameter(template, CHANNEL, "The Slack channel's id", r"^$|^[A-Za-z0-9]+$")
    template.add_condition(BY_EMAIL, _given(EMAIL))
    template.add_condition(BY_SLACK, And(_given(WORKSPACE), _given(CHANNEL)))
    template.add_resource(
        sns.SubscriptionResource("AlertsEmailSubscription", Condition=BY_EMAIL, TopicArn=Ref(TOPIC), Protocol="email", Endpoint=Ref(EMAIL))
    )
    _add_slack(template, stage)


def _add_slack(template: Template, stage: str) -> None:
    """The policy is both what its role may do and what nobody in the channel gets beyond: without a guardrail that would be everything."""
    allowed = document({"Effect": "Allow", "Action": list(SEEN), "Resource": "*"})
    trust = document({"Effect": "Allow", "Principal": {"Service": "chatbot.amazonaws.com"}, "Action": "sts:AssumeRole"})
    policy = template.add_resource(iam.ManagedPolicy(POLICY, Condition=BY_SLACK, PolicyDocument=allowed))
    role = template.add_resource(
        iam.Role(
            "SlackChannelRole",
            Condition=BY_SLACK,
            AssumeRolePolicyDocument=trust,
            ManagedPolicyArns=[Ref(policy)],
            Tags=tags(stage, ALERTS_TOPIC),
        )
    )
    template.add_resource(
        chatbot.SlackChannelConfiguration(
            "SlackChannel",
            Condition=BY_SLACK,
            ConfigurationName=physical_name(stage, ALERTS_TOPIC),
            SlackWorkspaceId=Ref(WORKSPACE),
            SlackChannelId=Ref(CHANNEL),
            SnsTopicArns=[Ref(TOPIC)],
            IamRoleArn=GetAtt(role, "Arn"),
            GuardrailPolicies=[Ref(policy)],
            LoggingLevel="ERROR",
            Tags=tags(stage, ALERTS_TOPIC),
        )
    )


def _parameter(template: Template, name: str, meaning: str, pattern: str) -> None:
    template.add_parameter(Parameter(name, Type="String", Default="", AllowedPattern=pattern, Description=meaning))


def _given(name: str) -> Not:
    return Not(Equals(Ref(name), ""))
