"""The deployment's own book: what it has asked of AWS for money, how fast it may ask, and when shared work was last done.

Keys (name, period): calls | 2026-11-25 -> a counter per source; pace#<service> | <epoch second> -> a counter; done | <what> -> when.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.state import BUSY, DAILY_CAP_REACHED
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA
from chalicelib.stores.tables import LEDGER, TTL_ATTRIBUTE

CALLS, PACE, DONE = "calls", "pace#", "done"
CALLS_KEPT = timedelta(days=400)
PACE_KEPT = timedelta(hours=1)
PATIENCE_SECONDS = 9
"""How far ahead a place is taken: less than what a worker that goes on has left. A longer line is better left to the queue."""


class Ledger:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._dynamo, self._table, self._now, self._sleep = dynamo, table, now, sleep

    def spend(self, source: str, units: int, cap: int) -> None:
        """Counts units that are about to be paid for; SourceUnavailable, and nothing counted, where the day's cap would be passed."""
        now = self._now()
        if not self._count(CALLS, str(now.date()), source, units, cap, now + CALLS_KEPT):
            raise SourceUnavailable(source, DAILY_CAP_REACHED)

    def spent(self, day: date) -> dict[str, int]:
        """Per source the units of that UTC day."""
        item = self._dynamo.get(self._table, _key(CALLS, str(day))) or {}
        return {name: int(value["N"]) for name, value in sorted(item.items()) if "N" in value and name not in ("v", TTL_ATTRIBUTE)}

    def wait_turn(self, service: str, per_second: int) -> None:
        """Takes a place in a second, over all workers, and sleeps until then; SourceUnavailable when the line is too long."""
        now = self._now()
        for ahead in range(PATIENCE_SECONDS):
            second = int(now.timestamp()) + ahead
            if self._count(f"{PACE}{service}", str(second), "taken", 1, per_second, now + PACE_KEPT):
                self._sleep(max(0.0, second - self._now().timestamp()))
                return
        raise SourceUnavailable(service, BUSY)

    def done_at(self, what: str) -> datetime | None:
        item = self._dynamo.get(self._table, _key(DONE, what))
        return datetime.fromisoformat(item["at"]["S"]) if item else None

    def put_done(self, what: str, at: datetime) -> None:
        self._dynamo.put(self._table, {"name": {"S": DONE}, "period": {"S": what}, "at": {"S": at.isoformat()}, "v": {"N": SCHEMA}})

    def _count(self, name: str, period: str, counter: str, units: int, cap: int, expiry: datetime) -> bool:
        """Adds units unless that makes more than `cap`; True if it did."""
        if units > cap:
            return False
        more = {"v": {"N": SCHEMA}, TTL_ATTRIBUTE: {"N": str(int(expiry.timestamp()))}}
        return self._dynamo.add(self._table, _key(name, period), counter, units, cap - units, more)


def _key(name: str, period: str) -> dict[str, str]:
    return {LEDGER.hash_key: name, str(LEDGER.range_key): period}
