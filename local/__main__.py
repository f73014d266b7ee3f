"""python -m local run | aws | reset"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local import launch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description="The laptop's AWS and the API on it.")
    parser.add_argument("command", choices=("run", "aws", "reset"), help="run: AWS and API; aws: AWS alone; reset: forget what was kept")
    parser.add_argument("--folder", type=Path, default=launch.FOLDER, help="where it keeps its things (default .local)")
    given = parser.parse_args()
    if given.command == "reset":
        launch.reset()
    else:
        code = launch.run(given.command == "run", given.folder)
        sys.stdout.flush()
        os._exit(code)  # everything is stopped and kept; threads of moto's may not hold the process


if __name__ == "__main__":
    main()
