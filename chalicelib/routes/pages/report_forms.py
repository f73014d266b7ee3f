"""What the page does with reports: has one made, fetches its document, deletes it."""

from __future__ import annotations

import uuid

from chalice.app import Blueprint, Response

from chalicelib.domain.reporting import CUSTOM
from chalicelib.routes.authentication import customer_alone, registering
from chalicelib.routes.pages.chosen import WINDOW, Chosen
from chalicelib.routes.pages.forms import REFUSED, Form, by_field, done, refused
from chalicelib.routes.pages.guard import FORM, form_of
from chalicelib.routes.reports import checked_id, downloaded, reporting
from chalicelib.usecases.questions.parameters import Parameters
from chalicelib.usecases.reports import report

report_forms = Blueprint(__name__)
on = registering(report_forms, cors=False)
REPORTS = "/page/reports"
ONE = REPORTS + "/{report_id}"
LABELS = {"type": "Report", "format": "Format", "period": "Period", "first": "First day", "last": "Last day", "currency": "Currency"}
RENAMED = {"template": "type", "start": "first", "end": "last"}
"""What the API calls a field otherwise."""
OWN = "own"
"""The period between two days."""


def template_of(form: Form) -> dict[str, str]:
    """A choice of the field `type` names its template, too, where it is a customer's own."""
    kind, _, template = form.one("type").partition(":")
    return {"type": kind, "template": template} if kind == CUSTOM else {"type": kind}


def report_of(form: Form) -> dict[str, str]:
    """All but the window; a currency is of what has costs."""
    with_costs = form.one("type") not in ("usage", "compliance")
    return {**template_of(form), "format": form.one("format"), **({"currency": form.one("currency")} if with_costs else {})}


def body_of(form: Form) -> Parameters:
    """What POST /analytics/reports would be sent. Its days are both included."""
    asked = {name: (value,) for name, value in report_of(form).items() if value}
    own = form.one("period") == OWN
    window = {name: (form.one(name),) for name in WINDOW if (name != "period") == own}
    return {**asked, **Chosen("", values=window).parameters()}


@on(REPORTS, "POST", FORM)
def create() -> Response:
    request = report_forms.current_request
    customer_id, form = customer_alone(request, "report"), Form(form_of(request))
    try:
        body = body_of(form)
        record = report.request(reporting(), customer_id, body, uuid.uuid4().hex, form.once(body))
    except REFUSED as error:
        return refused(request, "reports", form, by_field(error, LABELS, RENAMED), error)
    request.acted = (customer_id, request.principal.id, f"/analytics/reports/{record.id}")
    return done(request, "reports", report=record.id)


@on(ONE + "/download", "GET")
def download(report_id: str) -> Response:
    request = report_forms.current_request
    customer_id = customer_alone(request, "report")
    request.acted = (customer_id, request.principal.id, f"/analytics/reports/{checked_id(report_id)}/download")
    return downloaded(customer_id, report_id)


@on(ONE + "/delete", "POST", FORM)
def delete(report_id: str) -> Response:
    request = report_forms.current_request
    customer_id = customer_alone(request, "report")
    request.acted = (customer_id, request.principal.id, f"/analytics/reports/{checked_id(report_id)}")
    report.delete(reporting(), customer_id, report_id)
    return done(request, "reports", done="deleted")
