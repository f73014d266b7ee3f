"""From what each source says of a day to the one set of lines that counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

from chalicelib.domain.cost import CostPart, settle
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.payer import claims_of
from chalicelib.domain.period import DAY, next_month
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, Drop
from chalicelib.usecases.ports.metrics import MetricStore

ROUNDS = 5


def settle_months(metrics: MetricStore, customer_id: str, months: Iterable[date]) -> str:
    """Rewrites every day of the months (given by their first days) from all parts; returns a digest of them.

    After writing it looks again: were parts added meanwhile by somebody else, it repeats, so the last writer has seen everything.
    """
    digests = []
    for month in sorted(months):
        for _ in range(ROUNDS):
            seen = _inputs(metrics, customer_id, month)
            digests.append(_settle_month(metrics, customer_id, month, *seen))
            if _inputs(metrics, customer_id, month) == seen:
                break
        else:
            raise StoreUnavailable("a month's costs kept changing while they were settled")
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _inputs(metrics: MetricStore, customer_id: str, month: date) -> tuple[list[CostPart], list[Drop]]:
    parts = metrics.cost_parts(customer_id, month, next_month(month) - DAY)
    return parts, [drop for drop in metrics.drops(customer_id) if month in drop.months]


def _settle_month(metrics: MetricStore, customer_id: str, month: date, parts: list[CostPart], drops: list[Drop]) -> str:
    live = {drop.digest: drop.origin for drop in sorted(drops, key=lambda drop: drop.key, reverse=True)}.values()  # one per content
    claims = claims_of(month, drops, frozenset(part.origin for part in parts if part.source == COST_EXPLORER))
    by_day: dict[date, list[CostPart]] = {}
    for part in parts:
        counted = claims.counted(part) if part.source != FOCUS_EXPORT or part.origin in live else None
        if counted:
            by_day.setdefault(part.day, []).append(counted)
    days, gone = [], []
    day = month
    while day < next_month(month):
        settled = settle(day, by_day.get(day, []), claims.exported, claims.through is not None and day <= claims.through)
        if settled:
            days.append(settled)
        else:
            gone.append(day)
        day += DAY
    return metrics.costs.put(customer_id, days, gone)
