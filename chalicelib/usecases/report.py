"""Reports: asked for, rendered from the queue, kept, fetched, deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

from chalicelib.domain.errors import AnalyticsError, Conflict, InvalidInput, KeyReused, NotFound, StoreUnavailable
from chalicelib.domain.period import DAY
from chalicelib.domain.reporting import (
    FAILED,
    FORMAT_ALIASES,
    FORMATS,
    QUEUED,
    READY,
    RENDERING,
    TYPE_ALIASES,
    TYPES,
    ReportRecord,
)
from chalicelib.usecases.charging import charging, rates_of
from chalicelib.usecases.ports import Clock, CustomerDirectory, MetricStore, Queue
from chalicelib.usecases.ports_reports import ReportFiles, ReportStore
from chalicelib.usecases.query_costs import cost_answer, lines_of
from chalicelib.usecases.query_usage import usage_answer
from chalicelib.usecases.questions import (
    USAGE_PARAMETERS,
    ComplianceQuestion,
    Parameters,
    UsageQuestion,
    check_names,
    one,
    usage_question,
)
from chalicelib.usecases.questions_costs import COST_PARAMETERS, CostQuestion, cost_question

if TYPE_CHECKING:
    from chalicelib.domain.report import Report, Section

ATTEMPTS = 3
WINDOW = ("period", "start", "end")
PARAMETERS = {
    "usage": USAGE_PARAMETERS,
    "costs": COST_PARAMETERS,
    "compliance": (*WINDOW, "framework"),
    "executive": (*WINDOW, "cost", "currency"),
}
Render = Callable[["Report", str, BinaryIO], None]
IN_MEMORY = 16 * 2**20


@dataclass(frozen=True)
class Reporting:
    """The collaborators of everything here. `content_type` is by format."""

    customers: CustomerDirectory
    metrics: MetricStore
    records: ReportStore
    files: ReportFiles
    queue: Queue
    render: Render
    content_type: Callable[[str], str]
    clock: Clock


def request(with_: Reporting, customer_id: str, body: Parameters, report_id: str, idempotent: bool) -> ReportRecord:
    """Records the report as queued and queues it; the same idempotent request again gives the same report, another body is refused."""
    record = _record(customer_id, body, report_id, with_.clock())
    if not with_.records.create(customer_id, record):
        held = with_.records.get(customer_id, report_id)
        if not idempotent or held is None:
            raise Conflict("a report of this id is there")
        if held.digest != record.digest:
            raise KeyReused(("Idempotency-Key", "was used with another body"))
        record = held
    if record.status == QUEUED:
        with_.queue.send([{"job": "report", "customer_id": customer_id, "report_id": record.id}])
    return record


def _record(customer_id: str, body: Parameters, report_id: str, now: datetime) -> ReportRecord:
    kind, form = _choice(body, "type", TYPES, TYPE_ALIASES), _choice(body, "format", FORMATS, FORMAT_ALIASES)
    parameters = {name: tuple(values) for name, values in sorted(body.items()) if name not in ("type", "format")}
    check_names(parameters, PARAMETERS[kind], tags=kind == "costs")
    question = _window_question(kind, parameters, now)
    window = question.window
    span = f"{window.start:%Y-%m-%d}_{(window.end - DAY if window.whole_days else window.end):%Y-%m-%d}"
    filename = f"{customer_id}_{kind}_{f'{now:%Y-%m-%d}' if kind == 'compliance' else span}.{form}"
    digest = hashlib.sha256(repr((kind, form, parameters)).encode()).hexdigest()
    return ReportRecord(report_id, kind, form, parameters, digest, now, filename=filename)


def _choice(body: Parameters, name: str, allowed: Iterable[str], aliases: Mapping[str, str]) -> str:
    given = one(body, name)
    chosen = aliases.get(given or "", given)
    if chosen not in tuple(allowed):
        raise InvalidInput((name, "must be one of " + ", ".join([*allowed, *aliases])))
    return str(chosen)


def _window_question(kind: str, parameters: Parameters, now: datetime) -> UsageQuestion:
    """The window is fixed when the report is asked for; compliance is now, whatever period came with it."""
    if kind in ("costs", "executive"):
        return cost_question(parameters, now)
    return usage_question({name: values for name, values in parameters.items() if name != "framework"}, now)


def fetch(with_: Reporting, customer_id: str, report_id: str) -> ReportRecord:
    record = with_.records.get(customer_id, report_id)
    if record is None:
        raise NotFound("there is no such report")
    return record


def link(with_: Reporting, customer_id: str, report_id: str) -> str:
    """Where the ready document can be fetched for five minutes; Conflict before that."""
    record = fetch(with_, customer_id, report_id)
    if record.status != READY:
        raise Conflict(f"the report is {record.status}")
    return with_.files.url(customer_id, record)


def delete(with_: Reporting, customer_id: str, report_id: str) -> None:
    """The record first, so that a rendering under way can't bring it back; then the document."""
    record = fetch(with_, customer_id, report_id)
    with_.records.delete(customer_id, report_id)
    if record.filename:
        with_.files.delete(customer_id, record)


def run(with_: Reporting, customer_id: str, report_id: str) -> None:
    """Renders a queued report and keeps it; repeated by the queue until it is finished, at most three times."""
    record = with_.records.get(customer_id, report_id)
    if record is None or record.finished:
        return
    if record.attempts >= ATTEMPTS:  # each try ended without a word: out of time or memory
        _finish(with_, customer_id, replace(record, status=FAILED, reason="gave_up: every attempt was cut off"))
        return
    record = replace(record, status=RENDERING, attempts=record.attempts + 1)
    with_.records.put(customer_id, record)
    try:
        size = _render(with_, customer_id, record)
    except (InvalidInput, StoreUnavailable) as error:
        if isinstance(error, StoreUnavailable) and record.attempts < ATTEMPTS:
            raise
        _finish(with_, customer_id, replace(record, status=FAILED, reason=f"{error.code}: {error}"))
        return
    except Exception:
        if record.attempts >= ATTEMPTS:
            _finish(with_, customer_id, replace(record, status=FAILED, reason=AnalyticsError.code))
        raise
    if not _finish(with_, customer_id, replace(record, status=READY, size_bytes=size)):
        with_.files.delete(customer_id, record)


def _render(with_: Reporting, customer_id: str, record: ReportRecord) -> int:
    """Makes the document, on disk where it is large, and keeps it; returns its bytes' number."""
    report = build(with_, customer_id, record)
    with SpooledTemporaryFile(IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        with_.render(report, record.format, file)
        size = file.tell()
        file.seek(0)
        with_.files.put(customer_id, record, file, with_.content_type(record.format))
    return size


def _finish(with_: Reporting, customer_id: str, record: ReportRecord) -> bool:
    return with_.records.put(customer_id, replace(record, finished_at=with_.clock()))


def build(with_: Reporting, customer_id: str, record: ReportRecord) -> Report:
    """The report's value, as of when it was asked for."""
    from chalicelib.usecases import documents  # only the report engine lays out what the API records
    from chalicelib.usecases.query_compliance import compliance_answer

    customer = with_.customers.get(customer_id)
    at, kind = record.created_at, record.type
    facts: list[tuple[str, str]] = []
    sections: list[Section] = []
    if kind in ("costs", "executive"):
        cost_facts, cost_sections = _costs(with_, customer_id, record, detail=kind == "costs")
        facts += cost_facts
        sections += cost_sections
    if kind in ("usage", "executive"):
        usage = usage_answer(with_.metrics, customer_id, _usage_question(record), with_.metrics.status(customer_id), at)
        facts += documents.window_facts(usage) if kind == "usage" else [("Usage through", str(usage["data_through"] or "no data yet"))]
        sections += [documents.usage_summary(usage)] + ([documents.usage_detail(usage)] if kind == "usage" else [])
    if kind in ("compliance", "executive"):
        question = ComplianceQuestion(one(record.parameters, "framework"), None)
        compliance = compliance_answer(with_.metrics, customer_id, question, with_.metrics.status(customer_id), at)
        facts += documents.compliance_facts(compliance)
        sections += [documents.compliance_summary(compliance), documents.compliance_detail(compliance)]
    return documents.report(kind, customer_id, customer.name if customer else customer_id, at, facts, sections)


def _usage_question(record: ReportRecord) -> UsageQuestion:
    names = WINDOW if record.type == "executive" else USAGE_PARAMETERS
    return usage_question({name: values for name, values in record.parameters.items() if name in names}, record.created_at)


def _costs(with_: Reporting, customer_id: str, record: ReportRecord, detail: bool) -> tuple[list[tuple[str, str]], list[Section]]:
    from chalicelib.usecases import documents

    question: CostQuestion = cost_question(record.parameters, record.created_at)
    status = with_.metrics.status(customer_id)
    answer = cost_answer(with_.metrics, customer_id, question, status, record.created_at)
    sections = [documents.cost_summary(answer)]
    if detail:
        window = question.window
        currency = str(answer["currency"]) if answer["currency"] else None
        read = with_.metrics.costs.read(customer_id, window.start.date(), (window.end - DAY).date(), as_of=question.as_of)
        days = charging(rates_of(with_.metrics, customer_id, status))(read)
        lines = [(day.day, line) for day in days for line in lines_of(day, question, currency)]
        sections.append(documents.cost_detail(lines, currency or ""))
    return documents.cost_facts(answer), sections
