"""What a window of costs is compared with, and its change from that, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Parts
from chalicelib.domain.change import LineChange, drivers, explain
from chalicelib.domain.cost import CostDay
from chalicelib.domain.exact import subtract
from chalicelib.domain.period import DAY, HOUR, Window, minus_months
from chalicelib.usecases.answers.values import Answer, percent_change, shown, text_of
from chalicelib.usecases.questions.parameters import NO_COMPARISON, YOY, Comparison

A_YEAR = 12


@dataclass(frozen=True)
class Side:
    """One window of a comparison with its days, and what those come to."""

    window: Window
    days: Sequence[CostDay]
    of_days: Decimal | None

    @property
    def total(self) -> Decimal | None:
        """None unless every day of the window is known."""
        wanted = self.window.length // DAY
        return self.of_days if wanted and len(self.days) == wanted else None


def window_before(compare: Comparison, window: Window, elapsed: Window) -> Window | None:
    """What `elapsed`, the part of `window` that is in, is compared with; None when nothing is asked for.

    A window that is named is cut to what has elapsed, unless all of the window is in.
    """
    if compare.name == NO_COMPARISON:
        return None
    if compare.name == YOY:
        return Window(_a_year_before(elapsed.start), max(_a_year_before(elapsed.start), _a_year_before(elapsed.end - HOUR) + HOUR))
    if compare.window is None:
        return elapsed.before(elapsed.length)
    return compare.window if elapsed == window else compare.window.clipped(compare.window.start + elapsed.length)


def _a_year_before(instant: datetime) -> datetime:
    return datetime.combine(minus_months(instant.date(), A_YEAR), instant.timetz())


def ranges(window: Window, before: Window | None) -> list[Window]:
    """What is read for both: one range where they touch."""
    if before is None or before.length <= 0 * DAY:
        return [window]
    if before.end >= window.start and before.start <= window.end:
        return [Window(min(window.start, before.start), max(window.end, before.end))]
    return [before, window]


def change(
    compare: Comparison,
    now: Side,
    before: Side | None,
    parts: Callable[[Sequence[CostDay]], Parts],
    of_price: Decimal | None,
    top: int | None,
) -> Answer:
    """The change, and where it is to be explained, lines that sum to it; null where one side isn't wholly covered."""
    totals = now.total, before.total if before else None
    known = totals[0] is not None and totals[1] is not None
    lines = drivers(explain(parts(before.days), parts(now.days)), top) if before and known and compare.explained else None
    return {
        "compare": compare.name,
        "previous_total": shown(totals[1]),
        "amount": shown(subtract(totals[0], totals[1])) if totals[0] is not None and totals[1] is not None else None,
        "percent": percent_change(*totals),
        "price_effect": shown(of_price),
        "window": shown_window(now.window),
        "previous_window": shown_window(before.window) if before else None,
        "lines": None if lines is None else [shown_line(line) for line in lines],
    }


def shown_window(window: Window) -> Answer:
    return {"start": text_of(window.start), "end": text_of(window.end)}


def shown_line(line: LineChange) -> Answer:
    return {
        "name": line.name,
        "previous": shown(line.previous),
        "current": shown(line.current),
        "amount": shown(line.amount),
        "percent": shown(line.percent),
        "state": line.state,
    }
