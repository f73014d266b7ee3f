"""What watches: the alarms as the stack defines them and what they say, the dashboard, the topic and who listens to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from chalicelib.stores.tables import ALERTS_TOPIC
from ops.checks import WARN
from ops.examined.stage import Fault, Look, Stage, Told, not_on_the_laptop

ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


def looks(stage: Stage) -> Iterator[Look]:
    topic = stage.arn("sns", stage.physical(ALERTS_TOPIC))
    missing = f"{stage.deploy} makes it; whoever listened has to subscribe again"
    yield Look("sns", f"topic {stage.physical(ALERTS_TOPIC)}", partial(_topic, stage, topic), missing)
    if stage.laptop:
        yield not_on_the_laptop("alarms")
        yield not_on_the_laptop("dashboard")
        return
    yield Look("sns", "somebody hears the alarms", partial(_heard, stage, topic))
    for group in stage.of_type("AWS::Logs::LogGroup"):
        yield Look("logs", f"log group {group['LogGroupName']}", partial(_group, stage, group))
    yield Look("cloudwatch", "alarms", partial(_defined, stage))
    yield Look("cloudwatch", "alarms that are on", partial(_states, stage))
    yield Look("events", "findings rule", partial(_findings, stage), stage.deploy)
    for dashboard in stage.of_type("AWS::CloudWatch::Dashboard"):
        name = dashboard["DashboardName"]
        yield Look("cloudwatch", f"dashboard {name}", partial(_dashboard, stage, name), stage.deploy)


def _topic(stage: Stage, arn: str) -> Told:
    key = stage.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"].get("KmsMasterKeyId")
    if stage.laptop:
        return Told("there")
    mend = f"put the stack's key back: {stage.deploy}, or aws sns set-topic-attributes --attribute-name KmsMasterKeyId"
    return Told("encrypted", () if key else (("it isn't encrypted", mend),))


def _heard(stage: Stage, arn: str) -> Told:
    pages = stage.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    subscriptions = [one for page in pages for one in page["Subscriptions"]]
    confirmed = [one for one in subscriptions if one["SubscriptionArn"].startswith("arn:")]
    seen = f"{len(confirmed)} confirmed subscriptions, {len(subscriptions) - len(confirmed)} that wait"
    mend = f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint YOU, then follow the link in the mail"
    return Told(seen, () if confirmed else ((f"nobody: {seen}", mend),), WARN)


def _group(stage: Stage, defined: dict[str, Any]) -> Told:
    """Functions may not make one: without it neither their logs nor the metrics in them are anywhere."""
    name = defined["LogGroupName"]
    told = stage.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    there = next((one for one in told if one["logGroupName"] == name), None)
    if there is None:
        return Told("it isn't there", (("it isn't there: no logs, and no metrics of ours", stage.deploy),))
    days, wanted = there.get("retentionInDays"), defined["RetentionInDays"]
    mend = f"aws logs put-retention-policy --log-group-name {name} --retention-in-days {wanted}"
    return Told(f"kept {days} days", ((f"kept {days} days, not {wanted}", mend),) if days != wanted else ())


def _there(stage: Stage) -> dict[str, dict[str, Any]]:
    pages = (
        stage.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=stage.physical("analytics-"), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    return {one["AlarmName"]: one for page in pages for one in (*page.get("MetricAlarms", []), *page.get("CompositeAlarms", []))}


def _defined(stage: Stage) -> Told:
    there = _there(stage)
    defined = stage.of_type(*ALARMS)
    faults = tuple(fault for alarm in defined for fault in _wrong(stage, alarm, there.get(alarm["AlarmName"])))
    return Told(f"all {len(defined)}, with their thresholds and actions", faults)


def _wrong(stage: Stage, defined: dict[str, Any], there: dict[str, Any] | None) -> Iterator[Fault]:
    name = defined["AlarmName"]
    if there is None:
        yield f"{name} isn't there", stage.deploy
        return
    if "Threshold" in defined and float(there.get("Threshold", "nan")) != float(defined["Threshold"]):
        yield f"{name} goes off above {there.get('Threshold')}, not {defined['Threshold']}", f"put it back: {stage.deploy}"
    if defined.get("ActionsEnabled", True) and not there.get("ActionsEnabled", True):
        yield f"{name} tells nobody", f"aws cloudwatch enable-alarm-actions --alarm-names {name}"


def _states(stage: Stage) -> Told:
    there = _there(stage)
    on = [(name, alarm) for name, alarm in sorted(there.items()) if alarm.get("StateValue") == "ALARM"]
    mend = "docs/operations.md says what each alarm means and what to do"
    faults = tuple((f"{name}: {alarm.get('AlarmDescription') or alarm.get('StateReason', '-')}", mend) for name, alarm in on)
    quiet = sum(alarm.get("StateValue") == "INSUFFICIENT_DATA" for alarm in there.values())
    return Told(f"none of {len(there)}; {quiet} have no data", faults, WARN)


def _findings(stage: Stage) -> Told:
    """The rule by which Security Hub tells of findings."""
    (rule,) = [one for one in stage.of_type("AWS::Events::Rule") if "aws.securityhub" in one["EventPattern"]["source"]]
    state = stage.client("events").describe_rule(Name=rule["Name"])["State"]
    mend = f"aws events enable-rule --name {rule['Name']}"
    return Told(state, ((f"{rule['Name']} is {state}", mend),) if state == "DISABLED" else ())


def _dashboard(stage: Stage, name: str) -> Told:
    body = stage.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    return Told(f"{len(body)} characters")
