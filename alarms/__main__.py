"""`python -m alarms --stage production` prints a stage's template as JSON, packed to be under the 51,200 bytes taken inline."""

from __future__ import annotations

import argparse
import sys

from alarms.stack import STAGES, build


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m alarms", description="Print a stage's CloudFormation template as JSON.")
    parser.add_argument("--stage", required=True, choices=STAGES)
    sys.stdout.write(build(parser.parse_args().stage).to_json(indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
