"""What `chalice package` makes of the app with the merge template: queue functions that tell which messages of a batch failed."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest
from samtranslator.translator.transform import transform

from alarms.alarms import alarm_name
from alarms.rollback import ROLLBACK_ALARMS
from alarms.tags import title
from chalicelib.domain import signals
from chalicelib.routes.errors import problem
from chalicelib.routes.headers import SAFE
from chalicelib.routes.openapi.problems import codes_of
from ops.deploying.release import released
from tests.infrastructure.conftest import ROOT

TEMPLATE_BYTES = 1_000_000
"""CloudFormation's limit for a template in S3."""
WORKERS = [worker for worker in signals.WORKERS if worker.concurrency]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The packaged template, without dependencies, which say nothing here."""
    project = tmp_path_factory.mktemp("project")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", project)
    (project / "requirements.txt").write_text("")
    chalice = pathlib.Path(sys.executable).with_name("chalice")
    command = [str(chalice), "package", "--stage", "production", "--merge-template", ".chalice/merge.json", "out"]
    environment = {"STAGE": "production", "AWS_DEFAULT_REGION": "us-east-1", "PATH": "/usr/bin:/bin", "HOME": str(project)}
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True, timeout=120)
    found: dict[str, Any] = json.loads((project / "out" / "sam.json").read_text())
    return found


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


class NoPolicies:
    """SAM asks it for AWS's managed policies by name."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def translated(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A release's resources as SAM gives them to CloudFormation."""
    places = {f"./{name}.zip": f"s3://bucket/{name}.zip" for name in ("deployment", "layer-deployment")}
    made = released(template, "production", "release 1", places, [alarm_name("production", name) for name in ROLLBACK_ALARMS])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        found: dict[str, dict[str, Any]] = transform(made, {}, NoPolicies())["Resources"]
    return found


def of(translated: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in translated.values() if one["Type"] == kind]


def test_a_release_has_one_stage_which_is_throttled(translated: dict[str, dict[str, Any]]) -> None:
    (stage,) = of(translated, "AWS::ApiGateway::Stage")
    assert stage["StageName"] == "production"
    assert stage["MethodSettings"]
    assert [one.get("StageName") for one in of(translated, "AWS::ApiGateway::Deployment")] == [None]


def test_whatever_calls_a_function_of_a_release_calls_it_at_live(translated: dict[str, dict[str, Any]]) -> None:
    aliases = {name for name, one in translated.items() if one["Type"] == "AWS::Lambda::Alias"}
    assert len(aliases) == len(signals.FUNCTIONS)
    called = [one["FunctionName"] for one in of(translated, "AWS::Lambda::EventSourceMapping")]
    called += [target["Arn"] for rule in of(translated, "AWS::Events::Rule") for target in rule["Targets"]]
    called += [one["FunctionName"] for one in of(translated, "AWS::Lambda::Permission")]
    assert len(called) == len(WORKERS) + 2 + 3
    assert {one["Ref"] for one in called} <= aliases


def test_every_alias_is_shifted_by_a_canary_that_the_alarms_reverse(translated: dict[str, dict[str, Any]]) -> None:
    groups = of(translated, "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(signals.FUNCTIONS)
    wanted = {alarm_name("production", name) for name in ROLLBACK_ALARMS}
    for group in groups:
        assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} == wanted
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "Linear10PercentEvery3Minutes" in json.dumps(group["DeploymentConfigName"])
    assert all("CodeDeployLambdaAliasUpdate" in one["UpdatePolicy"] for one in translated.values() if one["Type"] == "AWS::Lambda::Alias")


def test_cfn_lint_finds_nothing_in_a_release_and_all_traffic_goes_by_the_alias(template: dict[str, Any], tmp_path: pathlib.Path) -> None:
    """cfn-lint also turns it into what CloudFormation gets, as SAM does."""
    places = {f"./{name}.zip": f"s3://bucket/{name}.zip" for name in ("deployment", "layer-deployment")}
    made = released(template, "production", "release 1", places, [alarm_name("production", name) for name in ROLLBACK_ALARMS])
    path = tmp_path / "release.json"
    path.write_text(json.dumps(made))
    assert path.stat().st_size < TEMPLATE_BYTES
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("cfn-lint")), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    definition = json.dumps(made["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    assert definition.count("${APIHandlerAliasLIVE}") == definition.count("/invocations") > len(made["Resources"]["RestAPI"])
    assert "APIHandler.Arn" not in definition


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.name)
def test_a_worker_tells_which_messages_failed_and_is_never_throttled_by_its_queue(
    resources: dict[str, Any], worker: signals.Function
) -> None:
    function = resources[title(worker.name)]["Properties"]
    (source,) = (event["Properties"] for event in function["Events"].values())
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert function["Environment"]["Variables"]["PARTIAL_BATCHES"] == "true"
    assert source["ScalingConfig"]["MaximumConcurrency"] == worker.concurrency <= function["ReservedConcurrentExecutions"]


def test_the_merge_template_speaks_of_the_workers_and_the_api_alone() -> None:
    merged = json.loads((ROOT / ".chalice" / "merge.json").read_text())["Resources"]
    assert set(merged) == {"RestAPI", *(title(worker.name) for worker in WORKERS)}


def api(resources: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = resources["RestAPI"]["Properties"]
    return properties


def test_the_gateway_throttles_every_method(resources: dict[str, Any]) -> None:
    (setting,) = api(resources)["MethodSettings"]
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert 0 < setting["ThrottlingRateLimit"] <= setting["ThrottlingBurstLimit"]


def test_what_the_gateway_refuses_itself_is_a_problem_like_ours(resources: dict[str, Any]) -> None:
    refusals = api(resources)["GatewayResponses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "REQUEST_TOO_LARGE", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(refusals)
    for name, refusal in refusals.items():
        (template,) = refusal["ResponseTemplates"].values()
        told, status = json.loads(template), refusal["StatusCode"]
        ours = problem(status, "$context.requestId", told["code"], told["detail"])
        assert told == json.loads(ours.body), name
        assert told["code"] in codes_of(status), name
        headers = refusal["ResponseParameters"]["Headers"]
        assert headers["Content-Type"] == "'application/problem+json'"
        assert headers["X-Request-Id"] == "context.requestId"
        plain = {header: value for header, value in SAFE.items() if header != "Content-Security-Policy"}  # quotes can't stand in quotes
        assert {header: f"'{value}'" for header, value in plain.items()}.items() <= headers.items()
        assert ("Retry-After" in headers) == (status in (429, 503))
