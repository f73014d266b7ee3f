"""python -m ops.doctor --stage S [--customer C] [--drift] [--json]"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from botocore.exceptions import ClientError

from chalicelib.domain import signals
from chalicelib.wiring import Services
from ops.checks import FAIL, Check, as_json, as_text, failed
from ops.common import customer_of, main, parser, services_of
from ops.deployed import data_stack, stack_of
from ops.examined import buckets, credentials, customer, drift, functions, queues, sources, tables, watch
from ops.examined.functions import GONE
from ops.examined.stage import Look, Stage, examine, optional

SUBJECTS = (tables, buckets, queues, functions, watch)


def looks(stage: Stage, detect: bool = False) -> Iterator[Look]:
    """Everything that there is to look at, the nearest first."""
    yield from credentials.looks(stage)
    for subject in SUBJECTS:
        yield from subject.looks(stage)
    yield from drift.looks(stage, detect)
    yield from sources.looks(stage)


def doctor(with_: Services, detect: bool = False) -> Iterator[Check]:
    """A check per look; to whoever isn't known to AWS, or looks where nothing is, that alone is told."""
    stage = Stage(with_)
    for check in examine(looks(stage, detect)):
        yield check
        if check.name == "who asks" and check.state == FAIL:
            return
        if check.name == "who asks" and _nothing_there(stage):
            seen = f"nothing of {stage.name} is in account {with_.account}, region {with_.settings.region}"
            yield Check("deployed", FAIL, seen, f"{stage.deploy}; if it should be there, see AWS_PROFILE and AWS_REGION")
            return


def _nothing_there(stage: Stage) -> bool:
    """Neither stack nor function; what may not be asked counts as there, as other checks tell of that."""
    if stage.laptop:
        return False
    try:
        if stack_of(stage.client, data_stack(stage.name)) or stage.packaged:
            return False
        return optional(stage.client("lambda").get_function, GONE, FunctionName=signals.API.deployed(stage.name)) is None
    except ClientError:
        return False


def command() -> None:
    made = parser("doctor", "Look a stage over and say what to mend.")
    made.add_argument("--customer", help="what is covered of this one, and what isn't; of the stage itself nothing then")
    made.add_argument("--drift", action="store_true", help="have CloudFormation look for drift of the data stack, too (minutes)")
    made.add_argument("--json", action="store_true")
    given = made.parse_args()
    with_ = services_of(given.stage)
    of_customer = customer.looks(Stage(with_), customer_of(with_, given.customer)) if given.customer else None
    checks = list(examine(of_customer) if of_customer else doctor(with_, given.drift))
    print(as_json(checks) if given.json else as_text(checks))
    sys.exit(failed(checks))


if __name__ == "__main__":
    main(command)
