"""What the report routes answer, and the body that asks for one: per type what its templates take."""

from __future__ import annotations

from chalicelib.domain.breakdown import DIMENSIONS
from chalicelib.domain.reporting import CUSTOM, FORMAT_ALIASES, FORMATS, STATUSES, TYPE_ALIASES, TYPES
from chalicelib.domain.template import BUILT_IN, OF_TYPE
from chalicelib.routes.openapi.parameters import NAME, NAMES, QUERY, schema_in
from chalicelib.routes.openapi.shapes import (
    COUNT,
    FLAG,
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
from chalicelib.usecases.reports.links import LONGEST_DAYS
from chalicelib.usecases.reports.request import OF_AREA, parameters_of, takes_tags

STATUS = words(STATUSES)
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
OF_REPORT: dict[str, Schema] = {
    "id": ID,
    "status": STATUS,
    "type": words(TYPES),
    "template": TEXT,
    "format": words(FORMATS),
    "parameters": said(by_name(listed(TEXT)), "What it was asked for with."),
    "filename": TEXT,
    "size_bytes": nullable(COUNT),
    "rows": said(nullable(COUNT), "Of all its tables."),
    "estimated": said(nullable(FLAG), "Whether its costs may still change; null without costs."),
    "data_through": nullable(INSTANT),
    "attempts": COUNT,
    "reason": said(nullable(TEXT), "The code of why it failed."),
    "detail": said(nullable(TEXT), "Why it failed, in words."),
    "created_at": INSTANT,
    "started_at": nullable(INSTANT),
    "finished_at": nullable(INSTANT),
    "expires_at": INSTANT,
    "schedule_id": said(nullable(ID), "Whose run it is, if it is one's."),
    "timings": closed({"queued_ms": nullable(COUNT), "rendering_ms": nullable(COUNT)}),
}
RESTATED = said(
    nullable(closed({"days": COUNT, "since": nullable(INSTANT)})),
    "Days of its window that say something else since it was made, or anything only since; null of what has no days.",
)


def parameters_of_type(kind: str) -> tuple[str, ...]:
    """What any of its templates takes, which for a custom report are all."""
    lists = OF_AREA.values() if kind == CUSTOM else [parameters_of(BUILT_IN[name]) for name in OF_TYPE[kind]]
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _request_of(kind: str) -> Schema:
    """The body that asks for a report of that type; one text or a list where a parameter is repeatable."""
    types = [kind, *(alias for alias, name in TYPE_ALIASES.items() if name == kind)]
    names = parameters_of_type(kind)
    parameters = {name: _member(name, schema_in(names, name)) for name in names}
    tags = {"patternProperties": {"^tag:.+$": REPEATABLE}} if kind == CUSTOM or takes_tags(BUILT_IN[OF_TYPE[kind][0]]) else {}
    required = {"type": words(types), "format": words((*FORMATS, *FORMAT_ALIASES))}
    template = {"template": said(TEXT, "One of your own, or a built-in one.")} if kind == CUSTOM else {}
    chosen = {} if kind == CUSTOM else {"template": said(nullable(words(OF_TYPE[kind])), "The first by default.")}
    return closed({**required, **template}, {**parameters, **chosen, "customer_id": nullable(TEXT)}, **tags)


TOP: Schema = {"anyOf": [QUERY["top"], {"type": "string", "pattern": "^[1-9][0-9]{0,3}$"}, {"type": "null"}]}
REPEATABLE: Schema = {"anyOf": [NAME, {**NAMES, "minItems": 1}, {"type": "null"}]}


def _member(name: str, asked: Schema) -> Schema:
    schema = REPEATABLE if name in DIMENSIONS else TOP if name == "top" else nullable(asked)
    return {**schema, "description": asked["description"]}


OF_LINK: dict[str, Schema] = {
    "id": {"type": "string", "pattern": "^[a-z2-7]{16}$"},
    "created_at": INSTANT,
    "created_by": TEXT,
    "expires_at": INSTANT,
    "revoked_at": nullable(INSTANT),
    "uses": COUNT,
    "last_used_at": nullable(INSTANT),
}
MANIFEST = closed(
    {
        "manifest": TEXT,
        "made_by": TEXT,
        "report_id": ID,
        "customer_id": TEXT,
        "type": words(TYPES),
        "template": TEXT,
        "sections": said(listed(TEXT), "Of the template as it was; the fields of one behind colons."),
        "parameters": by_name(listed(TEXT)),
        "as_of": INSTANT,
        "estimated": nullable(FLAG),
        "data_through": nullable(INSTANT),
        "watermarks": said(by_name(nullable(INSTANT)), "How far each source was complete."),
        "data_set_sha256": said(SHA256, "Of facts and sections in the canonical JSON: equal for all formats of the same data."),
        "documents": listed(
            closed({"filename": TEXT, "format": words(FORMATS), "content_type": TEXT, "size_bytes": COUNT, "sha256": SHA256})
        ),
    }
)
VERIFIED = closed(
    {
        "id": ID,
        "valid": FLAG,
        "document": words(("ok", "altered", "missing")),
        "signature_check": words(("ok", "bad", "unknown_key")),
        "manifest": ref("Manifest"),
        "signature": said(TEXT, "Of the manifest as JSON with sorted names and nothing between, in base64."),
        "algorithm": words(("Ed25519",)),
        "public_key": TEXT,
        "fingerprint": SHA256,
    }
)
LINK_REQUEST = closed(
    {},
    {
        "expires_in_days": said({"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}, "", default=7),
        "customer_id": nullable(TEXT),
    },
)
SCHEMAS: dict[str, Schema] = {
    "Report": closed(OF_REPORT),
    "ReportNow": closed({**OF_REPORT, "restated": RESTATED}),
    "Reports": closed({"reports": listed(ref("Report")), "next_cursor": said(nullable(TEXT), "Null on the last page.")}),
    "ReportQueued": closed({"id": ID, "status": STATUS}, {"reason": TEXT, "detail": TEXT}),
    "ReportReady": closed({"message": TEXT, **OF_REPORT, "url": said(URL, "Works for five minutes.")}),
    **{f"{kind.title()}ReportRequest": _request_of(kind) for kind in TYPES},
    "ReportRequest": {"anyOf": [ref(f"{kind.title()}ReportRequest") for kind in TYPES]},
    "Manifest": MANIFEST,
    "Verified": VERIFIED,
    "Link": closed(OF_LINK),
    "Links": closed({"links": listed(ref("Link"))}),
    "NewLink": closed({**OF_LINK, "url": said(URL, "Shown once: whoever has it can open the document.")}),
    "LinkRequest": LINK_REQUEST,
}
