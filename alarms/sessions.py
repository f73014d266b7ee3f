"""The option of a role that the API answers each customer with, narrowed in every session to that customer's keys and objects."""

from __future__ import annotations

from troposphere import GetAtt, Output, Ref, Sub, Template, iam

from alarms.policies import policy
from alarms.tags import tags
from alarms.topic import document
from chalicelib.domain import signals
from chalicelib.stores.tables import CUSTOMER_ROLE, physical_name

LONGEST_SECONDS = 3600


def add_customer_role(template: Template, stage: str) -> None:
    """It may do what the API's own policy allows on tables and objects; only the stage's functions may take it."""
    rights = [one for one in policy(signals.API, stage)["Statement"] if one["Action"][0].startswith(("dynamodb:", "s3:"))]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:PrincipalAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:PrincipalArn": Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{signals.APP}-{stage}*")},
        },
    }
    role = template.add_resource(
        iam.Role(
            "CustomerSessionRole",
            RoleName=physical_name(stage, CUSTOMER_ROLE),
            AssumeRolePolicyDocument=document(trust),
            MaxSessionDuration=LONGEST_SECONDS,
            Policies=[iam.Policy(PolicyName="tables-and-objects", PolicyDocument=document(*rights))],
            Tags=tags(stage, CUSTOMER_ROLE),
        )
    )
    template.add_output(Output("CustomerRoleArn", Value=GetAtt(role, "Arn")))
