"""What the page's forms send, and what they are answered."""

from __future__ import annotations

from chalicelib.domain.reporting import FORMATS
from chalicelib.routes.openapi.operations import NOBODY, Operation
from chalicelib.routes.openapi.shapes import TEXT, Schema, closed, said, words

REPORTS, SCHEDULES, KEYS = "/page/reports", "/page/schedules", "/page/keys"
A_REPORT, A_SCHEDULE, A_KEY = f"{REPORTS}/{{report_id}}", f"{SCHEDULES}/{{schedule_id}}", f"{KEYS}/{{key_id}}"
CSRF: dict[str, Schema] = {"csrf": said(TEXT, "As the page's form has it.")}
ONCE: dict[str, Schema] = {"once": said(TEXT, "As the page's form has it: sent twice, it is done once.")}
KIND = said(TEXT, "A type of report, or custom: and the template's id.", examples=["costs", "custom:board-pack"])
SCHEMAS: dict[str, Schema] = {
    "PressedForm": closed(CSRF, ONCE),
    "ReportForm": closed(
        {**CSRF, "type": KIND, "format": words(FORMATS), "period": said(TEXT, "Like 30d, or own: first and last day.")},
        {**ONCE, "first": TEXT, "last": said(TEXT, "Included.")},
    ),
}


def _act(path: str, id: str, summary: str, form: str = "PressedForm", problems: tuple[int, ...] = (404,)) -> Operation:
    """A form's operation, which leads back to its view."""
    return Operation("POST", path, id, summary, NOBODY, status=303, problems=(400, 403, *problems, 503), form=form, cookie=True)


OPERATIONS = (
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
)
