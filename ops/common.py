"""What every command shares: the stage, its services, and errors that a person can act on."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import AnalyticsError
from chalicelib.laptop import NoLaptopAws
from chalicelib.settings import STAGES, InvalidSettings
from chalicelib.wiring import Services, services

PROJECT = Path(__file__).parents[1]
RUNTIMES = ((3, 11), (3, 12), (3, 13))
"""Lambda's, of which Chalice takes the one that it runs on."""


def parser(name: str, description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=f"python -m ops.{name}", description=description)
    made.add_argument("--stage", required=True, choices=STAGES, help="which deployment")
    return made


def services_of(stage: str) -> Services:
    """The stage's services with this shell's AWS credentials and region (on the laptop, with the laptop's AWS)."""
    os.environ["STAGE"] = stage
    if stage != "local":
        region_of(None)
    return services()


def region_of(given: str | None) -> str:
    """--region, AWS_REGION, AWS_DEFAULT_REGION or what AWS_PROFILE has, put into the environment; SystemExit where nobody says one."""
    told = given or os.environ.get("AWS_REGION") or get_session().get_config_variable("region")
    if not told:
        raise SystemExit("no region: set AWS_REGION, or name one in the profile of AWS_PROFILE")
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = told
    return str(told)


def customer_of(with_: Services, customer_id: str) -> Customer:
    customer = with_.customers.get(customer_id)
    if customer is None:
        raise SystemExit(f"there is no customer {customer_id}: `python -m ops.customers --stage {with_.settings.stage} list` names them")
    return customer


def instant(text: str) -> datetime:
    """An ISO date or instant, UTC unless it says otherwise."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO date or instant") from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def day(text: str) -> date:
    """An ISO date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-11-01") from None


def month(text: str) -> date:
    """A month's first day."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month like 2026-11") from None


def main(command: Callable[[], None]) -> None:
    """Runs a command; what can be mended is told in one line, without a stack. What is told to end does so in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    try:
        command()
    except KeyboardInterrupt:
        sys.exit("interrupted; run it again to go on")
    except BrokenPipeError:  # whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (AnalyticsError, InvalidSettings, NoLaptopAws, BotoCoreError, ClientError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
