"""python -m ops.destroy --stage S --yes: functions, API and what watches them go; everything that keeps data stays as it is."""

from __future__ import annotations

import argparse

from chalicelib.wiring import Services
from ops.common import main, region_of, services_of
from ops.deployed import app_stack, data_stack, packaged, stack_of
from ops.deploying import prerequisites, stack_of_data
from ops.deploying.artifacts import Artifacts
from ops.deploying.prerequisites import PACKAGED_STAGES
from ops.deploying.stacks import Stacks
from ops.deploying.staging import staged


def destroy(with_: Services) -> None:
    """First what watches (nobody shall be paged for it), then the app. A deployment brings both back."""
    stage, region, client = with_.settings.stage, with_.settings.region, with_.client
    account = prerequisites.identity(client)["account"]
    stacks, artifacts = Stacks(client, print, with_.clock), Artifacts(client, stage, account, region)
    name = data_stack(stage)
    behind_live = packaged(client, stage)
    project = staged(stage, region, {})
    if not behind_live:
        project.check_record()  # before anything is taken away
    template = stack_of_data.deployed_template(client, name)
    if template is not None:
        print(f"{name}: alarms and dashboard go")
        options = stack_of_data.chosen(stack_of_data.options_of(template), {})
        text = stack_of_data.built(stage, options, watched=False)
        stack_of_data.put_in_place(stacks, artifacts, name, stage, text, {}, with_.clock(), dry_run=False, keep=False)
    if behind_live:
        print(f"{app_stack(stage)} goes")
        stacks.delete(app_stack(stage))
    else:
        print("functions and API go")
        project.delete()
    kept = "the tables, buckets, queues and the secret" if stack_of(client, name) else "nothing"
    print(f"what is left of {stage}: {kept}; `python -m ops.deploy --stage {stage}` brings the rest back")


def command() -> None:
    made = argparse.ArgumentParser(prog="python -m ops.destroy", description="Take a stage's app and alarms away; its data stays.")
    made.add_argument("--stage", required=True, choices=("dev", *PACKAGED_STAGES), help="which deployment")
    made.add_argument("--region", help="default: AWS_REGION, else the profile's")
    made.add_argument("--yes", action="store_true", help="nobody can ask the API from then on")
    given = made.parse_args()
    if not given.yes:
        made.error("nobody could ask the API any more: say --yes")
    region_of(given.region)
    destroy(services_of(given.stage))


if __name__ == "__main__":
    main(command)
