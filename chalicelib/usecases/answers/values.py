"""What answers are made of: plain values, ready for JSON, and the state of the sources that they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.exact import percent, plain, subtract
from chalicelib.domain.period import iso
from chalicelib.domain.state import CustomerStatus, SourceState

Answer = dict[str, object]


def text_of(instant: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z."""
    return None if instant is None else iso(instant)


def shown(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)


def percent_change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Percent from `before` to `now`; None where one is unknown or `before` is 0."""
    return None if now is None or before is None else shown(percent(subtract(now, before), before))


def data_through(status: CustomerStatus, sources: Iterable[str]) -> datetime | None:
    """How far the furthest of these sources is complete."""
    return max((state.data_through for name in sources if (state := status.sources.get(name)) and state.data_through), default=None)


def source_states(status: CustomerStatus, sources: Iterable[str], now: datetime) -> list[Answer]:
    return [source_state(status.sources[name], now) for name in sources if name in status.sources]


def source_state(state: SourceState, now: datetime) -> Answer:
    """A source as answers and the health page show it: failing ones by name and reason."""
    return {
        "source": state.source,
        "state": state.state,
        "stale": state.stale(now),
        "data_through": text_of(state.data_through),
        "last_success_at": text_of(state.last_success_at),
        "failures": [{"scope": scope, "reason": reason} for scope, reason in state.failures],
    }
