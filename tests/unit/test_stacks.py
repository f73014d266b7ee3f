"""CloudFormation's change sets: told, refused where data would be lost, carried out and waited for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.deploying.stacks import Change, Stacks

NOW = datetime(2026, 11, 26, 9, 11, 29, tzinfo=UTC)
TABLE = "AWS::DynamoDB::Table"


class AlreadyExistsException(Exception):
    pass


class CloudFormation:
    """One stack and the change set that is prepared for it."""

    exceptions = SimpleNamespace(AlreadyExistsException=AlreadyExistsException)

    def __init__(self, status: str = "UPDATE_COMPLETE", parameters: tuple[str, ...] = ()) -> None:
        self.status, self.parameters, self.reason = status, parameters, "The submitted information didn't contain changes."
        self.changes: list[dict[str, Any]] = []
        self.after = "UPDATE_COMPLETE"
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.events = [{"EventId": "0", "LogicalResourceId": "x", "ResourceStatus": "CREATE_COMPLETE"}]
        self.wanted: list[str] = []

    def client(self, service: str) -> CloudFormation:
        assert service == "cloudformation"
        return self

    def __getattr__(self, operation: str) -> Any:
        return lambda **given: self.asked.append((operation, given))

    def get_template_summary(self, TemplateURL: str) -> dict[str, Any]:
        return {"Parameters": [{"ParameterKey": name} for name in self.wanted]}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if not self.status:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}, "DescribeStacks"
            )
        return {"Stacks": [{"StackStatus": self.status, "Parameters": [{"ParameterKey": name} for name in self.parameters]}]}

    def describe_change_set(self, **given: Any) -> dict[str, Any]:
        return {"Status": "CREATE_COMPLETE" if self.changes else "FAILED", "StatusReason": self.reason, "Changes": self.changes}

    def describe_stack_events(self, **given: Any) -> dict[str, Any]:
        return {"StackEvents": self.events}

    def execute_change_set(self, **given: Any) -> None:
        self.status = self.after

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**given: Any) -> Iterator[dict[str, Any]]:
                yield getattr(self, operation)(**given)

        return Pages


def change(action: str, kind: str, replacement: str = "False") -> dict[str, Any]:
    return {"ResourceChange": {"Action": action, "LogicalResourceId": "Thing", "ResourceType": kind, "Replacement": replacement}}


def stacks(cloud: CloudFormation, said: list[str] | None = None) -> Stacks:
    return Stacks(cloud.client, (said if said is not None else []).append, lambda: NOW, lambda seconds: None)


def test_a_change_set_whose_making_was_answered_to_nobody_is_taken_as_it_is() -> None:
    """botocore asks again where an answer is lost, and is told that it is there."""
    cloud = CloudFormation()
    cloud.changes = [change("Add", TABLE)]

    def create_change_set(**given: Any) -> None:
        raise AlreadyExistsException

    cloud.create_change_set = create_change_set
    plan = stacks(cloud).plan("data", "https://template", {}, {})
    assert plan.changes == (Change("Add", "Thing", TABLE, "False"),)


def test_without_a_change_there_is_nothing_to_execute_and_no_change_set_is_left() -> None:
    cloud = CloudFormation()
    plan = stacks(cloud).plan("data", "https://template", {}, {})
    assert (plan.change_set, plan.changes) == ("", ())
    assert cloud.asked[-1] == ("delete_change_set", {"StackName": "data", "ChangeSetName": "deploy-20261126T091129000000Z"})


def test_a_template_that_cloudformation_refuses_is_told_with_its_reason() -> None:
    cloud = CloudFormation()
    cloud.reason = "Unresolved resource dependencies [X]"
    with pytest.raises(SystemExit, match="refuses the template of data: Unresolved"):
        stacks(cloud).plan("data", "https://template", {}, {})


@pytest.mark.parametrize("status, kind", [("", "CREATE"), ("REVIEW_IN_PROGRESS", "CREATE"), ("UPDATE_ROLLBACK_COMPLETE", "UPDATE")])
def test_a_stack_is_created_where_there_is_none_yet(status: str, kind: str) -> None:
    cloud = CloudFormation(status)
    cloud.changes = [change("Add", TABLE)]
    stacks(cloud).plan("data", "https://template", {"Stage": "dev"}, {})
    (_, asked), *_ = cloud.asked
    assert (asked["ChangeSetType"], asked["Tags"]) == (kind, [{"Key": "Stage", "Value": "dev"}])


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"])
def test_a_stack_that_cannot_be_changed_now_says_what_to_do(status: str) -> None:
    with pytest.raises(SystemExit, match=f"{status}.*(then deploy again|wait until)"):
        stacks(CloudFormation(status)).plan("data", "https://template", {}, {})


def test_parameters_that_are_not_given_stay_as_they_are_and_unknown_ones_are_named() -> None:
    cloud = CloudFormation(parameters=("AlertsEmail", "Gone"))
    cloud.wanted, cloud.changes = ["AlertsEmail", "ProtectedApiId"], [change("Modify", TABLE)]
    stacks(cloud).plan("data", "https://template", {}, {"ProtectedApiId": "abc"})
    assert cloud.asked[0][1]["Parameters"] == [
        {"ParameterKey": "AlertsEmail", "UsePreviousValue": True},
        {"ParameterKey": "ProtectedApiId", "ParameterValue": "abc"},
    ]
    with pytest.raises(SystemExit, match="--parameter Email: the template has AlertsEmail, ProtectedApiId"):
        stacks(cloud).plan("data", "https://template", {}, {"Email": "x"})


@pytest.mark.parametrize(
    "told, loses",
    [
        (change("Remove", TABLE), True),
        (change("Modify", TABLE, "True"), True),
        (change("Modify", "AWS::S3::Bucket", "Conditional"), True),
        (change("Remove", "AWS::SecretsManager::Secret"), True),
        (change("Modify", TABLE), False),
        (change("Add", TABLE), False),
        (change("Remove", "AWS::CloudWatch::Alarm"), False),
        (change("Modify", "AWS::Lambda::Version", "True"), False),
    ],
)
def test_a_change_that_would_lose_data_is_refused_and_nothing_is_left_of_it(told: dict[str, Any], loses: bool) -> None:
    cloud = CloudFormation()
    cloud.changes = [told]
    made = stacks(cloud)
    plan = made.plan("data", "https://template", {}, {})
    if not loses:
        made.refuse_loss(plan)
        return
    with pytest.raises(SystemExit, match="data would be lost"):
        made.refuse_loss(plan)
    assert [name for name, _ in cloud.asked] == ["create_change_set", "delete_change_set"]


def test_a_dry_run_of_a_new_stack_leaves_no_stack() -> None:
    cloud = CloudFormation("")
    cloud.changes = [change("Add", TABLE)]
    made = stacks(cloud)
    made.drop(made.plan("data", "https://template", {}, {}))
    assert [name for name, _ in cloud.asked] == ["create_change_set", "delete_change_set", "delete_stack"]


def test_what_fails_is_told_with_cloudformations_first_reason() -> None:
    cloud, said = CloudFormation(), list[str]()
    cloud.changes, cloud.after = [change("Modify", TABLE)], "UPDATE_ROLLBACK_COMPLETE"
    made = stacks(cloud, said)
    plan = made.plan("data", "https://template", {}, {})

    def execute(**given: Any) -> None:
        cloud.status = cloud.after
        failed = {"EventId": "1", "LogicalResourceId": "Key", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "no right"}
        late = {"EventId": "2", "LogicalResourceId": "Topic", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "cancelled"}
        cloud.events = [late, failed, *cloud.events]

    cloud.__dict__["execute_change_set"] = execute
    with pytest.raises(SystemExit, match="data is UPDATE_ROLLBACK_COMPLETE; Key: no right"):
        made.execute(plan)
    assert said == ["  Key update failed", "  Topic update failed"]


def test_a_change_reads_like_a_line_of_a_diff() -> None:
    assert str(Change("Modify", "MetricsTable", TABLE, "Conditional")) == f"~ MetricsTable ({TABLE}, perhaps made anew)"
