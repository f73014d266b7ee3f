"""python -m ops.rollback --stage S [--to VERSION] [--dry-run] | --list | --infrastructure [--to TEMPLATE]

Every function and the HTTP traffic go back together. Data is never rolled back.
"""

from __future__ import annotations

import argparse
import time

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from chalicelib.wiring import Services
from ops.common import main, services_of
from ops.deployed import data_stack, packaged
from ops.deploying import canary, plain, prerequisites, stack_of_data
from ops.deploying.artifacts import Artifacts
from ops.deploying.prerequisites import PACKAGED_STAGES
from ops.deploying.stacks import Stacks
from ops.deploying.versions import Release, live, move, newest_schema, releases


def show(with_: Services) -> None:
    """Newest first: number, commit, when it was committed and published, schema, and which one answers."""
    found = releases(with_.client, with_.settings.stage)
    now = answering(with_, found)
    for release in reversed(found):
        told = (release.number, release.label.commit, release.label.committed, release.published, f"schema {release.label.schema}")
        print("\t".join((*told, "live" if release is now else "")))


def answering(with_: Services, found: list[Release]) -> Release | None:
    stage = with_.settings.stage
    if not packaged(with_.client, stage):
        return plain.answering(with_.client, stage, found)
    now = live(with_.client, stage).get(signals.API.name)
    return next((release for release in reversed(found) if release.number == now), None)


def target(found: list[Release], now: Release | None, wanted: str | None, shifting: bool = False) -> Release:
    """The release that is wanted, else the one before that which answers, or, while traffic is `shifting` away from it, that one itself.

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
        fitting = found[: found.index(now) + shifting]
        if not fitting:
            raise SystemExit(f"{now.number} is the first release: there is nothing before it")
    chosen = fitting[-1]
    stored = newest_schema(found[found.index(chosen) + 1 :])
    if stored > chosen.label.schema:
        raise SystemExit(
            f"release {chosen.number} reads schema {chosen.label.schema}, and releases after it have stored schema {stored}, which it can't"
            " read. Data isn't rolled back: go forward with a fix"
        )
    return chosen


def back(with_: Services, wanted: str | None, dry_run: bool) -> None:
    started, stage, client = time.monotonic(), with_.settings.stage, with_.client
    found = releases(client, stage)
    now = answering(with_, found)
    behind_live = packaged(client, stage)
    shifting = canary.under_way(client, stage) if behind_live else []
    to = target(found, now, wanted, bool(shifting))
    if shifting:
        print(f"{len(shifting)} shifts of traffic are under way: they are stopped, and CloudFormation puts its stack back by itself")
    print(f"from {now.number if now else 'what answers'} to {to.number}: {to.label}")
    if dry_run:
        print("dry run: nothing was moved")
        return
    if behind_live:
        canary.stop(client, shifting)
        move(client, stage, to.versions)
    else:
        _put_back(with_, to, now)
    print(f"all of {stage} answers by release {to.number} again, after {time.monotonic() - started:.1f} s")


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
    stage, region, client = with_.settings.stage, with_.settings.region, with_.client
    artifacts = Artifacts(client, stage, prerequisites.identity(client)["account"], region)
    name = data_stack(stage)
    kept = artifacts.templates(name)
    if listing:
        print("\n".join(one.id for one in reversed(kept)))
        return
    now = stack_of_data.deployed_template(client, name)
    if now is None:
        raise SystemExit(f"there is no stack {name}")
    others = [one for one in kept if wanted in (None, one.id) and stack_of_data.parsed(artifacts.template(one)) != now]
    if not others:
        raise SystemExit(
            f"there is no {'such' if wanted else 'earlier'} template of {name}; --list --infrastructure names what was deployed"
        )
    print(f"{name}: the template {others[-1].id}")
    stacks = Stacks(client, print, with_.clock)
    text = artifacts.template(others[-1])
    changed = stack_of_data.put_in_place(stacks, artifacts, name, stage, text, {}, with_.clock(), dry_run)
    print("dry run: nothing was changed" if dry_run else "it is in place again" if changed else "it was in place already")


def command() -> None:
    made = argparse.ArgumentParser(prog="python -m ops.rollback", description="Put a stage's functions and traffic back, all together.")
    made.add_argument("--stage", required=True, choices=("dev", *PACKAGED_STAGES), help="which deployment")
    made.add_argument("--region", help="default: AWS_REGION, else the profile's")
    made.add_argument("--to", metavar="VERSION", help="a release's number or commit; default: the one before that which answers")
    made.add_argument("--list", action="store_true", help="the releases and which one answers, and do nothing")
    made.add_argument("--infrastructure", action="store_true", help="the data stack's template instead of functions and traffic")
    made.add_argument("--dry-run", action="store_true", help="tell what would be moved, and move nothing")
    given = made.parse_args()
    prerequisites.region_of(given.region)
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
