"""python -m tests.grants: holds what the functions asked of AWS while the suite ran against what their policies grant.

Wanted and not granted, granted and never used, and a wildcard that isn't explained are errors. Run it after the whole suite.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from alarms.policies import policy
from chalicelib.domain import signals

FOLDER = Path(__file__).parents[1] / ".pytest_cache" / "aws-calls"
"""What tests/recorder wrote, a file per process."""
STAGE = "local"
ON_INDEXES = ("dynamodb:Query", "dynamodb:Scan")
BY_AWS = {
    "sqs:ReceiveMessage": "Lambda reads the queue for the function",
    "sqs:DeleteMessage": "Lambda deletes what was done",
    "sqs:GetQueueAttributes": "Lambda looks at the queue",
    "logs:CreateLogStream": "Lambda writes the log",
    "logs:PutLogEvents": "Lambda writes the log",
}
"""Asked by AWS in the function's name."""
UNSCOPED = {
    "ce:GetCostAndUsage": "Cost Explorer has no resources to name",
    "ce:GetCostForecast": "Cost Explorer has no resources to name",
    "ce:GetDimensionValues": "Cost Explorer has no resources to name",
    "securityhub:BatchGetStandardsControlAssociations": "AWS takes no resource for it",
}
"""What AWS can't grant on anything narrower than *."""
Grant = tuple[str, str]


def granted(function: signals.Function) -> set[Grant]:
    """(action, ARN); what no index can be asked for is left out of indexes."""
    pairs = {
        (action, resource.replace("${aws:PrincipalAccount}", "*"))
        for statement in policy(function, STAGE)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    return {(action, arn) for action, arn in pairs if "/index/" not in arn or action in ON_INDEXES}


def recorded() -> dict[str, set[Grant]]:
    """Per function."""
    found: dict[str, set[Grant]] = {}
    for path in FOLDER.glob("*.tsv"):
        for line in path.read_text().splitlines():
            function, action, arn = line.split("\t")
            found.setdefault(function, set()).add((action, arn))
    return found


def covers(grant: Grant, call: Grant) -> bool:
    return grant[0] == call[0] and fnmatchcase(call[1], grant[1])


def wrong(function: signals.Function, calls: Iterable[Grant]) -> Iterator[str]:
    """What is wrong with a function's policy, given what it asked for."""
    grants, calls = granted(function), set(calls)
    for call in sorted(calls):
        if not any(covers(grant, call) for grant in grants):
            yield f"{function.name}: {call[0]} on {call[1]} is asked for and not granted"
    for grant in sorted(grants):
        if grant[0] not in BY_AWS and not any(covers(grant, call) for call in calls):
            yield f"{function.name}: {grant[0]} on {grant[1]} is granted and never used"
        if "*" in grant[0] or (grant[1] == "*" and grant[0] not in UNSCOPED):
            yield f"{function.name}: {grant[0]} on {grant[1]} is a wildcard"


def main() -> None:
    calls = recorded()
    problems = [problem for function in signals.FUNCTIONS for problem in wrong(function, calls.get(function.name, ()))]
    count = sum(len(granted(function)) for function in signals.FUNCTIONS)
    print("\n".join([*problems, f"{count} grants of {len(signals.FUNCTIONS)} functions, {len(problems)} wrong"]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
