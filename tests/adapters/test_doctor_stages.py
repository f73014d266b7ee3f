"""What the doctor says of stages that aren't like the usual one."""

from __future__ import annotations

from pathlib import Path

from moto import mock_aws

from chalicelib.settings import Settings
from chalicelib.wiring import Services
from ops.checks import FAIL, OK
from ops.doctor import doctor, looks
from ops.examined.stage import examine
from tests.adapters.deployed import deployed, project


def test_productions_tables_have_to_be_protected_from_deletion(tmp_path: Path) -> None:
    with deployed("production", project(tmp_path)) as made:
        assert not [check for check in examine(looks(made.stage)) if check.state != OK]
        made.client("dynamodb").update_table(TableName="securebase-production-metrics", DeletionProtectionEnabled=False)
        (check,) = [check for check in examine(looks(made.stage)) if check.state != OK]
    assert (check.name, check.state) == ("table securebase-production-metrics", FAIL)
    assert "--deletion-protection-enabled" in check.mend


def test_functions_that_chalice_deployed_are_well_without_versions(tmp_path: Path) -> None:
    with deployed("dev", project(tmp_path), packaged=False) as made:
        checks = {check.name: check for check in examine(looks(made.stage))}
    assert [(check.name, check.seen) for check in checks.values() if check.state != OK] == [("API", "there is no API of this stage")]
    assert checks["release"].seen == "no versions: plain chalice deploy"
    assert checks["way of deployment"].seen == "chalice deploy, without versions to go back to"


def test_where_nothing_is_that_alone_is_told() -> None:
    with mock_aws():
        checks = list(doctor(Services(Settings.from_environment({"STAGE": "staging", "AWS_REGION": "eu-west-1"}))))
    assert [(check.name, check.state) for check in checks] == [("who asks", OK), ("deployed", FAIL)]
    assert checks[-1].seen == "nothing of staging is in account 123456789012, region eu-west-1"
    assert "AWS_REGION" in checks[-1].mend
