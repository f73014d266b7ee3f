"""The page's operations, whose answers are HTML and whose bodies are forms, and what these hold."""

from __future__ import annotations

from chalicelib.domain.cadence import KINDS, WEEKDAYS
from chalicelib.domain.customer import SCOPES
from chalicelib.domain.reporting import FORMATS
from chalicelib.routes.openapi.operations import NOBODY, Operation
from chalicelib.routes.openapi.shapes import TEXT, Schema, closed, listed, said, words

REPORTS, SCHEDULES, KEYS = "/page/reports", "/page/schedules", "/page/keys"
A_REPORT, A_SCHEDULE, A_KEY = f"{REPORTS}/{{report_id}}", f"{SCHEDULES}/{{schedule_id}}", f"{KEYS}/{{key_id}}"
CSRF: dict[str, Schema] = {"csrf": said(TEXT, "As the page's form has it.")}
ONCE: dict[str, Schema] = {"once": said(TEXT, "As the page's form has it: sent twice, it is done once.")}
KIND = said(TEXT, "A type of report, or custom: and the template's id.", examples=["costs", "custom:board-pack"])
SCHEMAS: dict[str, Schema] = {
    "SignInForm": closed({"credential": said(TEXT, "An API key or a JWT.")}),
    "SignOutForm": closed(CSRF),
    "PressedForm": closed(CSRF, ONCE),
    "ReportForm": closed(
        {**CSRF, "type": KIND, "format": words(FORMATS), "period": said(TEXT, "Like 30d, or own: first and last day.")},
        {**ONCE, "first": TEXT, "last": said(TEXT, "Included.")},
    ),
    "ScheduleForm": closed(
        {**CSRF, "name": TEXT, "type": KIND, "format": words(FORMATS), "kind": words(KINDS), "timezone": TEXT},
        {
            **ONCE,
            "period": said(TEXT, "Empty is the cadence's usual one."),
            **dict.fromkeys(("minute", "at", "day", "cron", "attach", "wait_for"), TEXT),
            "weekdays": listed(words(WEEKDAYS)),
            "recipients": listed(TEXT),
        },
    ),
    "KeyForm": closed(CSRF, {"scopes": listed(words(SCOPES)), "expires_in_days": said(TEXT, "Empty is never.")}),
    "RotationForm": closed({**CSRF, "overlap_hours": TEXT}),
}


def _act(path: str, id: str, summary: str, form: str = "PressedForm", problems: tuple[int, ...] = (404,)) -> Operation:
    """A form's operation, which leads back to its view."""
    return Operation("POST", path, id, summary, NOBODY, status=303, problems=(400, 403, *problems, 503), form=form, cookie=True)


def _made(path: str, id: str, summary: str, form: str, problems: tuple[int, ...]) -> Operation:
    """A form's operation whose answer is the view itself."""
    refusals = (400, 403, *problems, 503)
    return Operation("POST", path, id, summary, NOBODY, status=201, problems=refusals, page=True, form=form, cookie=True)


OPERATIONS = (
    Operation("GET", "/", "getPage", "The customer's page, or to sign in", NOBODY, problems=(403, 503), page=True, cookie=True),
    Operation("POST", "/session", "signIn", "Signs in on the page", NOBODY, status=303, problems=(400, 403, 503), form="SignInForm"),
    Operation(
        "POST", "/session/end", "signOut", "Signs out", NOBODY, status=303, problems=(400, 403, 503), form="SignOutForm", cookie=True
    ),
    Operation("GET", "/page/{asset}", "getAsset", "A file of the page's", NOBODY, problems=(404,), asset=True),
    _act(REPORTS, "generateReport", "Has a report made", "ReportForm", (409, 422)),
    Operation(
        "GET",
        f"{A_REPORT}/download",
        "fetchReport",
        "To the report's document",
        NOBODY,
        status=303,
        problems=(400, 403, 404, 409, 503),
        cookie=True,
    ),
    _act(f"{A_REPORT}/delete", "dropReport", "Deletes a report and its document"),
    _act(SCHEDULES, "saveSchedule", "Makes a schedule", "ScheduleForm", (409,)),
    Operation(
        "POST",
        f"{SCHEDULES}/preview",
        "trySchedule",
        "The next runs of a schedule as it was typed; nothing is kept",
        NOBODY,
        problems=(400, 403, 503),
        page=True,
        form="ScheduleForm",
        cookie=True,
    ),
    _act(f"{A_SCHEDULE}/pause", "pauseSchedule", "Pauses a schedule", problems=(404, 409)),
    _act(f"{A_SCHEDULE}/resume", "resumeSchedule", "Sets a schedule to active", problems=(404, 409)),
    _act(f"{A_SCHEDULE}/run", "pressRun", "Runs a schedule now", problems=(404, 409)),
    _act(f"{A_SCHEDULE}/delete", "dropSchedule", "Deletes a schedule"),
    _made(KEYS, "makeKey", "Makes a key, which is shown this once", "KeyForm", (409,)),
    _made(f"{A_KEY}/rotate", "replaceKey", "A second key, and the first one's end", "RotationForm", (404, 409)),
    _act(f"{A_KEY}/revoke", "endKey", "Ends a key, and the sessions that it opened"),
)
