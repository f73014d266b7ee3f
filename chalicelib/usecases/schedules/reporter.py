"""Every five minutes: whatever is due is found by Query and taken up once, in pages, however many look at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.cadence import is_past, window_of
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.due import Due
from chalicelib.domain.errors import InvalidInput, UnknownSchema
from chalicelib.domain.schedule import FINAL, TRIES, Digest, Run, Schedule, taken
from chalicelib.usecases.schedules.parking import park
from chalicelib.usecases.schedules.scheduling import DELIVERY, DIGEST, RUN, Scheduling

AT_ONCE = 16
"""Threads: most of a claim is waiting for DynamoDB."""
PAGE = 200
HELD = timedelta(minutes=15)
"""For so long whoever was handed something over has it to itself."""
UNKNOWN_HELD = timedelta(hours=1)
RESERVE = 10.0
"""With so few seconds left nothing more is begun: the next call goes on."""
JOBS: dict[type, str] = {Run: RUN, Digest: DIGEST, Delivery: DELIVERY}


@dataclass
class Found:
    """What a call did; `failed` couldn't be taken up, `rest` tells that it ran out of time."""

    schedules: int = 0
    runs: int = 0
    handed_over: int = 0
    parked: int = 0
    failed: int = 0
    rest: bool = False


def take_up(with_: Scheduling, now: datetime, left: Callable[[], float], failed: Callable[[Due, Exception], None]) -> Found:
    """Takes up what is due at `now`; what can't be is told to `failed` and holds nothing else up."""
    found = Found()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for page in _pages(due for shard in with_.schedules.shards for due in with_.schedules.due(shard, now)):
            if left() < RESERVE:
                found.rest = True
                break
            jobs: list[dict[str, str]] = []
            for done in pool.map(lambda due: _guarded(with_, due, now, failed), page):
                jobs += done.jobs
                found.schedules, found.runs = found.schedules + done.moved, found.runs + done.runs
                found.handed_over, found.parked = found.handed_over + done.handed_over, found.parked + done.parked
                found.failed += done.failed
            with_.queue.send(jobs)
    return found


@dataclass
class _Done:
    jobs: list[dict[str, str]]
    moved: int = 0
    runs: int = 0
    handed_over: int = 0
    parked: int = 0
    failed: int = 0


def _pages(everything: Iterable[Due]) -> Iterator[list[Due]]:
    iterator = iter(everything)
    while page := list(islice(iterator, PAGE)):
        yield page


def _guarded(with_: Scheduling, due: Due, now: datetime, failed: Callable[[Due, Exception], None]) -> _Done:
    try:
        return _one(with_, due, now)
    except Exception as error:  # noqa: BLE001  one of thousands: it is reported, and the others have their turn
        failed(due, error)
        return _Done([], failed=1)


def _one(with_: Scheduling, due: Due, now: datetime) -> _Done:
    value = due.value
    if isinstance(value, Schedule):
        return _claim(with_, due.customer_id, value, now)
    held = with_.schedules.hold(due, now + (HELD if value else UNKNOWN_HELD))
    if value is None:
        raise UnknownSchema("it can't be read by this version")
    if not held:
        return _Done([])
    return _Done([_job(JOBS[type(value)], due.customer_id, value.key)], handed_over=1)


def _job(kind: str, customer_id: str, key: str) -> dict[str, str]:
    return {"job": kind, "customer_id": customer_id, "key": key}


def _claim(with_: Scheduling, customer_id: str, schedule: Schedule, now: datetime) -> _Done:
    """The schedule moved on and a run for each of its occurrences, in one transaction: of two that try, one does it."""
    try:
        what = taken(schedule, now)
        runs = [run_of(schedule, at, trigger, now) for at, trigger in what.chosen]
    except InvalidInput as error:  # its zone is gone
        return _stumbled(with_, customer_id, schedule, error)
    moved = replace(schedule, next_run=what.next_run, tries=0)
    if what.skipped:
        moved = replace(moved, skipped=schedule.skipped + len(what.skipped), skipped_at=what.skipped[-1])
    new = with_.schedules.take(customer_id, schedule, moved, runs)
    if new is None:
        return _Done([])
    at_once = [run for run in new if run.not_before <= now]
    return _Done([_job(RUN, customer_id, run.key) for run in at_once], moved=1, runs=len(new))


def _stumbled(with_: Scheduling, customer_id: str, schedule: Schedule, error: InvalidInput) -> _Done:
    """Tried again at the next call, and parked after the last try."""
    if schedule.tries + 1 >= TRIES:
        park(with_, customer_id, schedule, str(error))
        return _Done([], parked=1)
    with_.schedules.swap(customer_id, schedule, replace(schedule, tries=schedule.tries + 1))
    return _Done([])


def run_of(schedule: Schedule, occurrence: datetime, trigger: str, now: datetime, number: str = "") -> Run:
    """The run of an occurrence: its report covers the window that the occurrence names, and isn't begun before that is over."""
    window = window_of(schedule.period, occurrence, schedule.cadence.zone) if schedule.period else None
    not_before = max(occurrence, window.end) if window and is_past(schedule.period) else occurrence
    deadline = None
    if schedule.wait_for == FINAL and window:
        deadline = max(not_before, window.end + timedelta(days=schedule.wait_days))
    due_at = not_before if not_before > now else now + HELD
    return Run(schedule, occurrence, trigger, window, not_before, now, due_at, number, deadline)
