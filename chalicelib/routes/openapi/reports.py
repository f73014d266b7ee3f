"""What the report routes answer, and the body that asks for one: per type what its parser takes."""

from __future__ import annotations

from chalicelib.domain.breakdown import DIMENSIONS
from chalicelib.domain.reporting import FAILED, FORMAT_ALIASES, FORMATS, QUEUED, READY, RENDERING, TYPE_ALIASES, TYPES
from chalicelib.routes.openapi.parameters import NAME, NAMES, QUERY, schema_in
from chalicelib.routes.openapi.shapes import (
    COUNT,
    ID,
    INSTANT,
    TEXT,
    URL,
    Schema,
    by_name,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)
from chalicelib.usecases.report import PARAMETERS

STATUS = words((QUEUED, RENDERING, READY, FAILED))
OF_REPORT: dict[str, Schema] = {
    "id": ID,
    "status": STATUS,
    "type": words(TYPES),
    "format": words(FORMATS),
    "parameters": said(by_name(listed(TEXT)), "What it was asked for with."),
    "filename": TEXT,
    "size_bytes": nullable(COUNT),
    "attempts": COUNT,
    "reason": said(nullable(TEXT), "Why it failed."),
    "created_at": INSTANT,
    "finished_at": nullable(INSTANT),
}


def _request_of(kind: str) -> Schema:
    """The body that asks for a report of that type; one text or a list where a parameter is repeatable."""
    types = [kind, *(alias for alias, name in TYPE_ALIASES.items() if name == kind)]
    parameters = {name: _member(name, schema_in(PARAMETERS[kind], name)) for name in PARAMETERS[kind]}
    tags = {"patternProperties": {"^tag:.+$": REPEATABLE}} if kind == "costs" else {}
    required = {"type": words(types), "format": words((*FORMATS, *FORMAT_ALIASES))}
    return closed(required, {**parameters, "customer_id": nullable(TEXT)}, **tags)


TOP: Schema = {"anyOf": [QUERY["top"], {"type": "string", "pattern": "^[1-9][0-9]{0,3}$"}, {"type": "null"}]}
REPEATABLE: Schema = {"anyOf": [NAME, {**NAMES, "minItems": 1}, {"type": "null"}]}


def _member(name: str, asked: Schema) -> Schema:
    schema = REPEATABLE if name in DIMENSIONS else TOP if name == "top" else nullable(asked)
    return {**schema, "description": asked["description"]}


SCHEMAS: dict[str, Schema] = {
    "Report": closed(OF_REPORT),
    "Reports": closed({"reports": listed(ref("Report")), "next_cursor": said(nullable(TEXT), "Null on the last page.")}),
    "ReportQueued": closed({"id": ID, "status": STATUS}),
    "ReportReady": closed({"message": TEXT, **OF_REPORT, "url": said(URL, "Works for five minutes.")}),
    **{f"{kind.title()}ReportRequest": _request_of(kind) for kind in TYPES},
    "ReportRequest": {"anyOf": [ref(f"{kind.title()}ReportRequest") for kind in TYPES]},
}
