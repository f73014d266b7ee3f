"""Functions and API as a stack: packaged, released behind LIVE, shifted by a canary."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from alarms.alarms import alarm_name
from alarms.rollback import ROLLBACK_ALARMS
from chalicelib.domain import signals
from ops.deployed import Client, app_stack
from ops.deploying.artifacts import Artifacts
from ops.deploying.release import as_told_before, released
from ops.deploying.stack_of_data import deployed_template, put_in_place
from ops.deploying.stacks import Stacks
from ops.deploying.staging import Staged
from ops.deploying.versions import Label, live, releases


def apply(stacks: Stacks, artifacts: Artifacts, client: Client, project: Staged, label: Label, now: datetime, dry_run: bool) -> None:
    """Packages the project and brings the stack to it; where traffic has to move, a canary of half an hour moves it."""
    name = app_stack(project.stage)
    folder = project.package()
    packaged = json.loads((folder / "sam.json").read_text())
    places = {f"./{archive.name}": artifacts.put_code(archive) for archive in folder.glob("*.zip")}
    alarms = [alarm_name(project.stage, name) for name in ROLLBACK_ALARMS]
    template = released(packaged, project.stage, str(label), places, alarms)
    text = json.dumps(as_told_before(template, deployed_template(client, name)), separators=(",", ":"))
    put_in_place(stacks, artifacts, name, project.stage, text, {}, now, dry_run)


def versions(client: Client, stage: str, say: Callable[[str], None]) -> dict[str, str]:
    """What answers now; says so where that isn't the newest release, as after a rollback."""
    found, newest = live(client, stage), releases(client, stage)
    if newest and found != newest[-1].versions:
        to = newest[-1].number
        say(f"LIVE isn't at the newest release {to}: `python -m ops.rollback --stage {stage} --to {to}` puts it there")
    return {function.name: found[function.name] for function in signals.FUNCTIONS if function.name in found}
