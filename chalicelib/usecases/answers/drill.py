"""Hours of one service or region over many days, by its index: a fraction of what all hours take, where it tells just what the days do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.period import DAY, HOUR, Window
from chalicelib.domain.usage import UsageBucket, merge, select, together
from chalicelib.usecases.ports.metrics import HourStore

LEAST_DAYS = 2


def hours_of(
    store: HourStore, customer_id: str, window: Window, selection: Selection, days: Iterable[UsageBucket], consistent: bool
) -> list[UsageBucket]:
    """The window's hours as `selection` lets them through; `days` are its days, let through alike.

    An index is a moment behind its table and doesn't tell what was covered: it is asked only for days that were read in every hour, and
    believed only where its hours sum to them.
    """
    whole = _whole_days(days, window)
    found = _by_index(store, customer_id, whole, selection) if whole else None
    if whole is None or found is None:
        return [select(hour, selection) for hour in store.read(customer_id, window, consistent)]
    rest = store.read(customer_id, Window(whole[-1].start + DAY, window.end), consistent) if whole[-1].start + DAY < window.end else []
    return [*found, *(select(hour, selection) for hour in rest)]


def _whole_days(days: Iterable[UsageBucket], window: Window) -> list[UsageBucket] | None:
    """The window's first days, as many as were wholly read; None when that is hardly worth an index."""
    whole: list[UsageBucket] = []
    for day in days:
        if not window.start <= day.start < window.end:
            continue
        expected = window.start + len(whole) * DAY
        if day.start != expected or day.unknown or not day.covered or min(day.covered.values()) * HOUR < DAY:
            break
        whole.append(day)
    return whole if len(whole) >= LEAST_DAYS else None


def _by_index(store: HourStore, customer_id: str, whole: Sequence[UsageBucket], selection: Selection) -> list[UsageBucket] | None:
    """The hours of those days; None where no index fits or it doesn't tell just what the days do."""
    window = Window(whole[0].start, whole[-1].start + DAY)
    if len(selection.service) == 1:
        found = store.of_service(customer_id, selection.service[0], window)
    elif len(selection.region) == 1:
        found = store.of_region(customer_id, selection.region[0], window)
    else:
        return None
    by_hour: dict[datetime, list[UsageBucket]] = {hour: [] for hour in window.hours()}
    for bucket in found:
        by_hour[bucket.start].append(bucket)
    hours = []
    for day in whole:
        covered = dict.fromkeys(day.covered, 1)
        its_hours = [together(by_hour[hour], hour, dict(covered), {}) for hour in Window(day.start, day.start + DAY).hours()]
        its_hours = [replace(select(hour, selection), covered=dict(covered)) for hour in its_hours]
        told = merge(its_hours, day.start)
        if (told.keys, told.totals) != (day.keys, day.totals):
            return None
        hours += its_hours
    return hours
