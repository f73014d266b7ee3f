"""What Chalice deploys by: config.json and the policy files."""

import json
from typing import Any

import pytest

from alarms import policies
from alarms.stack import STAGES
from chalicelib.domain import signals
from chalicelib.stores.tables import AGGREGATION_QUEUE, PROJECT, REPORT_QUEUE
from tests.grants import UNSCOPED
from tests.infrastructure.conftest import ROOT

CHALICE = ROOT / ".chalice"
CONFIG: dict[str, Any] = json.loads((CHALICE / "config.json").read_text())
EVERY = [(stage, function) for stage in STAGES for function in signals.FUNCTIONS]
every_function = pytest.mark.parametrize("stage, function", EVERY, ids=lambda one: getattr(one, "name", one))


def test_the_app_is_named_as_the_resources_are() -> None:
    assert CONFIG["app_name"] == signals.APP == PROJECT
    assert CONFIG["version"] == "2.0"
    assert tuple(CONFIG["stages"]) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_an_api_stage_is_named_for_its_stage_as_the_alarms_expect(stage: str) -> None:
    assert CONFIG["stages"][stage]["api_gateway_stage"] == stage
    assert CONFIG["stages"][stage]["autogen_policy"] is False


@pytest.mark.parametrize("stage", STAGES)
def test_no_account_but_the_laptops_is_written_down(stage: str) -> None:
    variables = CONFIG["stages"][stage]["environment_variables"]
    assert variables["STAGE"] == stage
    assert set(variables) - {"AWS_ACCOUNT_ID"} == {"STAGE", "LOG_LEVEL"}
    assert variables.get("AWS_ACCOUNT_ID") == ("123456789012" if stage == "local" else None)


@pytest.mark.parametrize("stage", STAGES)
def test_config_names_exactly_the_functions(stage: str) -> None:
    assert list(CONFIG["stages"][stage]["lambda_functions"]) == [function.name for function in signals.FUNCTIONS]


@every_function
def test_a_function_has_its_size_its_time_and_its_own_policy(stage: str, function: signals.Function) -> None:
    config = CONFIG["stages"][stage]["lambda_functions"][function.name]
    assert (config["lambda_memory_size"], config["lambda_timeout"]) == (function.memory, function.timeout)
    assert config["iam_policy_file"] == policies.file_name(function, stage)
    assert config.get("reserved_concurrency") == (function.concurrency if stage in ("staging", "production") else None)


@every_function
def test_the_stack_alone_has_the_log_groups(stage: str, function: signals.Function) -> None:
    assert "log_retention_in_days" not in CONFIG["stages"][stage]["lambda_functions"][function.name]
    assert "logs:CreateLogGroup" not in (CHALICE / policies.file_name(function, stage)).read_text()


@every_function
def test_a_policy_file_says_what_the_code_says(stage: str, function: signals.Function) -> None:
    assert (CHALICE / policies.file_name(function, stage)).read_text() == policies.text(function, stage), "run python -m alarms.policies"


def test_there_is_no_policy_file_that_nobody_uses() -> None:
    assert {path.name for path in CHALICE.glob("policy-*")} == {policies.file_name(function, stage) for stage, function in EVERY}


@every_function
def test_a_policy_allows_named_actions_on_this_stages_resources(stage: str, function: signals.Function) -> None:
    for statement in policies.policy(function, stage)["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            if resource == "*":
                assert set(statement["Action"]) <= set(UNSCOPED)
            elif statement.get("Condition") == policies.OTHERS_ALONE:
                assert set(statement["Action"]) <= {"s3:PutObject", "sns:Publish"}  # to customers' own, named by them
            elif resource.startswith("arn:aws:ses:*:*:identity/"):
                assert statement["Action"] == [
                    "ses:SendEmail",
                    "ses:SendRawEmail",
                ]  # whichever MAIL_FROM names; the configuration set is the stage's
            else:
                assert f"securebase-{stage}" in resource or resource in (policies.READER_ROLE, policies.SECURITY_HUB)


def test_every_reason_for_an_open_resource_is_still_needed() -> None:
    workers = (signals.AGGREGATION_WORKER, signals.FINDINGS_WORKER)
    statements = [one for worker in workers for one in policies.policy(worker, "production")["Statement"]]
    assert {action for one in statements if one["Resource"] == ["*"] for action in one["Action"]} == set(UNSCOPED)


def test_the_api_puts_what_customers_choose_but_deletes_no_metrics_and_reads_nobodys_cloud() -> None:
    statements = policies.policy(signals.API, "production")["Statement"]
    on_metrics = {action for one in statements if any("-metrics" in arn for arn in one["Resource"]) for action in one["Action"]}
    assert on_metrics == {f"dynamodb:{action}" for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")}
    assert not any(action.startswith(("ce:", "securityhub:")) for one in statements for action in one["Action"])


def test_a_queue_waits_for_the_function_that_reads_it() -> None:
    assert (AGGREGATION_QUEUE.timeout, REPORT_QUEUE.timeout) == (signals.AGGREGATION_WORKER.timeout, signals.REPORT_ENGINE.timeout)
