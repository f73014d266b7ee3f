"""What a customer's account takes, by itself or by a StackSet over many: the role that reads its metrics and, if asked for, a feed of its
findings; and who may feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import And, Condition, Equals, GetAtt, Output, Parameter, Ref, Sub, Template, events, iam

from alarms.topic import document
from chalicelib.domain.customer import READER_ROLE

FEEDER_ROLE, RULE = "SecureBaseAnalyticsFindings", "securebase-analytics-findings"
FINDINGS = {"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"]}
READS = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
"""All that sources/cloudwatch.py asks in a customer's account; neither can be granted on anything narrower than *."""
PROVIDER, EXTERNAL_ID, PROVIDER_REGION, HOME, FEED = "ProviderAccountId", "ExternalId", "ProviderRegion", "HomeRegion", "ForwardFindings"
IS_HOME, FEEDS, FEEDS_AT_HOME = "IsHomeRegion", "ForwardsFindings", "ForwardsFindingsAtHome"
REGION = "[a-z]{2}(-[a-z]+)+-[0-9]"
ORGANIZATIONS, FEED_STATEMENT = "FindingsOrganizationIds", "securebase-findings"


def onboarding(given: Mapping[str, str] | None = None) -> Template:
    """The template; parameters that are given become its defaults, so that it deploys as it is.

    IAM is global, so roles are made in the home region alone, with names of their own; a rule's name is its region's.
    """
    template = Template(Description="Lets SecureBase Analytics read this account's CloudWatch metrics and, if asked for, hear its findings")
    template.set_version("2010-09-09")
    for name, properties in _parameters().items():
        default = {"Default": given[name]} if given and name in given else {}
        template.add_parameter(Parameter(name, Type="String", **{**properties, **default}))
    template.add_condition(IS_HOME, Equals(Ref("AWS::Region"), Ref(HOME)))
    template.add_condition(FEEDS, Equals(Ref(FEED), "yes"))
    template.add_condition(FEEDS_AT_HOME, And(Condition(IS_HOME), Condition(FEEDS)))
    template.add_resource(_reader())
    template.add_resource(_feeder())
    template.add_resource(_rule())
    template.add_output(Output("ReaderRoleArn", Condition=IS_HOME, Value=GetAtt("Reader", "Arn")))
    return template


def _parameters() -> dict[str, dict[str, Any]]:
    return {
        PROVIDER: {"AllowedPattern": "[0-9]{12}", "Description": "The AWS account that SecureBase Analytics runs in"},
        EXTERNAL_ID: {
            "AllowedPattern": "[A-Za-z0-9+=,.@:/_-]{16,128}",
            "Description": "What tells this customer apart when its role is taken, as `ops.customers add` printed it",
        },
        PROVIDER_REGION: {"AllowedPattern": REGION, "Default": "us-east-1", "Description": "The region that SecureBase Analytics runs in"},
        HOME: {"AllowedPattern": REGION, "Default": "us-east-1", "Description": "The one region in which the account's roles are made"},
        FEED: {
            "AllowedValues": ["yes", "no"],
            "Default": "no",
            "Description": "Whether to forward findings; the provider hears those of a Security Hub that it administers without",
        },
    }


def _reader() -> iam.Role:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": Sub(f"arn:${{AWS::Partition}}:iam::${{{PROVIDER}}}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": Ref(EXTERNAL_ID)}},
    }
    allowed = {"Effect": "Allow", "Action": READS, "Resource": "*"}
    return iam.Role(
        "Reader",
        Condition=IS_HOME,
        RoleName=READER_ROLE,
        Description="SecureBase Analytics lists and reads this account's CloudWatch metrics",
        AssumeRolePolicyDocument=document(trust),
        MaxSessionDuration=3600,
        Policies=[iam.Policy(PolicyName="read-metrics", PolicyDocument=document(allowed))],
    )


def _feeder() -> iam.Role:
    """Only this account's rules of that name may take it, and it may only put into the provider's one bus."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": Sub(f"arn:${{AWS::Partition}}:events:*:${{AWS::AccountId}}:rule/{RULE}")},
        },
    }
    allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": _bus()}
    return iam.Role(
        "Feeder",
        Condition=FEEDS_AT_HOME,
        RoleName=FEEDER_ROLE,
        Description="Forwards this account's Security Hub findings to SecureBase Analytics",
        AssumeRolePolicyDocument=document(trust),
        Policies=[iam.Policy(PolicyName="put-findings", PolicyDocument=document(allowed))],
    )


def _rule() -> events.Rule:
    """This account's own findings alone, also where it administers others' Security Hub."""
    role = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{FEEDER_ROLE}")
    return events.Rule(
        "Findings",
        Condition=FEEDS,
        Name=RULE,
        Description="Findings that Security Hub imports or changes, archived ones included",
        EventPattern={**FINDINGS, "detail": {"findings": {"AwsAccountId": [Ref("AWS::AccountId")]}}},
        State="ENABLED",
        Targets=[events.Target(Id="provider", Arn=_bus(), RoleArn=role)],
    )


def _bus() -> Sub:
    """The provider's default bus where the provider listens: a bus of another region would take events that nobody hears."""
    return Sub(f"arn:${{AWS::Partition}}:events:${{{PROVIDER_REGION}}}:${{{PROVIDER}}}:event-bus/default")


def findings_feed() -> Template:
    """On the provider's side, once per account and region as the default bus is all stages': who may put findings into it.

    Nobody but AWS can put events whose source begins with aws., so what comes was told by Security Hub.
    """
    template = Template(Description="Lets accounts of these organizations forward their Security Hub findings to SecureBase Analytics")
    template.set_version("2010-09-09")
    template.add_parameter(Parameter(ORGANIZATIONS, Type="CommaDelimitedList", Description="Ids of organizations, such as o-a1b2c3d4e5"))
    equals = {"aws:PrincipalOrgID": Ref(ORGANIZATIONS), **{f"events:{name}": value for name, value in FINDINGS.items()}}
    statement = {
        "Sid": FEED_STATEMENT,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": Sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"),
        "Condition": {"StringEquals": equals},
    }
    template.add_resource(events.EventBusPolicy("FindingsFeed", StatementId=FEED_STATEMENT, Statement=statement))
    return template
