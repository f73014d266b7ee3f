"""Who hears of alarms: nobody by default, a mail address or a Slack channel by the stack's parameters."""

import re
from typing import Any

from tests.infrastructure.conftest import Stack

TOPIC = {"Ref": "AlertsTopic"}
NAMED = ("AlertsEmail", "SlackWorkspaceId", "SlackChannelId")


def one(stack: Stack, kind: str, protocol: str = "") -> dict[str, Any]:
    (found,) = [one for one in stack.of_type(kind).values() if not protocol or one["Properties"].get("Protocol") == protocol]
    return found


def test_nobody_is_told_by_default(stack: Stack) -> None:
    parameters = {name: stack.template["Parameters"][name] for name in NAMED}
    assert all(parameter["Default"] == "" for parameter in parameters.values())
    given = {name: {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]} for name in NAMED}
    assert stack.template["Conditions"] == {
        "AlertsByEmail": given["AlertsEmail"],
        "AlertsBySlack": {"Fn::And": [given["SlackWorkspaceId"], given["SlackChannelId"]]},
    }


def test_every_default_is_allowed_by_its_own_pattern(stack: Stack) -> None:
    examples = dict(zip(NAMED, ("ops@example.com", "T0123ABC", "C0123ABC"), strict=True))
    for name, example in examples.items():
        pattern = stack.template["Parameters"][name]["AllowedPattern"]
        assert re.fullmatch(pattern, "")
        assert re.fullmatch(pattern, example)
        assert not re.fullmatch(pattern, "a b")


def test_a_mail_address_hears_of_every_alarm(stack: Stack) -> None:
    subscription = one(stack, "AWS::SNS::Subscription", "email")
    assert subscription["Condition"] == "AlertsByEmail"
    assert subscription["Properties"] == {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": {"Ref": "AlertsEmail"}}


def test_a_slack_channel_hears_of_every_alarm_and_can_only_look_at_metrics(stack: Stack) -> None:
    channel, policy = one(stack, "AWS::Chatbot::SlackChannelConfiguration"), one(stack, "AWS::IAM::ManagedPolicy")
    (role,) = [found for found in stack.of_type("AWS::IAM::Role").values() if found.get("Condition") == "AlertsBySlack"]
    assert channel["Condition"] == policy["Condition"] == "AlertsBySlack"
    assert channel["Properties"]["SnsTopicArns"] == [TOPIC]
    assert channel["Properties"]["GuardrailPolicies"] == role["Properties"]["ManagedPolicyArns"] == [{"Ref": "SlackChannelPolicy"}]
    assert "Policies" not in role["Properties"]
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "chatbot.amazonaws.com"}
    (allowed,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert all(re.fullmatch(r"cloudwatch:(Describe|Get|List)[A-Za-z]+", action) for action in allowed["Action"])
