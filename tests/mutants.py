"""python -m tests.mutants: what `mutmut run` came to, by module; fails where too many of domain's mutants live.

mutmut's own account of it is a line of emojis; `.scan/mutmut/bin/mutmut show NAME` shows what was changed in one that lives.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FOUND = Path(__file__).parents[1] / "mutants" / "chalicelib" / "domain"
LEAST = 85
"""Percent that the tests must notice."""
LOOPED = (24, -24, 36, 152)
"""SIGXCPU ends a mutant that takes too long."""
FATES = {0: "survived", 1: "killed", 3: "killed", 33: "untested", None: "untried"} | dict.fromkeys(LOOPED, "timeout")
"""By pytest's exit code, or mutmut's own."""
NOTICED = ("killed", "timeout")


def fates() -> Iterator[tuple[str, str, str]]:
    """(module, mutant, what became of it)"""
    for path in sorted(FOUND.glob("*.py.meta")):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            yield path.name.removesuffix(".py.meta"), name, FATES.get(code, "crashed")


def main() -> int:
    everything = list(fates())
    modules = {module: Counter(fate for of, _, fate in everything if of == module) for module, _, _ in everything}
    for _, name, fate in everything:
        if fate not in NOTICED:
            print(f"{fate:9} {name}")
    for module, found in modules.items():
        print(f"{module:15} {sum(found[fate] for fate in NOTICED):5} of {found.total():5}")
    total = Counter(fate for _, _, fate in everything)
    percent = 100 * sum(total[fate] for fate in NOTICED) / max(1, total.total())
    print(f"{total.total()} mutants: {', '.join(f'{count} {fate}' for fate, count in total.most_common())}; {percent:.1f} % noticed")
    return 0 if percent >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
