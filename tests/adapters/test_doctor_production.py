"""What the doctor wants of production alone."""

from __future__ import annotations

from pathlib import Path

from ops.checks import FAIL, OK
from ops.doctor import looks
from ops.examined.stage import examine
from tests.adapters.deployed import deployed, project


def test_its_tables_have_to_be_protected_from_deletion(tmp_path: Path) -> None:
    with deployed("production", project(tmp_path)) as made:
        assert not [check for check in examine(looks(made.stage)) if check.state != OK]
        made.client("dynamodb").update_table(TableName="securebase-production-metrics", DeletionProtectionEnabled=False)
        (check,) = [check for check in examine(looks(made.stage)) if check.state != OK]
    assert (check.name, check.state) == ("table securebase-production-metrics", FAIL)
    assert "--deletion-protection-enabled" in check.mend
