"""python -m ops.rollback --stage S [--to VERSION] [--dry-run] | --list | --infrastructure [--to TEMPLATE]

Every function and the HTTP traffic go back together. Data is never rolled back.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from chalicelib.wiring import Services
from ops.common import main, region_of, services_of
from ops.deployed import app_stack, data_stack, packaged, status_of
from ops.deploying import canary, plain, prerequisites, stack_of_data
from ops.deploying.artifacts import Artifacts
from ops.deploying.prerequisites import PACKAGED_STAGES
from ops.deploying.stacks import Stacks
from ops.deploying.versions import Release, live, move, newest_schema, releases

UPDATING = "UPDATE_IN_PROGRESS"


def show(with_: Services) -> None:
    """Newest first: number, commit, when it was committed and published, schema, and which one answers."""
    found, bad = deployed(with_), artifacts_of(with_).marked()
    now = answering(with_, found)
    for release in reversed(found):
        label = release.label
        state = "live" if release is now else "rolled back" if label.id in bad else ""
        print("\t".join((release.number, label.commit, label.committed, release.published, f"schema {label.schema}", state)))


def answering(with_: Services, found: list[Release]) -> Release | None:
    stage = with_.settings.stage
    if not packaged(with_.client, stage):
        return plain.answering(with_.client, stage, found)
    now = live(with_.client, stage).get(signals.API.name)
    return next((release for release in reversed(found) if release.number == now), None)


def deployed(with_: Services) -> list[Release]:
    """The stage's releases; SystemExit where there are none."""
    settings = with_.settings
    found = releases(with_.client, settings.stage)
    if not found:
        raise SystemExit(f"{settings.stage} isn't deployed in {settings.region}, or not by `python -m ops.deploy`: there are no releases")
    return found


def artifacts_of(with_: Services) -> Artifacts:
    return Artifacts(with_.client, with_.settings.stage, prerequisites.identity(with_.client)["account"], with_.settings.region)


def target(found: list[Release], now: Release | None, wanted: str | None, bad: Collection[str] = (), shifting: bool = False) -> Release:
    """The release that is wanted, else the last one before that which answers that isn't `bad` (rolled back from before), or, while
    traffic is `shifting` away from it, that one itself.

    SystemExit where there is none, or its code couldn't read what is stored by now.
    """
    if wanted:
        fitting = [release for release in found if release.named(wanted)]
        if not fitting:
            raise SystemExit(f"--to: there is no release {wanted}; --list names them")
    elif now is None:
        raise SystemExit(
            "what answers is none of the published releases (a rollback that stopped half way?): say --to which one; --list names them"
        )
    else:
        fitting = [release for release in found[: found.index(now)] if release.label.id not in bad] + [now] * shifting
        if not fitting:
            raise SystemExit(f"before {now.number} there is no release that wasn't rolled back from: there is nothing to go back to")
    chosen = fitting[-1]
    stored = newest_schema(found[found.index(chosen) + 1 :])
    if stored > chosen.label.schema:
        raise SystemExit(
            f"release {chosen.number} reads schema {chosen.label.schema}, and releases after it have stored schema {stored}, which it can't"
            " read. Data isn't rolled back: go forward with a fix"
        )
    return chosen


def back(with_: Services, wanted: str | None, dry_run: bool) -> None:
    """Moves all of the stage; while a deployment is under way that is ended first, and what it was leaving is what it goes to."""
    started, stage, client = time.monotonic(), with_.settings.stage, with_.client
    found, artifacts = deployed(with_), artifacts_of(with_)
    now = answering(with_, found)
    behind_live = packaged(client, stage)
    shifting = canary.under_way(client, stage) if behind_live else []
    updating = behind_live and status_of(client, app_stack(stage)) == UPDATING
    to = target(found, now, wanted, artifacts.marked(), bool(shifting) or updating)
    if shifting or updating:
        print("a deployment is under way: it is ended, and CloudFormation puts its stack back by itself")
    print(f"from {now.number if now else 'what answers'} to {to.number}: {to.label}")
    if dry_run:
        print("dry run: nothing was moved")
        return
    if behind_live:
        canary.stop(client, shifting)
        if updating:
            client("cloudformation").cancel_update_stack(StackName=app_stack(stage))
        move(client, stage, to.versions)
        if shifting or updating:
            _settle(with_, to)
    else:
        _put_back(with_, to, now)
    for release in found[found.index(to) + 1 :]:
        artifacts.mark(release.label.id)
    artifacts.unmark(to.label.id)
    print(f"all of {stage} answers by release {to.number} again, after {time.monotonic() - started:.1f} s")


def _settle(with_: Services, to: Release) -> None:
    """Waits until CloudFormation has put its stack back after a canary that was stopped; it sets LIVE itself once more."""
    stage, client = with_.settings.stage, with_.client
    print("traffic is back; waiting until CloudFormation is done")
    stacks = Stacks(client, print, with_.clock)
    stacks.wait(app_stack(stage), stacks.last_event(app_stack(stage)))
    if live(client, stage) != to.versions:
        move(client, stage, to.versions)


def _put_back(with_: Services, to: Release, now: Release | None) -> None:
    try:
        plain.put_back(with_.client, with_.settings.stage, to)
    except ClientError as error:
        if now is not None:
            plain.put_back(with_.client, with_.settings.stage, now)
        told = "; its layer is gone, as `chalice deploy` by hand deletes it" if "Layer" in str(error) else ""
        raise SystemExit(f"release {to.number} can't be put back: {error}{told}; all is as it was before") from None


def infrastructure(with_: Services, wanted: str | None, dry_run: bool, listing: bool) -> None:
    """The data stack's template of before (or the wanted one) is put back, unless data would be lost."""
    stage, client, artifacts = with_.settings.stage, with_.client, artifacts_of(with_)
    name = data_stack(stage)
    kept = artifacts.templates(name)
    if listing:
        print("\n".join(one.id for one in reversed(kept)))
        return
    now = stack_of_data.deployed_template(client, name)
    if now is None:
        raise SystemExit(f"there is no stack {name}")
    templates = {one.id: artifacts.template(one) for one in kept}
    to = earlier({name: stack_of_data.parsed(text) for name, text in templates.items()}, now, wanted)
    if to is None:
        raise SystemExit(f"there is no {'such' if wanted else 'earlier'} template of {name}; --infrastructure --list names them")
    print(f"{name}: the template {to}")
    stacks = Stacks(client, print, with_.clock)
    changed = stack_of_data.put_in_place(stacks, artifacts, name, stage, templates[to], {}, with_.clock(), dry_run, keep=False)
    print("dry run: nothing was changed" if dry_run else "it is in place again" if changed else "it was in place already")


def earlier(kept: Mapping[str, Any], now: Any, wanted: str | None) -> str | None:
    """Of what was deployed, oldest first, the id of what is wanted, else of the last template before the one that is there now."""
    if wanted:
        return wanted if wanted in kept else None
    ids = list(kept)
    at = max((place for place, one in enumerate(ids) if kept[one] == now), default=len(ids))
    return next((one for one in reversed(ids[:at]) if kept[one] != now), None)


def command() -> None:
    made = argparse.ArgumentParser(prog="python -m ops.rollback", description="Put a stage's functions and traffic back, all together.")
    made.add_argument("--stage", required=True, choices=("dev", *PACKAGED_STAGES), help="which deployment")
    made.add_argument("--region", help="default: AWS_REGION, else the profile's")
    made.add_argument("--to", metavar="VERSION", help="a release's number or commit; default: the one before that which answers")
    made.add_argument("--list", action="store_true", help="the releases and which one answers, and do nothing")
    made.add_argument("--infrastructure", action="store_true", help="the data stack's template instead of functions and traffic")
    made.add_argument("--dry-run", action="store_true", help="tell what would be moved, and move nothing")
    given = made.parse_args()
    region_of(given.region)
    with_ = services_of(given.stage)
    prerequisites.identity(with_.client)
    if given.infrastructure:
        infrastructure(with_, given.to, given.dry_run, given.list)
    elif given.list:
        show(with_)
    else:
        back(with_, given.to, given.dry_run)


if __name__ == "__main__":
    main(command)
