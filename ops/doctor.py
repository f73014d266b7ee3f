"""python -m ops.doctor --stage S [--customer C] [--drift] [--json]"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from chalicelib.wiring import Services
from ops.checks import FAIL, Check, as_json, as_text, failed
from ops.common import customer_of, main, parser, services_of
from ops.examined import buckets, credentials, customer, drift, functions, queues, sources, tables, watch
from ops.examined.stage import Look, Stage, examine

SUBJECTS = (tables, buckets, queues, functions, watch)


def looks(stage: Stage, detect: bool = False) -> Iterator[Look]:
    """Everything that there is to look at, the nearest first."""
    yield from credentials.looks(stage)
    for subject in SUBJECTS:
        yield from subject.looks(stage)
    yield from drift.looks(stage, detect)
    yield from sources.looks(stage)


def doctor(with_: Services, detect: bool = False) -> Iterator[Check]:
    """A check per look; whoever isn't known to AWS sees nothing else, so that is where it ends then."""
    for check in examine(looks(Stage(with_), detect)):
        yield check
        if check.name == "who asks" and check.state == FAIL:
            return


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
