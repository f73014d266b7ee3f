"""What a command looked at, and how that is told: a line each and a count, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Check:
    """`seen` is what was found; `mend` what to do about it, in one line, '' where all is well."""

    name: str
    state: str
    seen: str
    mend: str = ""

    @staticmethod
    def of(name: str, well: bool, seen: str, mend: str, otherwise: str = FAIL) -> Check:
        """ok where it is well, else what it is otherwise, with the mend."""
        return Check(name, OK, seen) if well else Check(name, otherwise, seen, mend)


def failed(checks: Iterable[Check]) -> bool:
    return any(check.state == FAIL for check in checks)


def as_text(checks: Iterable[Check]) -> str:
    """A line per check, the last one how many there are of each state."""
    told = list(checks)
    counts = {state: sum(check.state == state for check in told) for state in (OK, WARN, FAIL)}
    return "\n".join([*map(_line, told), f"{len(told)} checks: " + ", ".join(f"{count} {state}" for state, count in counts.items())])


def as_json(checks: Iterable[Check]) -> str:
    told = list(checks)
    return json.dumps({"failed": failed(told), "checks": [asdict(check) for check in told]}, indent=2)


def _line(check: Check) -> str:
    mend = f" -> {check.mend}" if check.mend else ""
    return f"{check.state:<4}  {plain(f'{check.name}: {check.seen}{mend}')}"


def plain(text: str) -> str:
    """On one line and without control characters: what was seen may be anybody's."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
