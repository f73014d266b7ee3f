"""Who runs the doctor, with which tools and clock; and the deployment's own secret, of which nothing is told but its length."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from chalicelib.security.secrets import SHORTEST, WeakSecret, masters_of
from chalicelib.stores.tables import CREDENTIALS_SECRET
from ops.checks import WARN
from ops.common import RUNTIMES
from ops.examined.stage import Look, Stage, Told

TOOLS = ("boto3", "chalice", "troposphere")
SKEW = timedelta(seconds=60)
"""Requests that are signed five minutes off are refused."""


def looks(stage: Stage) -> Iterator[Look]:
    yield Look("sts", "who asks", partial(_who, stage))
    yield Look("", "tools", _tools)
    yield Look("sts", "clock", partial(_clock, stage))
    name = stage.physical(CREDENTIALS_SECRET)
    missing = f"{stage.deploy} makes it; with a new one every key and token ends"
    yield Look("secretsmanager", f"secret {name}", partial(_secret, stage, name), missing)


def _who(stage: Stage) -> Told:
    told = stage.client("sts").get_caller_identity()
    wanted = stage.with_.settings.account
    seen = f"{told['Arn']} in account {told['Account']}, region {stage.with_.settings.region}"
    other = wanted is not None and wanted != told["Account"]
    return Told(seen, ((f"{seen}, not {wanted}", "take credentials of the account in AWS_ACCOUNT_ID, or unset that"),) if other else ())


def _tools() -> Told:
    versions, lacking = [f"Python {sys.version_info.major}.{sys.version_info.minor}"], []
    for tool in TOOLS:
        try:
            versions.append(f"{tool} {version(tool)}")
        except PackageNotFoundError:
            lacking.append((f"{tool} isn't installed", "`make install`, then run it as .venv/bin/python"))
    if sys.version_info[:2] not in RUNTIMES:
        lacking.append((f"{versions[0]} is no runtime of Lambda", "deploy with Python 3.11, 3.12 or 3.13"))
    return Told(", ".join(versions), tuple(lacking), WARN)


def _clock(stage: Stage) -> Told:
    sent = stage.client("sts").get_caller_identity()["ResponseMetadata"]["HTTPHeaders"].get("date")
    if sent is None:
        return Told("AWS told no time")
    skew = abs(stage.with_.clock() - parsedate_to_datetime(sent))
    seen = f"{skew.total_seconds():.0f} s off AWS's"
    return Told(seen, ((seen, "set this machine's clock (NTP): AWS refuses what is signed five minutes off"),) if skew > SKEW else ())


def _secret(stage: Stage, name: str) -> Told:
    held = stage.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString", "")
    try:
        master, *former = masters_of(held)
    except WeakSecret as weak:
        mend = f'put {{"master": ...}} with at least {SHORTEST} random bytes there, the old one into its list "former" if it was in use'
        return Told("", ((str(weak), mend),))
    return Told(f"a master of {len(master)} bytes, {len(former)} former ones")
