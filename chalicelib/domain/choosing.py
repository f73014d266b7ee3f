"""What a customer sets for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.domain.errors import InvalidInput

MOST_TAGS, LONGEST_TAG = 20, 128
"""AWS's own limit of a tag's key is 128."""


@dataclass(frozen=True)
class CustomerSettings:
    """`allocation_tags` are the keys that costs are told by; none chosen is any that the lines carry."""

    NAME: ClassVar[str] = "settings"
    allocation_tags: tuple[str, ...] = ()

    def checked(self) -> CustomerSettings:
        """InvalidInput names what is wrong."""
        if len(self.allocation_tags) > MOST_TAGS or len(set(self.allocation_tags)) != len(self.allocation_tags):
            raise InvalidInput(("allocation_tags", f"must be at most {MOST_TAGS} keys, each once"))
        if any(not key.strip() or len(key) > LONGEST_TAG for key in self.allocation_tags):
            raise InvalidInput(("allocation_tags", f"must be keys of 1 to {LONGEST_TAG} characters"))
        return self
