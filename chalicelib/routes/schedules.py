"""Scheduled reports: made, listed, changed, previewed, run by hand, and what became of each run.

What only these views need is imported in them: every container has them, and most answer other requests.
"""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.domain.errors import NotFound
from chalicelib.logs import emit
from chalicelib.routes.answers import encode, fetched, made
from chalicelib.routes.authentication import customer_alone, customer_and_body, customer_of, registering
from chalicelib.routes.parameters import idempotency_key, of_query
from chalicelib.routes.report_links import linking
from chalicelib.routes.reports import reporting
from chalicelib.usecases.questions.paging import PAGE, limit_of, no_such_cursor
from chalicelib.usecases.questions.parameters import check_names, one
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.usecases.schedules.scheduling import Scheduling

schedules = Blueprint(__name__)
on = registering(schedules)
SCHEDULES = "/analytics/schedules"
ONE = SCHEDULES + "/{schedule_id}"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z(-[0-9a-f]{16})?", re.ASCII)


def scheduling() -> Scheduling:
    """The collaborators of schedules and deliveries, for the routes and for the functions that work them off."""
    from chalicelib.usecases.schedules.scheduling import Scheduling

    with_ = services()
    return Scheduling(
        reporting(),
        linking(),
        with_.schedules,
        with_.delivery_queue,
        with_.channels,
        with_.link_for,
        with_.subscription,
        with_.settings.public_url or "",
        partial(emit, with_.settings.stage),
        with_.clock,
    )


@on(SCHEDULES, "POST")
def create() -> Response:
    from chalicelib.usecases.schedules import schedule as use
    from chalicelib.usecases.schedules.request import ScheduleBody

    request = schedules.current_request
    customer_id, body = customer_and_body(request, "report", ScheduleBody)
    schedule = use.create(scheduling(), customer_id, body, uuid.uuid4().hex, request.principal.id)
    return made(use.shown(schedule), 201, {"Location": f"{SCHEDULES}/{schedule.id}"})


@on(SCHEDULES, "GET")
def index() -> Response:
    from chalicelib.usecases.schedules import schedule as use

    customer_id = customer_alone(schedules.current_request, "report")
    found = sorted(services().schedules.schedules(customer_id), key=lambda schedule: (schedule.name, schedule.id))
    return fetched(schedules.current_request, encode({"schedules": [use.shown(schedule) for schedule in found]}))


@on(ONE, "GET")
def show(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    customer_id = customer_alone(schedules.current_request, "report")
    return fetched(schedules.current_request, encode(use.shown(use.fetch_schedule(scheduling(), customer_id, checked_id(schedule_id)))))


@on(ONE, "PATCH")
def change(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use
    from chalicelib.usecases.schedules.request import SchedulePatch

    request = schedules.current_request
    customer_id, body = customer_and_body(request, "report", SchedulePatch)
    return made(use.shown(use.change(scheduling(), customer_id, checked_id(schedule_id), body, request.principal.id)), 200)


@on(ONE, "DELETE")
def remove(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    use.delete(scheduling(), customer_alone(schedules.current_request, "report"), checked_id(schedule_id))
    return Response("", {"Cache-Control": "no-store"}, 204)


@on(ONE + "/preview", "GET")
def preview(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    customer_id = customer_alone(schedules.current_request, "report")
    schedule = use.fetch_schedule(scheduling(), customer_id, checked_id(schedule_id))
    return fetched(schedules.current_request, encode(use.preview(schedule, services().clock())))


@on(ONE + "/run", "POST")
def run(schedule_id: str) -> Response:
    """Now, or a past occurrence once more."""
    from chalicelib.usecases.schedules import schedule as use
    from chalicelib.usecases.schedules.request import RunBody

    request = schedules.current_request
    customer_id, body = customer_and_body(request, "report", RunBody, RunBody())
    number = use.number_of(idempotency_key(request) or uuid.uuid4().hex)
    started = use.run_by_hand(scheduling(), customer_id, checked_id(schedule_id), body.occurrence, number)
    request.acted = (customer_id, request.principal.id, f"{SCHEDULES}/{schedule_id}/runs/{started.key.partition('#')[2]}")
    return made(use.shown_run(started, []), 202, {"Location": f"{SCHEDULES}/{schedule_id}/runs"})


@on(ONE + "/runs", "GET")
def runs(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    request = schedules.current_request
    values, named = of_query(request)
    customer_id = customer_of(request, "report", named)
    check_names(values, PAGE)
    limit, before = limit_of(values, usual=10, most=50), before_of(checked_id(schedule_id), one(values, "cursor"))
    found, position = use.runs_answer(scheduling(), customer_id, schedule_id, limit, before)
    next_cursor = None if position is None else position.partition("#")[2]
    return fetched(request, encode({"runs": found, "next_cursor": next_cursor}))


def before_of(schedule_id: str, cursor: str | None) -> str | None:
    if cursor is not None and not _RUN.fullmatch(cursor):
        raise no_such_cursor()
    return None if cursor is None else f"{schedule_id}#{cursor}"


def checked_id(schedule_id: str) -> str:
    if not _ID.fullmatch(schedule_id):
        raise NotFound("there is no such schedule")
    return schedule_id
