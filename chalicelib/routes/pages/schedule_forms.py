"""What the page does with schedules: makes one or shows what it would do, pauses, resumes, runs and deletes it.

What only these views need is imported in them, as in routes/schedules.py.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib.routes.authentication import customer_alone, registering
from chalicelib.routes.pages.forms import REFUSED, Form, by_field, done, refused
from chalicelib.routes.pages.guard import FORM, form_of
from chalicelib.routes.pages.report_forms import report_of
from chalicelib.routes.pages.views import shown
from chalicelib.routes.schedules import checked_id, scheduling
from chalicelib.wiring import services

if TYPE_CHECKING:
    from chalicelib.usecases.schedules.request import CadenceBody, ScheduleBody, SchedulePatch

schedule_forms = Blueprint(__name__)
on = registering(schedule_forms, cors=False)
SCHEDULES, VIEW = "/page/schedules", "schedules"
ONE = SCHEDULES + "/{schedule_id}"
LABELS = {
    "name": "Name",
    "type": "Report",
    "format": "Format",
    "period": "Period",
    "currency": "Currency",
    "kind": "How often",
    "minute": "Minute of the hour",
    "at": "Time of day",
    "weekdays": "Weekdays",
    "day": "Day of the month",
    "cron": "Cron expression",
    "timezone": "Time zone",
    "recipients": "Recipients",
    "attach": "Attachment",
    "wait_for": "Final costs",
}
RENAMED = {"report.template": "type"}
OWN = {
    "hourly": ("minute",),
    "daily": ("at",),
    "weekly": ("at", "weekdays"),
    "monthly": ("at", "day"),
    "quarterly": ("at", "day"),
    "cron": ("cron",),
}
"""The fields that a kind of cadence takes; what else was typed counts for nothing."""


def cadence_of(form: Form) -> CadenceBody:
    from chalicelib.usecases.schedules.request import CadenceBody

    kind = form.one("kind")
    own = OWN.get(kind, ())
    usual = CadenceBody(kind)
    return CadenceBody(
        kind,
        form.number("minute") if "minute" in own else usual.minute,
        form.one("at") if "at" in own else usual.at,
        list(form.all("weekdays")) if "weekdays" in own else usual.weekdays,
        form.number("day") if "day" in own else usual.day,
        form.one("cron") if "cron" in own else usual.cron,
    )


def body_of(form: Form) -> ScheduleBody:
    """What POST /analytics/schedules would be sent."""
    from chalicelib.usecases.schedules.request import NO_WAIT, ScheduleBody

    return ScheduleBody(
        form.one("name"),
        {name: value for name, value in report_of(form).items() if value},
        cadence_of(form),
        form.one("timezone"),
        form.one("period") or None,
        list(form.all("recipients")),
        attach=bool(form.one("attach")),
        wait_for=form.one("wait_for") or NO_WAIT,
    )


@on(SCHEDULES, "POST", FORM)
def create() -> Response:
    from chalicelib.usecases.schedules import schedule as use

    request = schedule_forms.current_request
    customer_id, form = customer_alone(request, "report"), Form(form_of(request))
    body = body_of(form)
    schedule_id = (form.once(body) or uuid.uuid4().hex)[:32]
    try:
        schedule = use.create(scheduling(), customer_id, body, schedule_id, request.principal.id)
    except REFUSED as error:
        return refused(request, VIEW, form, by_field(error, LABELS, RENAMED), error)
    request.acted = (customer_id, request.principal.id, f"/analytics/schedules/{schedule.id}")
    return done(request, VIEW, schedule=schedule.id, done="created")


@on(SCHEDULES + "/preview", "POST", FORM)
def preview() -> Response:
    """The next runs of what was typed, which stays typed; nothing is kept."""
    from chalicelib.usecases.schedules import schedule as use
    from chalicelib.usecases.schedules.request import schedule_of

    request = schedule_forms.current_request
    customer_id, form = customer_alone(request, "report"), Form(form_of(request))
    try:
        schedule = schedule_of(body_of(form), "preview", use.asking(scheduling(), customer_id, request.principal.id))
        found = use.preview(schedule, services().clock())
    except REFUSED as error:
        return refused(request, VIEW, form, by_field(error, LABELS, RENAMED), error)
    return shown(request, {"form": form, "previewed": found}, 200, {"view": (VIEW,)})


@on(ONE + "/pause", "POST", FORM)
def pause(schedule_id: str) -> Response:
    from chalicelib.domain.schedule import PAUSED
    from chalicelib.usecases.schedules.request import SchedulePatch

    return _changed(schedule_id, SchedulePatch(status=PAUSED), "paused")


@on(ONE + "/resume", "POST", FORM)
def resume(schedule_id: str) -> Response:
    from chalicelib.domain.schedule import ACTIVE
    from chalicelib.usecases.schedules.request import SchedulePatch

    return _changed(schedule_id, SchedulePatch(status=ACTIVE), "resumed")


def _changed(schedule_id: str, patch: SchedulePatch, told: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    request = schedule_forms.current_request
    customer_id = customer_alone(request, "report")
    try:
        use.change(scheduling(), customer_id, checked_id(schedule_id), patch, request.principal.id)
    except REFUSED as error:
        return refused(request, VIEW, Form({}), {}, error, wrong=str(error))
    request.acted = (customer_id, request.principal.id, f"/analytics/schedules/{schedule_id}")
    return done(request, VIEW, schedule=schedule_id, done=told)


@on(ONE + "/run", "POST", FORM)
def run(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    request = schedule_forms.current_request
    customer_id, form = customer_alone(request, "report"), Form(form_of(request))
    number = use.number_of(form.once(schedule_id) or uuid.uuid4().hex)
    try:
        started = use.run_by_hand(scheduling(), customer_id, checked_id(schedule_id), None, number)
    except REFUSED as error:
        return refused(request, VIEW, Form({}), {}, error, wrong=str(error))
    request.acted = (customer_id, request.principal.id, f"/analytics/schedules/{schedule_id}/runs/{started.key.partition('#')[2]}")
    return done(request, VIEW, schedule=schedule_id, done="run")


@on(ONE + "/delete", "POST", FORM)
def delete(schedule_id: str) -> Response:
    from chalicelib.usecases.schedules import schedule as use

    request = schedule_forms.current_request
    customer_id = customer_alone(request, "report")
    use.delete(scheduling(), customer_id, checked_id(schedule_id))
    request.acted = (customer_id, request.principal.id, f"/analytics/schedules/{schedule_id}")
    return done(request, VIEW, done="deleted")
