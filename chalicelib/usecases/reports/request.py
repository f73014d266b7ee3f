"""What is asked for with a report, parsed once: its type, template, format, and parameters that its sections take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import DAY, Window
from chalicelib.domain.reporting import CUSTOM, FORMAT_ALIASES, FORMATS, TYPE_ALIASES, TYPES
from chalicelib.domain.template import BUILT_IN, COMPLIANCE, COSTS, OF_TYPE, USAGE, Template, Templates, areas_of, narrowed
from chalicelib.usecases.questions.costs import COST_PARAMETERS, cost_question
from chalicelib.usecases.questions.paging import PAGE
from chalicelib.usecases.questions.parameters import FILTERS, Parameters, check_names, one
from chalicelib.usecases.questions.usage import USAGE_PARAMETERS, usage_question

WINDOW = ("period", "start", "end")
OWN = ("type", "template", "format")
"""The body's members that are no parameters."""
REPORTS_PARAMETERS = (*PAGE, "status")
"""Of the list of reports."""
OF_AREA = {COSTS: COST_PARAMETERS, USAGE: USAGE_PARAMETERS, COMPLIANCE: (*WINDOW, "framework")}
LONGEST_LIST = 10_000
"""Characters of all parameters: a record holds them twice, its template's and its own."""
AT_RISK = "spend-at-risk"
OF_SEVERAL = (*WINDOW, *FILTERS, "breakdown", "granularity", "top", "compare")
"""What costs and usage have in common."""


class Wanted(NamedTuple):
    type: str
    template: Template
    format: str
    parameters: dict[str, tuple[str, ...]]
    filename: str


def parameters_of(template: Template) -> tuple[str, ...]:
    """What a report of it takes; tag:<key> comes on top where it is of costs and not of usage."""
    areas = areas_of(template)
    if len(areas) > 1:
        several = OF_SEVERAL if USAGE in areas else tuple(name for name in COST_PARAMETERS if name != "as_of" or COMPLIANCE not in areas)
        costs = ("cost", "currency") if COSTS in areas and USAGE in areas else ()
        return (*several, *costs, *(("framework",) if COMPLIANCE in areas else ()))
    at_risk = ("cost", "currency") if areas == (COMPLIANCE,) and any(part.section == AT_RISK for part in template.parts) else ()
    return (*OF_AREA[areas[0]], *at_risk)


def takes_tags(template: Template) -> bool:
    areas = areas_of(template)
    return COSTS in areas and USAGE not in areas


def wanted_of(customer_id: str, body: Parameters, saved: Templates, now: datetime) -> Wanted:
    """InvalidInput names what is wrong; what the body leaves open is as its template has it."""
    kind, form = _choice(body, "type", TYPES, TYPE_ALIASES), _choice(body, "format", FORMATS, FORMAT_ALIASES)
    template = _template(kind, one(body, "template"), saved)
    given = {name: tuple(values) for name, values in sorted(body.items()) if name not in OWN}
    parameters = merged(template.parameters, given)
    window = checked(template, parameters, now)
    filename = f"{customer_id}_{_name(kind, template)}_{_span(template, window, now)}.{form}"
    return Wanted(kind, template, form, parameters, filename)


def digest_of(body: Parameters) -> str:
    """Equal for bodies that say the same, whatever the order of their members; it needn't be a good one."""
    aliases = {"type": TYPE_ALIASES, "format": FORMAT_ALIASES}
    said = {name: tuple(aliases.get(name, {}).get(value, value) for value in values) for name, values in sorted(body.items())}
    return hashlib.sha256(repr(said).encode(errors="backslashreplace")).hexdigest()


def merged(own: Mapping[str, tuple[str, ...]], given: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The given parameters over the template's own; a window that is given replaces the whole of the other one."""
    kept = {name: values for name, values in own.items() if name not in WINDOW} if set(WINDOW) & set(given) else dict(own)
    return dict(sorted({**kept, **given}.items()))


def checked(template: Template, parameters: Mapping[str, tuple[str, ...]], now: datetime) -> Window:
    """The window that the parameters mean now; InvalidInput names each that the template's sections don't take."""
    areas = areas_of(template)
    check_names(parameters, parameters_of(template), tags=takes_tags(template))
    sizes = {name: len(name) + sum(map(len, values)) for name, values in parameters.items()}
    if sum(sizes.values()) > LONGEST_LIST:
        raise InvalidInput((max(sizes, key=sizes.__getitem__), f"is too long: all that is asked with may have {LONGEST_LIST} characters"))
    if COSTS in areas:
        window = cost_question(narrowed(parameters, COST_PARAMETERS, tags=True), now).window
    if USAGE in areas or COSTS not in areas:
        window = usage_question(narrowed(parameters, USAGE_PARAMETERS), now).window
    return window


def _choice(body: Parameters, name: str, allowed: Iterable[str], aliases: Mapping[str, str]) -> str:
    given = one(body, name)
    chosen = aliases.get(given or "", given)
    if chosen not in tuple(allowed):
        raise InvalidInput((name, "must be one of " + ", ".join([*allowed, *aliases])))
    return str(chosen)


def _template(kind: str, name: str | None, saved: Templates) -> Template:
    if kind != CUSTOM:
        allowed = OF_TYPE[kind]
        if name is not None and name not in allowed:
            raise InvalidInput(("template", f"must be {' or '.join(allowed)} for a report of that type"))
        return BUILT_IN[name or allowed[0]]
    if name is None:
        raise InvalidInput(("template", "must be given for a custom report"))
    found = saved.get(name) or BUILT_IN.get(name)
    if found is None:
        raise InvalidInput(("template", "is none that was saved, and none of " + ", ".join(BUILT_IN)))
    return found


def _name(kind: str, template: Template) -> str:
    """The template is named where the type doesn't tell it."""
    return kind if kind != CUSTOM and template.id == OF_TYPE[kind][0] else f"{kind}-{template.id}"


def _span(template: Template, window: Window, now: datetime) -> str:
    if areas_of(template) == (COMPLIANCE,):
        return f"{now:%Y-%m-%d}"
    return f"{window.start:%Y-%m-%d}_{(window.end - DAY if window.whole_days else window.end):%Y-%m-%d}"
