"""How often somebody may do something: a token bucket, kept as the one instant at which it is full again (GCRA).

Instants and lengths here are epoch seconds, as they lie in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

MINUTE = 60.0
TINY = 1e-4
"""What an epoch second in binary can't tell apart after some sums."""
DEEPEST_DEBT = 10 * MINUTE
"""How far ahead a bucket may be spent by several containers that didn't know of each other: nobody is held up for longer."""


@dataclass(frozen=True)
class Allowance:
    """So many tokens a minute; the bucket holds as many, so all of them may be spent at once."""

    name: str
    a_minute: int

    @property
    def each(self) -> float:
        """Seconds until a token has grown back."""
        return MINUTE / self.a_minute

    def spend(self, full_at: float, now: float, tokens: int = 1) -> float:
        """When the bucket is full again once these tokens are taken."""
        return max(full_at, now) + tokens * self.each

    def wait(self, full_at: float, now: float) -> float:
        """Seconds until there is a token; 0 where there is one."""
        missing = self.spend(full_at, now) - now - MINUTE
        return missing if missing > TINY else 0.0

    def left(self, full_at: float, now: float) -> int:
        return max(0, int((MINUTE - max(0.0, full_at - now)) / self.each + TINY))


@dataclass(frozen=True)
class Taken:
    """What became of a request for a token: `wait` seconds until there is one, 0 where it was given."""

    allowance: Allowance
    left: int
    wait: float
    full_in: float

    @property
    def allowed(self) -> bool:
        return self.wait == 0

    @property
    def retry_after(self) -> int:
        return max(1, ceil(self.wait))


QUERIES, EXPORTS, WRITES, BAD_CREDENTIALS = "queries", "exports", "writes", "bad_credentials"
A_MINUTE = {QUERIES: 600, EXPORTS: 20, WRITES: 50, BAD_CREDENTIALS: 30}
"""What everybody has unless the deployment says otherwise. Exports are documents that are fetched, writes all that isn't a GET."""
