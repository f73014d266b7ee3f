"""Reports: one asked for by a form, all that there are, and what proves one of them."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.reporting import READY, ReportRecord
from chalicelib.domain.template import COMPLIANCE, Templates, areas_of
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.forms import Form, blank
from chalicelib.routes.pages.report_forms import LABELS, OWN
from chalicelib.routes.pages.words import FORMATS, PERIODS, TYPES, kind_words, period_words
from chalicelib.routes.reports import after_of, checked_id, reporting, shown, verified
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.questions.paging import cursor_of
from chalicelib.usecases.reports import report
from chalicelib.usecases.reports.reporting import fetch

OF_FORM = ("7d", "30d", "90d", "12m", "lastmonth", "mtd")
A_PAGE = 20
DONE = {"deleted": "The report and its document are deleted."}


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    here, found = chosen.at("reports"), chosen.one("report")
    record = fetch(reporting(), asked.customer_id, checked_id(found)) if found else None
    records, position = asked.services.reports.list(asked.customer_id, A_PAGE, after_of(chosen.values), None)
    schedules = (
        {one.id: one.name for one in asked.services.schedules.schedules(asked.customer_id)} if any(one.run for one in records) else {}
    )
    return {
        "notices": [],
        "here": here,
        "done": DONE.get(chosen.one("done"), ""),
        "form": first(chosen),
        "problems": {},
        "labels": LABELS,
        "types": types(asked),
        "formats": FORMATS,
        "monies": monies(asked),
        "spans": {name: PERIODS[name] for name in OF_FORM} | {OWN: "From a day to a day"},
        "one": record and _proven(asked, record),
        "rows": [_row(one) for one in records],
        "schedules": schedules,
        "older": position and cursor_of(position),
        "live": not all(one.finished for one in [*records, *([record] if record else [])]),
    }


def first(chosen: Chosen) -> Form:
    """The form before anything is typed: of the period that was looked at last."""
    period = OWN if chosen.custom else chosen.period if chosen.period in OF_FORM else "30d"
    days = {"first": chosen.one("first"), "last": chosen.one("last")} if chosen.custom else {"first": "", "last": ""}
    return blank(type="costs", format="pdf", period=period, currency=chosen.one("currency"), **days)


def types(asked: AskedByPage) -> dict[str, dict[str, str]]:
    """What the field `type` may say, in groups; a customer's own templates are the second."""
    own = {f"custom:{one.id}": one.title for one in choice_of(asked.metrics, asked.customer_id, Templates).saved}
    return {"Reports": TYPES} | ({"Your templates": own} if own else {})


def monies(asked: AskedByPage) -> dict[str, str]:
    """The currencies to choose from; none where there is no choice."""
    return {currency: currency for currency in asked.currencies}


def _row(record: ReportRecord) -> Answer:
    of_now = areas_of(record.template) == (COMPLIANCE,)
    of = f"as of {record.created_at:%Y-%m-%d}" if of_now else period_words(record.parameters)
    return {**shown(record), "title": kind_words(record.type, record.template.title), "of": of}


def _proven(asked: AskedByPage, record: ReportRecord) -> Answer:
    """The record with what GET /analytics/reports/{report_id}/verify says of it."""
    if record.status != READY:
        return {**_row(record), "restated": None, "proof": None}
    restated = report.restated(reporting(), asked.customer_id, record)
    proof = verified(asked.customer_id, record.id) if record.signed else None
    return {**_row(record), "restated": restated, "proof": proof}
