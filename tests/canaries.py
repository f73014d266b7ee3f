"""Secrets that may be nowhere but with whom they were given to: how to know them, wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SHAPES = {
    "a key's or link's secret": re.compile(r"(?<![a-z2-7])(?=[a-z]*[2-7])[a-z2-7]{52}(?![a-z2-7])"),
    "a token": re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    "a webhook's signing key": re.compile(r"whsec_[A-Za-z0-9+/=]{20,}"),
    "a mail's link": re.compile(r"/subscriptions/[\w.-]{40,}"),
}
"""Whatever the suite makes of these, by the API, by commands or by itself, is a canary."""
FEWEST_LETTERS = 12
"""Less of different ones are no secret, but a test's long word."""


def secrets_in(text: str, known: Iterable[str] = ()) -> Iterator[str]:
    """What kinds of secret stand in the text, each with its beginning."""
    for kind, shape in SHAPES.items():
        for match in shape.finditer(text):
            if len(set(match[0])) >= FEWEST_LETTERS:
                yield f"{kind}: {match[0][:24]}..."
    yield from (f"a known secret: {secret[:8]}..." for secret in known if secret in text)


def known_secrets(folder: Path) -> list[str]:
    """Of a stack's folder: its master secret and every credential that it gave out at its start, whole and in parts."""
    given = json.loads((folder / "credentials.json").read_text())
    keys = [given["operator_key"], *(one["api_key"] for one in given["customers"])]
    tokens = [one["token"] for one in given["customers"]]
    return [
        (folder / "kept" / "master").read_text(),
        *keys,
        *(key.split("_")[3] for key in keys),
        *tokens,
        *(t.split(".")[2] for t in tokens),
    ]


def wrong_lines(log: str) -> list[str]:
    """Lines of a log that aren't one JSON object each."""
    return [line[:200] for line in log.splitlines() if line.strip() and not _is_event(line)]


def _is_event(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
