"""`python -m alarms --stage production` prints a stage's template as JSON: over the 51,200 bytes taken inline, so it goes by S3.

With `--check` it prints what cfn-lint and checkov have against it instead, without options and with all of them.
"""

from __future__ import annotations

import argparse
import sys

from alarms.checks import found
from alarms.stack import build
from alarms.tags import STAGES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alarms", description="Print a stage's CloudFormation template as JSON.")
    parser.add_argument("--stage", required=True, choices=STAGES)
    parser.add_argument("--own-key", action="store_true", help="encrypt what keeps data by a KMS key of this account's own")
    parser.add_argument("--firewall", action="store_true", help="add a web ACL for the API")
    parser.add_argument("--customer-sessions", action="store_true", help="add a role for CUSTOMER_ROLE_ARN")
    parser.add_argument("--check", action="store_true", help="print what cfn-lint and checkov find, without options and with all of them")
    given = parser.parse_args()
    if given.check:
        sys.exit("\n".join(found(given.stage)) or None)
    template = build(given.stage, given.own_key, given.firewall, given.customer_sessions)
    sys.stdout.write(template.to_json() + "\n")


if __name__ == "__main__":
    main()
