"""What a customer says itself, beside what its sources say: a value per kind, kept until it says otherwise."""

from __future__ import annotations

from typing import ClassVar, Protocol


class Choice(Protocol):
    """A frozen dataclass of plain values, new fields with defaults. NAME (letters and _) is its kind's, in keys and in the status."""

    NAME: ClassVar[str]
