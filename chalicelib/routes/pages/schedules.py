"""Schedules: all that there are, what one does next and has done, and the form of another one."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from chalicelib.domain.cadence import KINDS, WEEKDAYS
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.recipient import DOMAIN, Recipient
from chalicelib.domain.reporting import FORMAT_ALIASES, TYPE_ALIASES
from chalicelib.domain.schedule import Schedule
from chalicelib.domain.template import BUILT_IN
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.forms import Form, blank
from chalicelib.routes.pages.reports import monies, types
from chalicelib.routes.pages.schedule_forms import LABELS
from chalicelib.routes.pages.words import FORMATS, PERIODS, cadence_words, kind_words, period_words
from chalicelib.routes.schedules import before_of, checked_id, scheduling
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.schedules import schedule as use

USUAL = {"": "As the cadence has it"}
OF_FORM = ("yesterday", "lastweek", "lastmonth", "lastquarter", "mtd", "7d", "30d", "90d")
RUNS_A_PAGE = 10
WATCHED_FOR = timedelta(minutes=10)
"""A run that isn't over by then takes hours, or days: it isn't looked at every other second."""
UNDER_WAY = ("waiting", "rendering", "delivering")
DONE = {
    "created": "The schedule is made. It runs by itself from now on.",
    "paused": "The schedule is paused: it doesn't run before it is resumed.",
    "resumed": "The schedule is active again.",
    "run": "It runs now. What becomes of it stands among the runs.",
    "deleted": "The schedule is deleted. Its reports stay.",
}


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    with_ = scheduling()
    recipients = with_.recipients(asked.customer_id)
    kinds = types(asked)
    own = {f"custom:{one.id}": one.title for one in BUILT_IN.values()} | {
        name: title for group in kinds.values() for name, title in group.items()
    }
    named = {one.id: _address(one) for one in recipients.all}
    found = sorted(with_.schedules.schedules(asked.customer_id), key=lambda one: (one.name, one.id))
    return {
        "notices": [],
        "here": chosen.at("schedules"),
        "done": DONE.get(chosen.one("done"), ""),
        "wrong": "",
        "form": first(),
        "problems": {},
        "labels": LABELS,
        "types": kinds,
        "formats": FORMATS,
        "monies": monies(asked),
        "spans": USUAL | {name: PERIODS[name] for name in OF_FORM},
        "kinds": {kind: kind.capitalize() for kind in KINDS},
        "weekdays": WEEKDAYS,
        "zones": zones(),
        "recipients": [(one, named[one.id]) for one in recipients.all if one.channel != DOMAIN and recipients.verified(one)],
        "unproven": [named[one.id] for one in recipients.all if one.channel != DOMAIN and not recipients.verified(one)],
        "rows": [_row(one, own, named) for one in found],
        "previewed": None,
        "one": _one(asked, chosen, own, named) if chosen.one("schedule") else None,
    }


def first() -> Form:
    """The form before anything is typed."""
    cadence = {"kind": "monthly", "minute": "0", "at": "07:00", "weekdays": "mon", "day": "1", "cron": ""}
    return blank(name="", type="costs", format="pdf", period="", timezone="UTC", currency="", **cadence)


@cache
def zones() -> tuple[str, ...]:
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def _address(recipient: Recipient) -> str:
    return f"{recipient.name} ({recipient.shown_address})" if recipient.name else recipient.shown_address


def _row(schedule: Schedule, own: dict[str, str], named: dict[str, str]) -> Answer:
    report = {name: values[0] for name, values in schedule.report.items()}
    kind, form, template = report["type"], report["format"], report.get("template", "")
    return {
        **use.shown(schedule),
        "title": kind_words(TYPE_ALIASES.get(kind, kind), own.get(f"custom:{template}", template)),
        "format": FORMAT_ALIASES.get(form, form),
        "of": period_words({"period": (schedule.period,)}) if schedule.period else "",
        "words": cadence_words(schedule.cadence),
        "to": [named[one] for one in schedule.recipients if one in named],
    }


def _one(asked: AskedByPage, chosen: Chosen, own: dict[str, str], named: dict[str, str]) -> Answer:
    """One schedule with what GET .../preview and GET .../runs tell of it."""
    with_, schedule_id = scheduling(), checked_id(chosen.one("schedule"))
    schedule = use.fetch_schedule(with_, asked.customer_id, schedule_id)
    before = before_of(schedule_id, chosen.one("cursor") or None)
    runs, position = use.runs_answer(with_, asked.customer_id, schedule_id, RUNS_A_PAGE, before)
    try:
        coming, gone = use.preview(schedule, asked.at)["runs"], ""
    except InvalidInput as error:  # its zone is gone
        coming, gone = [], str(error)
    return {
        **_row(schedule, own, named),
        "coming": coming,
        "gone": gone,
        "runs": runs,
        "older": position and position.partition("#")[2],
        "live": any(_moves(run, asked.at) for run in runs),
    }


def _moves(run: Answer, now: datetime) -> bool:
    return run["status"] in UNDER_WAY and now - datetime.fromisoformat(str(run["taken_at"])) < WATCHED_FOR
