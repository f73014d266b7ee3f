"""Stage `local` talks to the laptop's AWS and to no other; `make run` and `make aws` note its addresses in .local/aws.json."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from pathlib import Path

from chalicelib.domain.errors import StoreUnavailable

NOTE = Path(__file__).parent.parent / ".local" / "aws.json"


class NoLaptopAws(StoreUnavailable):
    """Nothing runs that stage `local` could talk to."""


def join(environment: MutableMapping[str, str], note: Path = NOTE) -> None:
    """Sets the addresses and throw-away credentials, unless the environment has an endpoint already."""
    if "AWS_ENDPOINT_URL" in environment:
        return
    if not note.exists():
        raise NoLaptopAws("stage local needs the laptop's AWS: start it with `make run` or `make aws`")
    environment.update(json.loads(note.read_text()))
