"""Scheduled reports: a schedule, and its runs, one per occurrence of its cadence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from chalicelib.domain.cadence import Cadence, next_run, runs_after
from chalicelib.domain.period import Window

ACTIVE, PAUSED, PARKED = ("active", "paused", "parked")
SKIP, ONCE, ALL = CATCH_UP = ("skip", "once", "all")
FINAL = "final"
ON_TIME = timedelta(minutes=15)
"""An occurrence that is taken up later than that was missed, and what becomes of it is for the schedule to say."""
MOST_MISSED = 300
"""Of all that were missed at most the latest so many are made up for."""
AT_ONCE = 40
"""Occurrences of one schedule that are taken up in one transaction."""
TRIES = 3

WAITING, RENDERING, DELIVERING, FAILED = ("waiting", "rendering", "delivering", "failed")
SCHEDULED, MISSED, NOW, REPLAY = ("schedule", "catch_up", "now", "replay")


@dataclass(frozen=True)
class Schedule:
    """`report` is the body that a report is asked for with. Its window isn't in there: `period` ('' where there is none) and the occurrence
    name it.

    `next_run` is None where it isn't active. `tries` failed in a row, `reason` says why it is parked. `skipped` occurrences were missed and
    not made up for, the last one at `skipped_at`.
    """

    id: str
    name: str
    report: Mapping[str, tuple[str, ...]]
    period: str
    cadence: Cadence
    recipients: tuple[str, ...]
    created_at: datetime
    created_by: str
    updated_at: datetime
    attach: bool = False
    digest: bool = False
    wait_for: str = ""
    wait_days: int = 10
    catch_up: str = ONCE
    status: str = ACTIVE
    reason: str = ""
    next_run: datetime | None = None
    tries: int = 0
    skipped: int = 0
    skipped_at: datetime | None = None
    revision: int = 0

    def occurrences(self, until: datetime) -> Iterator[datetime]:
        """From the next run on, up to that instant."""
        if self.next_run is not None:
            yield from takewhile(lambda at: at <= until, runs_after(self.cadence, self.next_run - timedelta(seconds=1)))


class Taken(NamedTuple):
    """What is to be done of a schedule that is due."""

    chosen: tuple[tuple[datetime, str], ...]
    """(occurrence, what it is triggered by)"""
    skipped: tuple[datetime, ...]
    next_run: datetime | None


def taken(schedule: Schedule, now: datetime) -> Taken:
    """The occurrences up to `now`: those on time are run, and of those that were missed none, the last one or all, as the schedule says."""
    due = list(schedule.occurrences(now))
    missed = [at for at in due if now - at > ON_TIME]
    kept = {SKIP: 0, ONCE: 1, ALL: MOST_MISSED}[schedule.catch_up]
    made_up = missed[len(missed) - min(kept, len(missed)) :]
    chosen = [(at, MISSED) for at in made_up] + [(at, SCHEDULED) for at in due[len(missed) :]]
    skipped = tuple(missed[: len(missed) - len(made_up)])
    if len(chosen) > AT_ONCE:
        return Taken(tuple(chosen[:AT_ONCE]), skipped, chosen[AT_ONCE][0])
    return Taken(tuple(chosen), skipped, next_run(schedule.cadence, due[-1] if due else now))


@dataclass(frozen=True)
class Run:
    """`schedule` is as it was when the occurrence was taken up. `number` '' is the occurrence's own run; a run by hand has one that nobody
    else has.

    Nothing is done before `not_before`; at `deadline` it no longer waits for final costs. `due_at` is when it is looked at. `digest` is the
    owner of the digest that tells its mail recipients, '' where each is told by itself. `revision` is the store's, here as elsewhere.
    """

    schedule: Schedule
    occurrence: datetime
    trigger: str
    window: Window | None
    not_before: datetime
    taken_at: datetime
    due_at: datetime | None
    number: str = ""
    deadline: datetime | None = None
    status: str = WAITING
    tries: int = 0
    report_id: str = ""
    digest: str = ""
    reason: str = ""
    detail: str = ""
    finished_at: datetime | None = None
    room_at: datetime | None = None
    revision: int = 0

    @property
    def key(self) -> str:
        return f"{self.schedule.id}#{stamp(self.occurrence)}{self.number and f'-{self.number}'}"

    @property
    def finished(self) -> bool:
        return self.status in (DELIVERING, FAILED)


def stamp(instant: datetime) -> str:
    """An instant as part of a key: 20261126T070000Z, of one length, so that keys sort as time does."""
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True)
class Digest:
    """The runs of an hour whose mails are one; once it is closed none comes in any more. `due_at` None: it was sent."""

    hour: datetime
    due_at: datetime | None
    runs: tuple[str, ...] = ()
    closed: bool = False
    revision: int = 0

    @property
    def key(self) -> str:
        return stamp(self.hour)

    @property
    def owner(self) -> str:
        return f"digest#{self.key}"
