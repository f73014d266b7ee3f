"""Which release a rollback goes to, and what stops it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain import signals
from ops.deploying import canary
from ops.deploying.versions import Label, Release, live, move, of_stack, publish, releases
from ops.rollback import earlier, target


def label(number: int, schema: int = 1) -> Label:
    return Label(f"{number:07d}", "2026-11-26T09:00:00Z", f"{number:08x}", schema)


def release(number: int, schema: int = 1) -> Release:
    return Release(label(number, schema), {function.name: str(number) for function in signals.FUNCTIONS})


class Functions:
    """Lambda, as far as versions and the alias go."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.live: dict[str, str] = {}
        self.refusing = ""

    def client(self, service: str) -> Functions:
        assert service == "lambda"
        return self

    def get_paginator(self, operation: str) -> Functions:
        assert operation == "list_versions_by_function"
        return self

    def paginate(self, FunctionName: str) -> list[dict[str, Any]]:
        latest = {"Version": "$LATEST", "LastModified": ""}
        return [{"Versions": [latest, *reversed(self.versions.get(FunctionName, []))]}]

    def publish_version(self, FunctionName: str, Description: str) -> dict[str, Any]:
        known = self.versions.setdefault(FunctionName, [])
        known.append({"Version": str(len(known) + 1), "Description": Description, "LastModified": f"2026-11-26T09:00:{len(known):02d}"})
        return known[-1]

    def get_alias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        if FunctionName not in self.live:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetAlias")
        return {"FunctionVersion": self.live[FunctionName]}

    def update_alias(self, FunctionName: str, Name: str, FunctionVersion: str, RoutingConfig: dict[str, Any]) -> None:
        assert (Name, RoutingConfig) == ("LIVE", {"AdditionalVersionWeights": {}})
        if FunctionName.endswith(self.refusing) and self.refusing:
            raise ClientError({"Error": {"Code": "ServiceException", "Message": "no"}}, "UpdateAlias")
        self.live[FunctionName] = FunctionVersion


@pytest.fixture
def functions() -> Functions:
    made = Functions()
    for number in (1, 2, 3):
        publish(made.client, "production", label(number))
    made.live = {function.deployed("production"): "3" for function in signals.FUNCTIONS}
    return made


def test_releases_are_told_by_their_versions(functions: Functions) -> None:
    found = releases(functions.client, "production")
    assert [one.number for one in found] == ["1", "2", "3"]
    assert [one.label.commit for one in found] == ["0000001", "0000002", "0000003"]
    assert set(found[0].versions.values()) == {"1"}


def test_versions_that_nobody_labelled_are_no_releases(functions: Functions) -> None:
    functions.publish_version(FunctionName=signals.API.deployed("production"), Description="by hand")
    assert [one.number for one in releases(functions.client, "production")] == ["1", "2", "3"]


def test_a_function_that_a_release_left_alone_has_its_version_of_before_in_it(functions: Functions) -> None:
    functions.versions[signals.REPORTER.deployed("production")].pop()
    newest = releases(functions.client, "production")[-1]
    assert (newest.versions[signals.REPORTER.name], newest.versions[signals.API.name]) == ("2", "3")


def test_the_same_commit_deployed_twice_is_two_releases() -> None:
    functions = Functions()
    for _ in range(2):
        publish(functions.client, "dev", label(1))
    assert [set(one.versions.values()) for one in releases(functions.client, "dev")] == [{"1"}, {"2"}]


def test_moving_takes_all_functions_along(functions: Functions) -> None:
    move(functions.client, "production", releases(functions.client, "production")[0].versions)
    assert set(live(functions.client, "production").values()) == {"1"}


def test_where_one_cannot_be_moved_none_is(functions: Functions) -> None:
    functions.refusing = "-report-engine"
    with pytest.raises(ClientError):
        move(functions.client, "production", releases(functions.client, "production")[0].versions)
    assert set(live(functions.client, "production").values()) == {"3"}


def test_it_goes_to_the_release_before_that_which_answers() -> None:
    one, two, three = release(1), release(2), release(3)
    assert target([one, two, three], three, None) is two
    assert target([one, two, three], two, None) is one
    with pytest.raises(SystemExit, match="before 1 there is no release"):
        target([one, two, three], one, None)


def test_while_a_canary_runs_it_goes_to_the_release_that_still_has_most_of_the_traffic() -> None:
    one, two, three = release(1), release(2), release(3)
    assert target([one, two, three], two, None, shifting=True) is two
    assert target([one, two, three], two, "1", shifting=True) is one


def test_what_a_canary_has_stored_already_stops_it_too() -> None:
    found = [release(1), release(2, schema=2)]
    with pytest.raises(SystemExit, match="have stored schema 2"):
        target(found, found[0], None, shifting=True)


def test_shifts_under_way_are_found_by_the_stacks_groups_and_stopped_with_their_reversal() -> None:
    asked: list[Any] = []

    class Cloud:
        def get_paginator(self, operation: str) -> Any:
            assert operation == "list_stack_resources"
            return self

        def paginate(self, StackName: str) -> list[dict[str, Any]]:
            assert StackName == "securebase-production-app"
            kinds = {"app": "AWS::CodeDeploy::Application", "one": "AWS::CodeDeploy::DeploymentGroup", "x": "AWS::Lambda::Alias"}
            return [{"StackResourceSummaries": [{"PhysicalResourceId": name, "ResourceType": kind} for name, kind in kinds.items()]}]

        def list_deployments(self, **given: Any) -> dict[str, Any]:
            assert (given["applicationName"], given["deploymentGroupName"]) == ("app", "one")
            assert "InProgress" in given["includeOnlyStatuses"]
            return {"deployments": ["d-1"]}

        def stop_deployment(self, **given: Any) -> None:
            asked.append(given)

    cloud = Cloud()
    running = canary.under_way(lambda service: cloud, "production")
    canary.stop(lambda service: cloud, running)
    assert asked == [{"deploymentId": "d-1", "autoRollbackEnabled": True}]


def test_it_never_ends_by_itself_at_a_release_that_was_rolled_back_from() -> None:
    one, two, three = release(1), release(2), release(3)
    assert target([one, two, three], three, None, {two.label.id}) is one
    assert target([one, two, three], three, "2", {two.label.id}) is two
    with pytest.raises(SystemExit, match="rolled back from"):
        target([one, two], two, None, {one.label.id})


def test_the_stacks_template_of_before_is_found_by_where_the_present_one_stands() -> None:
    history = {"a": 1, "b": 2, "c": 3}
    assert earlier(history, 3, None) == "b"
    assert earlier(history, 2, None) == "a", "a second time it goes on back, not forward again"
    assert earlier(history, 1, None) is None
    assert earlier(history, 4, None) == "c", "what nobody deployed with ops.deploy is newer than all"
    assert (earlier(history, 1, "c"), earlier(history, 1, "x")) == ("c", None)


def test_what_the_stack_set_last_is_told_without_the_versions_that_it_left_behind() -> None:
    def version(number: int, status: str) -> dict[str, Any]:
        arn = f"arn:aws:lambda:eu-west-1:1:function:{signals.API.deployed('production')}:{number}"
        return {"PhysicalResourceId": arn, "ResourceType": "AWS::Lambda::Version", "ResourceStatus": status}

    class Cloud:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

        def get_paginator(self, operation: str) -> Any:
            return self

        def paginate(self, StackName: str) -> list[dict[str, Any]]:
            return [{"StackResourceSummaries": [version(8, "CREATE_COMPLETE"), version(7, "DELETE_SKIPPED")]}]

    assert of_stack(lambda service: Cloud(), "production") == {signals.API.name: "8"}


def test_a_release_is_named_by_number_or_commit_forward_too() -> None:
    one, two, three = release(1), release(2), release(3)
    assert target([one, two, three], three, "1") is one
    assert target([one, two, three], one, "0000003") is three
    with pytest.raises(SystemExit, match="no release 9"):
        target([one, two, three], three, "9")


def test_where_nobody_knows_what_answers_it_has_to_be_said() -> None:
    with pytest.raises(SystemExit, match="--to"):
        target([release(1)], None, None)
    assert target([release(1), release(2)], None, "1").number == "1"


def test_a_schema_that_older_code_cannot_read_stops_it() -> None:
    found = [release(1), release(2, schema=2), release(3, schema=2)]
    assert target(found, found[2], None) is found[1]
    with pytest.raises(SystemExit, match=r"reads schema 1.*have stored schema 2.*go forward"):
        target(found, found[1], None)
    with pytest.raises(SystemExit, match="schema"):
        target(found, found[2], "1")


@pytest.mark.parametrize("text", ["", "by hand", "release zzz of now, schema 1", "release 0000001 of x, build 00000001, schema one"])
def test_what_is_no_label_is_none(text: str) -> None:
    assert Label.parsed(text) is None


def test_a_label_is_read_as_it_was_written() -> None:
    told = Label("0123456789ab", "2026-11-26T09:00:00Z", "0123abcd", 7)
    assert Label.parsed(str(told)) == told
    assert len(str(told)) <= 256, "Lambda's longest description"
