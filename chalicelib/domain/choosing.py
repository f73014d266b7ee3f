"""What a customer sets for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.domain.errors import InvalidInput

MOST_TAGS, LONGEST_TAG = 20, 128
"""AWS's own limit of a tag's key is 128."""
RETENTIONS = (1, 3, 6, 13, 25, 37, 61, 85)
"""Months that reports may be kept; the bucket has a rule for each."""


@dataclass(frozen=True)
class CustomerSettings:
    """`allocation_tags` are the keys that costs are told by; none chosen is any that the lines carry. Reports are kept for so many months
    from when they were asked for; what is set later counts for later ones."""

    NAME: ClassVar[str] = "settings"
    allocation_tags: tuple[str, ...] = ()
    report_retention_months: int = 13

    def checked(self) -> CustomerSettings:
        """InvalidInput names what is wrong."""
        if len(self.allocation_tags) > MOST_TAGS or len(set(self.allocation_tags)) != len(self.allocation_tags):
            raise InvalidInput(("allocation_tags", f"must be at most {MOST_TAGS} keys, each once"))
        if any(not key.strip() or len(key) > LONGEST_TAG for key in self.allocation_tags):
            raise InvalidInput(("allocation_tags", f"must be keys of 1 to {LONGEST_TAG} characters"))
        if self.report_retention_months not in RETENTIONS:
            raise InvalidInput(("report_retention_months", f"must be one of {', '.join(map(str, RETENTIONS))}"))
        return self
