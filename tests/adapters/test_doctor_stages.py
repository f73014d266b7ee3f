"""What the doctor says of stages that aren't like the usual one."""

from __future__ import annotations

from pathlib import Path

from ops.checks import FAIL, OK
from ops.doctor import looks
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
