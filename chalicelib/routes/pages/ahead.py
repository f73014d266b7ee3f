"""The forecast as a chart of costs continues it: a month's amount, spread evenly over its days where the chart is by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.exact import ZERO, add_known, quotient, subtract
from chalicelib.domain.period import next_month
from chalicelib.usecases.reports.documents.asked import Answer
from chalicelib.web.charts import Ahead

Amounts = tuple[Decimal | None, Decimal | None, Decimal | None]
A_DAY = timedelta(days=1)


def ahead_of(costs: Answer) -> Ahead | None:
    """None where nothing is forecast, or the window ends before what lies ahead begins."""
    told, series, through = costs["forecast"], costs["series"], costs["data_through"]
    if told["amount"] is None or not costs["currency"] or not through or not series or series[-1]["end"] < through:
        return None
    following = _month_of(told["month"])
    if costs["window"]["granularity"] == "month":
        if str(following) <= series[-1]["start"][:10]:
            return None
        return Ahead(((str(following), told["low"], told["amount"], told["high"]),))
    points = tuple(_days(costs, following, max(2, len(series) // 2)))
    return Ahead(points) if points else None


def _days(costs: Answer, following: date, most: int) -> Iterator[tuple[str, Decimal, Decimal, Decimal]]:
    """What is left of this month, where the chart has all of it that is over, then the next one."""
    told, through = costs["forecast"], date.fromisoformat(costs["data_through"][:10])
    this = (following - A_DAY).replace(day=1)
    rest = _rest(costs["series"], this, through, following, (told["this_month_low"], told["this_month"], told["this_month_high"]))
    after = (next_month(following) - following).days
    whole = _each((told["low"], told["amount"], told["high"]), after)
    for number in range(most):
        day = through + number * A_DAY
        amounts = rest if day < following else whole
        if day >= next_month(following):
            return
        if amounts is not None and day.isoformat() > costs["series"][-1]["start"][:10]:
            yield (day.isoformat(), *amounts)


def _rest(series: Sequence[Any], this: date, through: date, following: date, month: Amounts) -> tuple[Decimal, Decimal, Decimal] | None:
    """A day's share of what this month is still expected to cost; None where the chart doesn't hold all that it has cost."""
    days = [entry for entry in series if this.isoformat() <= entry["start"][:10] < through.isoformat()]
    left, so_far = (following - through).days, add_known(entry["amount"] for entry in days)
    return _each(month, left, so_far) if left > 0 and len(days) == (through - this).days and so_far is not None else None


def _each(month: Amounts, days: int, so_far: Decimal = ZERO) -> tuple[Decimal, Decimal, Decimal] | None:
    """A day's share of what is left of the month's amounts."""
    low, expected, high = (None if amount is None else quotient(subtract(amount, so_far), Decimal(days)) for amount in month)
    return None if low is None or expected is None or high is None else (low, expected, high)


def _month_of(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
