"""Who asks too often. A container spends on credit and settles with the shared bucket once in twenty requests.

So most requests cost no read and no write, and a container that has just started refuses nobody for want of knowledge. What that
gives away is bounded: at most LEASE requests per container, once; what is settled counts in full, so the rate holds in the long run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from chalicelib.domain.allowance import Allowance, Taken
from chalicelib.domain.errors import StoreUnavailable

LEASE = 20
"""Requests between two writes to the shared bucket."""


class Buckets(Protocol):
    """The buckets that all containers share."""

    def settle(self, owner: str, allowance: Allowance, since: float, tokens: int, now: float) -> float:
        """Takes tokens that were spent from `since` on; returns when the bucket is full again. StoreUnavailable when it can't."""
        ...


@dataclass
class _Account:
    """What this container knows: when the bucket is full again, and what it has spent since it last settled."""

    full_at: float = 0.0
    since: float = 0.0
    unsettled: int = 0


@dataclass
class Limiter:
    """`kept` makes the memory of one allowance's accounts, which may forget; `failed` is told when the shared bucket can't be reached."""

    buckets: Buckets
    allowances: Mapping[str, Allowance]
    clock: Callable[[], datetime]
    failed: Callable[[], None]
    kept: Callable[[], MutableMapping[str, _Account]]
    _accounts: dict[str, MutableMapping[str, _Account]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, owner: str, kind: str) -> Taken:
        """How it stands, with nothing taken."""
        now = self.clock().timestamp()
        with self._lock:
            return _told(self.allowances[kind], self._account(owner, kind), now)

    def take(self, owner: str, kind: str) -> Taken:
        """A token, if there is one as far as this container knows. Whatever fails, whoever asks isn't made to pay for it."""
        allowance, now = self.allowances[kind], self.clock().timestamp()
        with self._lock:
            account = self._account(owner, kind)
            before = _told(allowance, account, now)
            if not before.allowed:
                return before
            account.full_at = allowance.spend(account.full_at, now)
            account.since = account.since if account.unsettled else now
            account.unsettled += 1
            taken = replace(_told(allowance, account, now), wait=0.0)  # of this one; the next may have to wait
            if account.unsettled < LEASE:
                return taken
            since, tokens, account.unsettled = account.since, account.unsettled, 0
        self._settle(owner, allowance, since, tokens, now, account)
        return taken

    def _settle(self, owner: str, allowance: Allowance, since: float, tokens: int, now: float, account: _Account) -> None:
        try:
            shared = self.buckets.settle(owner, allowance, since, tokens, now)
        except StoreUnavailable:
            self.failed()
            return
        with self._lock:
            account.full_at = max(account.full_at, shared)

    def _account(self, owner: str, kind: str) -> _Account:
        accounts = self._accounts.setdefault(kind, self.kept())
        account = accounts.get(owner)
        if account is None:
            account = accounts[owner] = _Account()
        return account


def _told(allowance: Allowance, account: _Account, now: float) -> Taken:
    return Taken(allowance, allowance.left(account.full_at, now), allowance.wait(account.full_at, now), max(0.0, account.full_at - now))
