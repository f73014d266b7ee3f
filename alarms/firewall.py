"""The option of a web ACL before the API: AWS's rules against the commonplace, and a rate per address."""

from __future__ import annotations

from troposphere import Equals, GetAtt, Not, Output, Parameter, Ref, Sub, Template, wafv2

from alarms.tags import tags
from chalicelib.stores.tables import physical_name

ACL, API_ID, HAS_API = "WebAcl", "ProtectedApiId", "HasProtectedApi"
REQUESTS_AN_ADDRESS = 30_000
"""In five minutes: ten customers' queries at their limit may share an address before anybody is held up."""
MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
COUNTED = {
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",  # a logo alone is over WAF's 8 KB; bodies have a limit of their own, 256 KB
        "SizeRestrictions_QUERYSTRING",  # fifty values of a filter are over 2 KB
        "NoUserAgent_HEADER",  # scripts without one are customers, too
        "GenericRFI_BODY",  # a webhook's address is a body with a URL
    )
}
"""Rules that would refuse what the app takes: they only count."""


def add_firewall(template: Template, stage: str) -> None:
    """The ACL, tied to the API whose id the parameter gives: the API is deployed after this stack, so it is given with an update."""
    rules = [_managed(place, name) for place, name in enumerate(MANAGED)]
    acl = template.add_resource(
        wafv2.WebACL(
            ACL,
            Name=physical_name(stage, "analytics"),
            Scope="REGIONAL",
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            Rules=[*rules, _rate(len(rules))],
            VisibilityConfig=_seen("web-acl"),
            Tags=tags(stage, "web-acl"),
        )
    )
    template.add_parameter(Parameter(API_ID, Type="String", Default="", Description="The id of the API that the web ACL stands before"))
    template.add_condition(HAS_API, Not(Equals(Ref(API_ID), "")))
    place = f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{{API_ID}}}/stages/{stage}"
    template.add_resource(
        wafv2.WebACLAssociation(f"{ACL}Association", Condition=HAS_API, ResourceArn=Sub(place), WebACLArn=GetAtt(acl, "Arn"))
    )
    template.add_output(Output("WebAclArn", Value=GetAtt(acl, "Arn")))


def _managed(place: int, name: str) -> wafv2.WebACLRule:
    count = wafv2.RuleAction(Count=wafv2.CountAction())
    counted = [wafv2.RuleActionOverride(Name=rule, ActionToUse=count) for rule in COUNTED.get(name, ())]
    group = wafv2.ManagedRuleGroupStatement(VendorName="AWS", Name=name, **({"RuleActionOverrides": counted} if counted else {}))
    return wafv2.WebACLRule(
        Name=name,
        Priority=place,
        OverrideAction=wafv2.OverrideAction(**{"None": {}}),
        Statement=wafv2.Statement(ManagedRuleGroupStatement=group),
        VisibilityConfig=_seen(name),
    )


def _rate(place: int) -> wafv2.WebACLRule:
    statement = wafv2.RateBasedStatement(AggregateKeyType="IP", Limit=REQUESTS_AN_ADDRESS)
    return wafv2.WebACLRule(
        Name="rate-per-address",
        Priority=place,
        Action=wafv2.RuleAction(Block=wafv2.BlockAction()),
        Statement=wafv2.Statement(RateBasedStatement=statement),
        VisibilityConfig=_seen("rate-per-address"),
    )


def _seen(name: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, MetricName=name, SampledRequestsEnabled=True)
