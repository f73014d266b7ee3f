"""CloudWatch's hours: read through each account's role, kept by hour, rolled up by day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from zlib import crc32

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import DAY, HOUR, Window, hour_floor, midnight, whole_days
from chalicelib.domain.state import CLOUDWATCH, FAILING, NO_DATA, OK, PARTIAL, SourceState
from chalicelib.domain.usage import UsageBucket, hour_buckets, merge, overlay, select
from chalicelib.usecases.aggregation.collaborators import Collaborators

OVERLAP = 3 * HOUR
"""CloudWatch's newest hours still change, so every read repeats them."""
LATE = 14 * DAY
"""How late CloudWatch takes a point: once a day all of that is read again."""
STEP = DAY
"""How far one read goes beyond what was complete, so that a long outage is caught up with a watermark a day."""
STEPS_A_RUN = 7
LONGEST = 7 * DAY
"""The widest window of one read of the past."""
LISTED_HOURS, LISTED_AT_MOST = 6, 12 * HOUR
"""How long a list of metrics is good for; the read after the next one reaches back to it, so that a new metric's hours aren't missed."""
PIECES_A_RUN = 4
"""Of what an account missed, so that a run with it ends in time."""
REGION_LOOK_BACK = 14 * DAY
ENOUGH_SECONDS = 10
"""A worker with less time left stops at the next safe point."""


def read_hours(with_: Collaborators, customer: Customer, end: datetime, left: Callable[[], float]) -> bool:
    """Reads up to `end`, step by step after an outage; False when it stopped before, with all that it has read kept."""
    for _ in range(STEPS_A_RUN):
        window = hourly_window(with_, customer, end)
        state = read_usage(with_, customer, window, end)
        if window.end >= end or state.data_through is None or state.data_through < window.end:
            return True  # there, or nothing can be had at present
        if left() < ENOUGH_SECONDS:
            return False
    return False


def hourly_window(with_: Collaborators, customer: Customer, end: datetime) -> Window:
    """From where CloudWatch was last complete (less the overlap), one step towards `end`: an outage is caught up, none skipped."""
    state = with_.metrics.status(customer.id).sources.get(CLOUDWATCH)
    known = state.data_through if state else with_.metrics.hours.last(customer.id)  # a lost state costs work, not hours
    through = min(known or end, end)
    return Window(through - OVERLAP, min(end, through + STEP))


def read_late(with_: Collaborators, customer: Customer, end: datetime) -> None:
    """Looks for points that came late; what fails now is the hourly read's to tell, and is looked for again tomorrow."""
    read_usage(with_, customer, Window(end - LATE, end - OVERLAP), end)


@dataclass(frozen=True)
class WindowRead:
    """What came of one window: the failures by scope, whether anything was read at all, and a digest of what was put."""

    failures: tuple[tuple[str, str], ...]
    anything: bool
    version: str = ""


def read_usage(with_: Collaborators, customer: Customer, window: Window, now: datetime) -> SourceState:
    """Reads the window's hours into hours and days; the state is written last, and moves only with a window that joins the present.

    An account or region that fails holds nothing else up: since when is kept, and what it missed is read when it answers again.
    An older window moves nothing; what is returned tells its failures, which nobody comes back for.
    """
    source = with_.usage.name
    before = with_.metrics.status(customer.id).sources.get(source) or SourceState(source, FAILING, now, every=with_.usage_every)
    read = _read_window(with_, customer, window)
    if not customer.accounts:
        state = SourceState(source, NO_DATA, now, failures=(("", "NoAccounts"),))
    elif before.data_through is not None and not window.start <= before.data_through <= window.end:
        return _older(with_, customer, before, read)
    elif not read.anything:
        state = before.failed(now, read.failures)
    else:
        missed_from = before.failing_since
        failures, missing = read.failures, bool(read.failures)
        since = missed_from or before.data_through or window.start + OVERLAP
        failing = {scope for scope, _ in failures}
        recovered = any(scope not in failing for scope, _ in before.failures)
        if missed_from is not None and (recovered or not failures):
            caught, reached = _catch_up(with_, customer, Window(missed_from - OVERLAP, window.start), failing)
            if not failures:
                failures, since, missing = caught, reached + OVERLAP, reached < window.start
        outcome = PARTIAL if failures else OK, now, window.end, now, failures, read.version, since if missing else None
        state = SourceState(source, *outcome, every=with_.usage_every)
    with_.metrics.put_state(customer.id, state)
    return state


def _older(with_: Collaborators, customer: Customer, before: SourceState, read: WindowRead) -> SourceState:
    """An older window, read again: how far the source is stays, kept answers die."""
    before = with_.metrics.status(customer.id).sources.get(before.source) or before  # another job may have gone on meanwhile
    if read.anything:
        with_.metrics.put_state(customer.id, replace(before, version=read.version))
    return replace(before, failures=read.failures)


def _catch_up(
    with_: Collaborators, customer: Customer, missed: Window, failing: Collection[str]
) -> tuple[tuple[tuple[str, str], ...], datetime]:
    """Reads what was missed, oldest first, some of it a run; the failures that ended it, if any, and how far it came.

    Scopes that are `failing` at present don't end it: it is for those that answer again.
    """
    for piece in islice(missed.pieces(LONGEST), PIECES_A_RUN):
        failures = tuple(failure for failure in _read_window(with_, customer, piece).failures if failure[0] not in failing)
        if failures:
            return failures, piece.start
        missed = Window(piece.end, max(missed.end, piece.end))
    return (), missed.start


def _read_window(with_: Collaborators, customer: Customer, window: Window) -> WindowRead:
    registry = with_.metrics.registry(customer.id)
    listed = registry.listed_at
    relist = listed is None or _list_is_old(window.end - listed, window.end, customer.id)
    if relist and listed and window.end - listed <= LISTED_AT_MOST:
        window = Window(min(window.start, listed - OVERLAP), window.end)
    if whole_days(window).start < with_.clock() - with_.hours_kept:
        window = whole_days(window).clipped(hour_floor(with_.clock()))  # hours that old are not kept: their days must be read as wholes
    reading = with_.usage.read(customer, window, recent_regions(with_, customer, window), registry, relist)
    if not reading.scopes:
        return WindowRead(reading.failures, anything=False)
    hours = [_owned(customer, hour) for hour in hour_buckets(reading.samples, window, reading.scopes, reading.unknown)]
    held = with_.metrics.hours.read(customer.id, whole_days(window))
    hours, days = roll_up(with_, customer, window, hours, held)
    with_.metrics.hours.put(customer.id, hours, held)  # before days, so that a day never tells more than its hours
    version = with_.metrics.usage.put(customer.id, days)
    if reading.registry != registry:
        with_.metrics.put_registry(customer.id, reading.registry)
    return WindowRead(reading.failures, anything=True, version=version)


def _owned(customer: Customer, hour: UsageBucket) -> UsageBucket:
    """Only what is of accounts that were the customer's on that day."""
    theirs = tuple(account for account in customer.account_ids if customer.owns(account, hour.start.date()))
    if len(theirs) == len(customer.account_ids):
        return hour
    return select(hour, Selection(account=theirs)) if theirs else UsageBucket(hour.start)


def _list_is_old(age: timedelta, end: datetime, customer_id: str) -> bool:
    """After six hours, each customer at an hour of its own; an older window has nothing to gain, as old metrics are listed no more."""
    return age >= LISTED_AT_MOST or (age > timedelta() and (end.hour + crc32(customer_id.encode())) % LISTED_HOURS == 0)


def recent_regions(with_: Collaborators, customer: Customer, window: Window) -> dict[str, set[str]]:
    """Per account the regions in which it had a cost shortly before or in the window."""
    first = (window.start - REGION_LOOK_BACK).date()
    regions: dict[str, set[str]] = {}
    for day in with_.metrics.costs.read(customer.id, first, window.end.date()):
        for key in day.keys:
            regions.setdefault(key.account, set()).add(key.region)
    return regions


def roll_up(
    with_: Collaborators, customer: Customer, window: Window, read: Iterable[UsageBucket], held: Iterable[UsageBucket]
) -> tuple[list[UsageBucket], list[UsageBucket]]:
    """(hours, days) to put: what was read now over what was held, and the whole of every day that the window touches.

    An account or region that isn't read now, because it fails or is another customer's by now, keeps what its hours and days had.
    """
    touched = whole_days(window)
    kept = {bucket.start: bucket for bucket in held}
    hours = [overlay(kept.get(bucket.start), bucket) for bucket in read]
    combined = {**kept, **{bucket.start: bucket for bucket in hours}}
    days = []
    old_days = {bucket.start: bucket for bucket in with_.metrics.usage.read(customer.id, *_ends(touched))}
    for day in touched.days():
        start = midnight(day)
        rolled = merge((combined[hour] for hour in Window(start, start + DAY).hours() if hour in combined), start)
        days.append(overlay(old_days.get(start), rolled))
    return hours, days


def _ends(window: Window) -> tuple[date, date]:
    return window.start.date(), (window.end - DAY).date()
