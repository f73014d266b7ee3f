"""What a report is made of: sections in an order, and what they are asked with where a request says nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

COSTS, USAGE, COMPLIANCE = "costs", "usage", "compliance"
AREAS = (COSTS, USAGE, COMPLIANCE)


@dataclass(frozen=True)
class Kind:
    """A section that a template may have. `area` '' is of all that the rest of the template is about; `fields` are the columns of its
    tables that may be chosen: a column's title, small and with _ for blanks."""

    area: str
    title: str
    fields: tuple[str, ...] = ()


def _kind(area: str, title: str, fields: str = "") -> Kind:
    return Kind(area, title, tuple(fields.split()))


SECTIONS = {
    "summary": _kind("", "At a glance"),
    "cost-trend": _kind(COSTS, "Cost over time"),
    "cost-breakdown": _kind(COSTS, "Where the money goes"),
    "cost-drivers": _kind(COSTS, "What changed", "name before now change percent state"),
    "cost-accounts": _kind(COSTS, "Accounts", "account cost share"),
    "cost-regions": _kind(COSTS, "Regions", "region cost share"),
    "cost-anomalies": _kind(COSTS, "Unusual days", "day service expected actual impact percent where"),
    "cost-forecast": _kind(COSTS, "Forecast"),
    "cost-reconciliation": _kind(COSTS, "Reconciliation"),
    "cost-lines": _kind(COSTS, "Cost lines", "day service region account charge billed_cost effective_cost list_cost"),
    "usage-trends": _kind(USAGE, "Usage over time"),
    "usage-breakdown": _kind(USAGE, "What was used"),
    "usage-series": _kind(USAGE, "Usage in detail", "start api_calls storage compute data_transfer"),
    "score": _kind(COMPLIANCE, "Security Hub score"),
    "frameworks": _kind(COMPLIANCE, "Frameworks", "framework score passed failed unknown no_data"),
    "score-bridge": _kind(COMPLIANCE, "What changed the score"),
    "failing-controls": _kind(COMPLIANCE, "Failing controls", "control title severity failed_resources failing_since owner how_to_fix_it"),
    "failing-resources": _kind(COMPLIANCE, "Failing resources", "control severity account region resource type found exception_until"),
    "control-evidence": _kind(
        COMPLIANCE, "Control evidence", "control title severity state failed passed unknown first_seen failing_since said_of_it"
    ),
    "exceptions": _kind(COMPLIANCE, "Exceptions and attestations", "kind control resource status reason approver said until"),
    "spend-at-risk": _kind(COMPLIANCE, "Spend at risk", "account service cost failing_controls"),
}
"""The one list: documents/sections.py has what each of them says."""


@dataclass(frozen=True)
class Part:
    """One section; `fields` are the columns of its tables, in that order, none given is all of them."""

    section: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Template:
    """`parameters` are as a request would give them, and give way to what it gives."""

    id: str
    title: str
    parts: tuple[Part, ...]
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Templates:
    """Those that a customer has saved, by their ids."""

    NAME: ClassVar[str] = "templates"
    saved: tuple[Template, ...] = ()

    def get(self, template_id: str) -> Template | None:
        return next((one for one in self.saved if one.id == template_id), None)

    def without(self, template_id: str) -> Templates:
        return Templates(tuple(one for one in self.saved if one.id != template_id))


def _of(template_id: str, title: str, sections: str) -> Template:
    """Sections between blanks, the fields of one behind a colon."""
    parts = (section.partition(":")[::2] for section in sections.split())
    return Template(template_id, title, tuple(Part(section, tuple(fields.split(",")) if fields else ()) for section, fields in parts))


BUILT_IN = {
    template.id: template
    for template in (
        _of("usage", "Usage report", "summary usage-trends usage-breakdown usage-series"),
        _of(
            "cost-analysis",
            "Cost report",
            "summary cost-trend cost-breakdown cost-drivers cost-accounts cost-regions"
            " cost-anomalies cost-forecast cost-reconciliation cost-lines",
        ),
        _of("compliance", "Compliance report", "summary score frameworks score-bridge exceptions control-evidence"),
        _of("security", "Security report", "summary score failing-controls failing-resources spend-at-risk exceptions"),
        _of(
            "executive-summary",
            "Executive report",
            "summary cost-trend cost-drivers cost-anomalies:day,service,expected,actual,impact,where score"
            " failing-controls:control,title,severity,failed_resources,failing_since usage-trends",
        ),
    )
}
OF_TYPE = {"usage": ("usage",), "costs": ("cost-analysis",), "compliance": ("compliance", "security"), "executive": ("executive-summary",)}
"""Per type of a report the templates that it may have, its usual one first; a custom report may have any, and those that were saved."""


def areas_of(template: Template) -> tuple[str, ...]:
    """What the template is about, in our order; a summary alone is of everything."""
    found = {SECTIONS[part.section].area for part in template.parts} - {""}
    return tuple(area for area in AREAS if not found or area in found)


def narrowed(parameters: Mapping[str, tuple[str, ...]], names: Iterable[str], tags: bool = False) -> dict[str, tuple[str, ...]]:
    """The parameters of these names; with `tags` also every tag:<key>."""
    allowed = frozenset(names)
    return {name: tuple(values) for name, values in parameters.items() if name in allowed or (tags and name.startswith("tag:"))}
