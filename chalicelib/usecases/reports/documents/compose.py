"""From a template and parameters to a report's value, and what its record says of its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.branding import Branding
from chalicelib.domain.names import NONE
from chalicelib.domain.report import Report
from chalicelib.domain.template import COMPLIANCE, COSTS, USAGE, Template
from chalicelib.usecases.questions.parameters import FILTERS, is_tag
from chalicelib.usecases.reports.documents.asked import Answer, Asked
from chalicelib.usecases.reports.documents.costs import BASIS_LABELS
from chalicelib.usecases.reports.documents.layout import span
from chalicelib.usecases.reports.documents.sections import section_of
from chalicelib.usecases.reports.request import WINDOW

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Basis:
    """What a report's numbers rest on: `data_through` is how far all of it is known, `watermarks` how far each source was complete;
    `estimated` None is of no costs."""

    estimated: bool | None
    data_through: datetime | None
    watermarks: Mapping[str, str | None]


def compose(kind: str, template: Template, asked: Asked, customer_name: str, brand: Branding) -> Report:
    title = f"{template.title} for {brand.name or customer_name}"
    sections = tuple(section_of(part, asked) for part in template.parts)
    facts = (*_facts(asked), ("Template", template.id))
    return Report(kind, title, asked.customer_id, customer_name, asked.at, facts, sections, template.id, brand)


def basis_of(asked: Asked) -> Basis:
    """Of the same answers that the sections were made of."""
    answers = list(asked.answers)
    watermarks = {source["source"]: source["data_through"] for answer in answers for source in answer["coverage"]["sources"]}
    through = [answer["data_through"] for answer in answers]
    estimated = asked.costs["estimated"] if COSTS in asked.areas else None
    return Basis(estimated, datetime.fromisoformat(min(through)) if all(through) else None, dict(sorted(watermarks.items())))


def _facts(asked: Asked) -> Facts:
    found: list[tuple[str, str]] = []
    if COSTS in asked.areas:
        found += [*cost_facts(asked.costs), *_versions(asked)]
    if USAGE in asked.areas:
        usage = asked.usage
        found += [("Usage through", _moment(usage["data_through"]))] if COSTS in asked.areas else _window_facts(usage)
    if COMPLIANCE in asked.areas:
        answer = asked.compliance
        found += [("Compliance as of", _moment(answer["data_through"])), ("Product", answer["score"]["product"] or NONE)]
        found += [("Definition", answer["score"]["definition"]), *([("Framework", asked.framework)] if asked.framework else [])]
        if asked.areas == (COMPLIANCE,) and any(name in asked.parameters for name in WINDOW):
            found.append(("Period", "now: compliance takes no period, whatever was asked for"))
    return tuple(found) + tuple(("Only", narrowed) for narrowed in _filters(asked))


def _filters(asked: Asked) -> Iterator[str]:
    """What narrows costs and usage, a line each."""
    for name, values in asked.parameters.items():
        if name in FILTERS or is_tag(name):
            yield f"{name} {', '.join(values)}"
    if asked.parameters.get("charges") == ("usage",):
        yield "charges for usage"


def _versions(asked: Asked) -> Iterator[tuple[str, str]]:
    """Which version of the days it tells of, where that isn't the first one."""
    answer = asked.costs
    if answer["as_of"]:
        yield "As it was known at", _moment(answer["as_of"])
    if answer["restated"]["days"]:
        yield (
            "Restated",
            f"{answer['restated']['days']} days say something else than at first, last changed {_moment(answer['restated']['since'])}",
        )


def _window_facts(answer: Answer) -> list[tuple[str, str]]:
    return [("Period", f"{span(answer['window'])}{_typed(answer)}"), ("Data through", _moment(answer["data_through"]))]


def _typed(answer: Answer) -> str:
    """The period as it was asked for, where it has a name."""
    return "" if "/" in answer["period"] else f" ({answer['period']})"


def _moment(text: str | None) -> str:
    return "no data yet" if text is None else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def cost_facts(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        *_window_facts(answer),
        ("Amounts", f"{BASIS_LABELS[answer['cost']]} in {answer['currency'] or 'no currency'}"),
        ("Status", _status(answer)),
    ]


def _status(answer: Answer) -> str:
    """Final is said only of a period whose every day is known and final."""
    present, expected = answer["coverage"]["days_present"], answer["coverage"]["days_expected"]
    if not present:
        return "unknown: no day of this period is known"
    if answer["estimated"]:
        return "estimated: the bill of this period is not final"
    return "final" if present >= expected else f"final for {present} of {expected} days: the others are unknown"
