"""Templates of a customer's own: checked, previewed, saved, deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Conflict, InvalidInput, NotFound
from chalicelib.domain.reporting import CUSTOM, ReportRecord
from chalicelib.domain.template import BUILT_IN, SECTIONS, Part, Template, Templates, areas_of
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.parameters import FILTERS, is_tag
from chalicelib.usecases.reports.reporting import Reporting
from chalicelib.usecases.reports.request import checked, parameters_of

if TYPE_CHECKING:
    from chalicelib.domain.report import Report

MOST_SAVED, MOST_SECTIONS, LONGEST_TITLE = 50, 30, 100
MOST_PREVIEWED, ROWS_SHOWN = 20_000, 20
"""How many rows a template may have here at most, and how many of each table a preview shows."""
SINGLE = ("period", "start", "end", "breakdown", "granularity", "top", "compare", "cost", "currency", "charges", "framework")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,49}", re.ASCII)


@dataclass(frozen=True)
class PartBody:
    section: str
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TemplateBody:
    """What is sent of a template: sections, and what they are asked with, as the queries have it; `filters` by their names."""

    title: str
    sections: list[PartBody]
    filters: Mapping[str, list[str]] = field(default_factory=dict)
    period: str | None = None
    start: str | None = None
    end: str | None = None
    breakdown: str | None = None
    granularity: str | None = None
    top: int | None = None
    compare: str | None = None
    cost: str | None = None
    currency: str | None = None
    charges: str | None = None
    framework: str | None = None


def template_of(body: TemplateBody, template_id: str, now: datetime) -> Template:
    """The template that the body is; InvalidInput names every member that is wrong."""
    problems = []
    if not body.title.strip() or len(body.title) > LONGEST_TITLE:
        problems.append(("title", f"must hold 1 to {LONGEST_TITLE} characters"))
    if not 0 < len(body.sections) <= MOST_SECTIONS:
        problems.append(("sections", f"must be 1 to {MOST_SECTIONS}"))
    for number, part in enumerate(body.sections):
        kind = SECTIONS.get(part.section)
        if kind is None:
            problems.append((f"sections[{number}].section", "must be one of " + ", ".join(SECTIONS)))
        elif len(set(part.fields)) != len(part.fields) or not set(part.fields) <= set(kind.fields):
            problems.append((f"sections[{number}].fields", "must be each once of " + (", ".join(kind.fields) or "nothing: there are none")))
    problems += [("filters", f"{name} is no filter") for name in body.filters if name not in FILTERS and not is_tag(name)]
    if problems:
        raise InvalidInput(*problems)
    parts = tuple(Part(part.section, tuple(part.fields)) for part in body.sections)
    template = Template(template_id, body.title, parts, _parameters(body))
    checked(template, template.parameters, now)
    return template


def _parameters(body: TemplateBody) -> dict[str, tuple[str, ...]]:
    filters = {name: tuple(values) for name, values in body.filters.items() if values}
    single = {name: (str(value),) for name in SINGLE if (value := getattr(body, name)) is not None}
    return {**filters, **single}


def template_id(text: str) -> str:
    """An id that a customer may give; InvalidInput for any other."""
    if not _ID.fullmatch(text) or text in BUILT_IN:
        raise InvalidInput(("template_id", "must be 1 to 50 of a-z, 0-9 and -, and none of " + ", ".join(BUILT_IN)))
    return text


def save(store: MetricStore, customer_id: str, template: Template) -> Template:
    """Puts it in the place of the one of the same id."""

    def added(held: Templates | None) -> Templates:
        others = (held or Templates()).without(template.id)
        if len(others.saved) >= MOST_SAVED:
            raise Conflict(f"{MOST_SAVED} templates are saved: delete one first")
        return Templates((*others.saved, template))

    store.choices.change(customer_id, Templates, added)
    return template


def delete(store: MetricStore, customer_id: str, wanted: str) -> None:
    """Reports that were asked for with it are made all the same: they hold it themselves."""

    if wanted in BUILT_IN:
        raise Conflict("a built-in template can't be deleted")

    def gone(held: Templates | None) -> Templates:
        before = held or Templates()
        if before.get(wanted) is None:
            raise NotFound("there is no such template")
        return before.without(wanted)

    store.choices.change(customer_id, Templates, gone)


def preview(with_: Reporting, customer_id: str, template: Template) -> Report:
    """What a report of it would say now, of each table its first rows."""
    from chalicelib.usecases.reports.rendering import build  # what lays reports out is only needed here

    now = with_.clock()
    record = ReportRecord("0" * 32, CUSTOM, template, "json", template.parameters, now, 1, "")
    report, _ = build(with_, customer_id, record, MOST_PREVIEWED)
    sections = (replace(section, blocks=tuple(map(_first, section.blocks))) for section in report.sections)
    return replace(report, sections=tuple(sections))


def _first(block: Any) -> Any:
    """Totals stay those of all rows."""
    from chalicelib.domain.report import Table

    if not isinstance(block, Table) or len(block.rows) <= ROWS_SHOWN:
        return block
    told = f"The first {ROWS_SHOWN} of {len(block.rows):,} rows."
    return replace(block, rows=block.rows[:ROWS_SHOWN], note=f"{told} {block.note}".strip())


def shown_template(template: Template, built_in: bool) -> Answer:
    areas = areas_of(template)
    return {
        "id": template.id,
        "title": template.title,
        "built_in": built_in,
        "areas": list(areas),
        "sections": [{"section": part.section, "fields": list(part.fields)} for part in template.parts],
        "parameters": {name: list(values) for name, values in template.parameters.items()},
        "takes": list(parameters_of(template)),
    }
