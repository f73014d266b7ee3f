"""python -m local run | aws | reset"""

from __future__ import annotations

import argparse

from local import launch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description="The laptop's AWS and the API on it.")
    parser.add_argument("command", choices=("run", "aws", "reset"), help="run: AWS and API; aws: AWS alone; reset: forget what was kept")
    command = parser.parse_args().command
    if command == "reset":
        launch.reset()
    else:
        launch.run(serve=command == "run")


if __name__ == "__main__":
    main()
