"""Somebody who has signed in on the page, until signing out or the session's end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.customer import Principal


@dataclass(frozen=True)
class Session:
    """`digest` is of the cookie's secret part, which only the browser has. `who` names the credential that it came of."""

    id: str
    customer_id: str
    digest: str
    scopes: tuple[str, ...]
    who: str
    created_at: datetime
    expires_at: datetime

    def live(self, now: datetime) -> bool:
        return now < self.expires_at

    @property
    def key_id(self) -> str | None:
        """The API key that it came of, if it was one: it ends with it."""
        kind, _, name = self.who.partition(":")
        return name if kind == "key" else None

    @property
    def principal(self) -> Principal:
        return Principal(self.customer_id, frozenset(self.scopes), self.who, self.expires_at)
