"""Schemathesis makes requests of /openapi.json, good and bad ones, and holds the running stack's answers to it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.stack import Customer, Stack, bare

LEFT_OUT = (
    "positive_data_acceptance",  # no schema can say that start needs end, that period excludes both, or which controls there are
)
EVERYTHING = ("examples", "coverage", "fuzzing", "stateful")
SEED, CASES = "20261125", "20"
SECONDS = 1500
FOCUS = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,RegionId,SubAccountId"


@pytest.fixture(scope="module")
def administrator(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Customer:
    """A customer of its own with a bill and findings, who may do everything."""
    name, folder = f"schema-{uuid4().hex[:10]}", tmp_path_factory.mktemp("schema")
    own_stack.new_customer(name)
    days = [datetime.now(UTC).date() - timedelta(days=number) for number in range(1, 41)]
    lines = [f"{number}.25,{number},USD,{day}T00:00:00Z,AWS Lambda,eu-west-1,410000000001" for number, day in enumerate(days)]
    (folder / "bill.csv").write_text("\n".join([FOCUS, *lines, ""]))
    (folder / "findings.json").write_text(json.dumps([finding("IAM.4", "FAILED"), finding("IAM.9", "PASSED")]))
    taken = own_stack.ops("ingest", "--customer", name, str(folder / "bill.csv"), str(folder / "findings.json"))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    made = own_stack.ops("keys", "create", "--customer", name, "--scopes", "read,report,admin", "--json")
    return Customer(name, json.loads(made.stdout)["api_key"])


def finding(control: str, status: str) -> dict[str, Any]:
    return {
        "Id": control,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
        "GeneratorId": control,
        "AwsAccountId": "410000000001",
        "UpdatedAt": f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z",
        "Title": control,
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Id": "arn:aws:iam::410000000001:root", "Type": "AwsIamUser", "Region": "eu-west-1"}],
        "Compliance": {"Status": status, "SecurityControlId": control},
    }


def tried(stack: Stack, customer: Customer, folder: Path, phases: tuple[str, ...], *more: str) -> Any:
    """The report of a run that found nothing wrong; what was wrong is printed with how to repeat it."""
    told = folder / "told.json"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{stack.base_url}/openapi.json"]
    command += ["--header", f"X-API-Key: {customer.api_key}", "--phases", ",".join(phases), "--exclude-checks", ",".join(LEFT_OUT)]
    command += ["--seed", SEED, "--max-examples", CASES, "--generation-database", "none", "--report-json-path", str(told)]
    command += ["--warnings", "off", "--no-color", "--continue-on-failure", *more]
    done = subprocess.run(command, cwd=folder, env=bare({}), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return json.loads(told.read_text())


def accepted(report: Any) -> set[str]:
    """The operations of which at least one request was a good one."""
    return {name for name, phases in report["valid_rates"].items() if any(counts["accepted"] for counts in phases.values())}


def reads(paths: Any) -> set[str]:
    """What can be asked without knowing an id or a cursor."""
    asked = {path: methods["get"] for path, methods in paths.items() if "get" in methods and "{" not in path and path != "/openapi.json"}
    named = {path: {parameter["name"] for parameter in operation.get("parameters", ())} for path, operation in asked.items()}
    return {f"GET {path}" for path, names in named.items() if "cursor" not in names}


def test_every_operation_answers_as_documented_whatever_it_is_sent(own_stack: Stack, administrator: Customer, tmp_path: Path) -> None:
    paths = own_stack.anonymous.answer("/openapi.json")["paths"]
    report = tried(own_stack, administrator, tmp_path, EVERYTHING)
    assert report["operations"]["tested"] == sum(map(len, paths.values())) - 1, "all but the document itself"
    assert report["test_cases"]["generated"] > 50 * report["operations"]["tested"]
    assert {*reads(paths), "POST /analytics/budgets", "POST /analytics/reports"} - accepted(report) == set()


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-ndjson"])
def test_a_customer_with_much_data_is_answered_as_documented_in_every_form(own_stack: Stack, accept: str, tmp_path: Path) -> None:
    paths = own_stack.anonymous.answer("/openapi.json")["paths"]
    only = ("--include-method", "GET", "--header", f"Accept: {accept}", "--mode", "positive")
    report = tried(own_stack, own_stack.customers[0], tmp_path, ("fuzzing",), *only)
    assert reads(paths) - accepted(report) == set()
