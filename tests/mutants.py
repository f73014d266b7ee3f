"""python -m tests.mutants: what `mutmut run` came to, by module; fails where too many of domain's mutants live.

mutmut's own account of it is a line of emojis; `.scan/mutmut/bin/mutmut show NAME` shows what was changed in one that lives.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

FOUND = Path(__file__).parents[1] / "mutants" / "chalicelib" / "domain"
LEAST = 85
"""Percent that the tests must notice."""
UNTRIED = "untried"
"""Not of the sample that was asked for."""
LOOPED = (24, -24, 36, 152)
"""SIGXCPU ends a mutant that takes too long."""
FATES = {0: "survived", 1: "killed", 3: "killed", 33: "untested", None: UNTRIED} | dict.fromkeys(LOOPED, "timeout")
"""By pytest's exit code, or mutmut's own."""
NOTICED = ("killed", "timeout")


def fates() -> Iterator[tuple[str, str, str]]:
    """(module, mutant, what became of it)"""
    for path in sorted(FOUND.glob("*.py.meta")):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            yield path.name.removesuffix(".py.meta"), name, FATES.get(code, "crashed")


def main() -> int:
    tried = [one for one in fates() if one[2] != UNTRIED]
    for _, name, fate in tried:
        if fate not in NOTICED:
            print(f"{fate:9} {name}")
    for module, of_module in groupby(tried, key=lambda one: one[0]):
        found = [fate in NOTICED for _, _, fate in of_module]
        print(f"{module:15} {sum(found):5} of {len(found):5}")
    total = Counter(fate for _, _, fate in tried)
    percent = 100 * sum(total[fate] for fate in NOTICED) / max(1, len(tried))
    print(f"{len(tried)} mutants: {', '.join(f'{count} {fate}' for fate, count in total.most_common())}; {percent:.1f} % noticed")
    return 0 if percent >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
