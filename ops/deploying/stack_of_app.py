"""Functions and API as a stack: packaged, released behind LIVE, shifted by a canary."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from alarms.alarms import alarm_name
from alarms.rollback import ROLLBACK_ALARMS
from ops.deployed import Client, app_stack
from ops.deploying.artifacts import Artifacts
from ops.deploying.release import released
from ops.deploying.stack_of_data import put_in_place
from ops.deploying.stacks import Stacks
from ops.deploying.staging import Staged
from ops.deploying.versions import live, of_stack, releases


def apply(
    stacks: Stacks,
    artifacts: Artifacts,
    client: Client,
    project: Staged,
    say: Callable[[str], None],
    now: datetime,
    dry_run: bool,
    at_once: bool,
) -> None:
    """Packages the project and brings the stack to it; where traffic has to move, a canary of half an hour moves it.

    After a rollback LIVE isn't where the stack has it, and a canary would begin from there: from what was rolled back. So the release that
    comes next goes without one; as does one that is to go `at_once`.
    """
    name = app_stack(project.stage)
    say("packaging; the first time this takes a minute or two")
    folder = project.package()
    packaged = json.loads((folder / "sam.json").read_text())
    places = {f"./{archive.name}": artifacts.put_code(archive) for archive in folder.glob("*.zip")}
    alarms = [alarm_name(project.stage, alarm) for alarm in ROLLBACK_ALARMS]

    def text(canary: bool) -> str:
        template = released(packaged, project.stage, str(project.label), places, alarms, canary)
        return json.dumps(template, separators=(",", ":"))

    newest = releases(client, project.stage)
    rolled_back = live(client, project.stage) != of_stack(client, project.stage)
    again = bool(newest) and newest[-1].label == project.label
    if rolled_back and again:
        say(f"{project.label} was rolled back and is left so")
        return
    if rolled_back:
        say("the release before was rolled back, so this one takes all traffic at once, without a canary")
    put_in_place(stacks, artifacts, name, project.stage, text(canary=not (rolled_back or at_once)), {}, now, dry_run)


def versions(client: Client, stage: str, say: Callable[[str], None]) -> dict[str, str]:
    """What answers now; says so where that isn't the newest release, as after a rollback."""
    found, newest = live(client, stage), releases(client, stage)
    if newest and found != newest[-1].versions:
        to = newest[-1].number
        say(f"LIVE isn't at the newest release {to}: `python -m ops.rollback --stage {stage} --to {to}` puts it there")
    return found
