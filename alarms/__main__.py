"""`python -m alarms --stage production` prints a stage's template as JSON: over the 51,200 bytes taken inline, so it goes by S3.

`--onboarding` prints the template that a customer's account takes, `--findings-feed` the provider's side of that. With `--check` each
prints what cfn-lint and checkov have against it instead, a stage's without options and with all of them.
"""

from __future__ import annotations

import argparse
import sys

from alarms.checks import PLAIN, Looked, found, of_stage
from alarms.onboarding import findings_feed, onboarding
from alarms.stack import build
from alarms.tags import STAGES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alarms", description="Print a template as JSON, or what is wrong with it.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--stage", choices=STAGES, help="what keeps a stage's data and watches the app")
    which.add_argument("--onboarding", action="store_true", help="what a customer's account takes, also by a StackSet")
    which.add_argument("--findings-feed", action="store_true", help="what lets customers' accounts forward findings to this one")
    parser.add_argument("--own-key", action="store_true", help="encrypt what keeps data by a KMS key of this account's own")
    parser.add_argument("--firewall", action="store_true", help="add a web ACL for the API")
    parser.add_argument("--customer-sessions", action="store_true", help="add a role for CUSTOMER_ROLE_ARN")
    parser.add_argument("--check", action="store_true", help="print what cfn-lint and checkov find, without options and with all of them")
    given = parser.parse_args()
    if given.stage:
        template = build(given.stage, given.own_key, given.firewall, given.customer_sessions)
    else:
        template = onboarding() if given.onboarding else findings_feed()
    if given.check:
        sys.exit("\n".join(found(of_stage(given.stage) if given.stage else (Looked("account", template, PLAIN),))) or None)
    sys.stdout.write(template.to_json() + "\n")


if __name__ == "__main__":
    main()
