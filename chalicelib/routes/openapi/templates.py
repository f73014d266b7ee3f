"""What templates and branding are answered as, and their bodies."""

from __future__ import annotations

from chalicelib.domain.breakdown import DIMENSIONS
from chalicelib.domain.reporting import TYPES
from chalicelib.domain.template import AREAS, SECTIONS
from chalicelib.routes.openapi.parameters import NAMES, schema_in
from chalicelib.routes.openapi.shapes import (
    COUNT,
    FLAG,
    INSTANT,
    LONGEST_TEXT,
    TEXT,
    Schema,
    by_name,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)
from chalicelib.usecases.questions.parameters import LONGEST_TOP
from chalicelib.usecases.reports.branding import LONGEST_NAME
from chalicelib.usecases.reports.request import OF_AREA
from chalicelib.usecases.reports.templates import LONGEST_TITLE, MOST_SECTIONS, SINGLE

EVERY = tuple(name for names in OF_AREA.values() for name in names)
FILTERS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": f"^({'|'.join(DIMENSIONS)}|tag:.+)$", "maxLength": LONGEST_TEXT},
    "additionalProperties": NAMES,
}
FIELDS = said(listed(TEXT, uniqueItems=True), "Columns of its tables; none is all.", default=[])
PART = closed({"section": words(SECTIONS)}, {"fields": FIELDS})


def _single(name: str) -> Schema:
    kind: Schema = {"type": "integer", "minimum": 1, "maximum": LONGEST_TOP} if name == "top" else TEXT
    return nullable(said(kind, schema_in(EVERY, name)["description"]))


TEMPLATE_REQUEST = closed(
    {
        "title": {"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE, "pattern": "\\S", "examples": ["Board pack"]},
        "sections": listed(ref("TemplatePart"), minItems=1, maxItems=MOST_SECTIONS, examples=[[{"section": "summary"}]]),
    },
    {
        "filters": said(FILTERS, "By name; tags are of costs alone."),
        **{name: _single(name) for name in SINGLE},
        "customer_id": nullable(TEXT),
    },
)
TEMPLATE = closed(
    {
        "id": TEXT,
        "title": TEXT,
        "built_in": FLAG,
        "areas": listed(words(AREAS)),
        "sections": listed(closed({"section": words(SECTIONS), "fields": listed(TEXT)})),
        "parameters": by_name(listed(TEXT)),
        "takes": said(listed(TEXT), "The parameters that a report of it takes."),
    }
)
BRANDING_REQUEST = closed(
    {},
    {
        "name": said({"type": "string", "maxLength": LONGEST_NAME}, "For the cover; the customer's own by default.", default=""),
        "colour": said(nullable({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}), "", examples=["#0b4a7a"]),
        "logo": said(nullable(TEXT), "A PNG or JPEG in base64, at most 150,000 bytes; it is decoded and drawn anew."),
        "customer_id": nullable(TEXT),
    },
)
BRANDING = closed(
    {
        "name": nullable(TEXT),
        "colour": nullable(TEXT),
        "logo": nullable(closed({"sha256": TEXT, "size_bytes": COUNT})),
    }
)
DOCUMENT = {
    "type": "object",
    "properties": {"type": words(TYPES), "title": TEXT, "generated_at": INSTANT, "sections": listed({"type": "object"})},
    "required": ["type", "title", "generated_at", "sections"],
    "additionalProperties": True,
}
SCHEMAS: dict[str, Schema] = {
    "TemplatePart": PART,
    "Template": TEMPLATE,
    "Templates": closed({"templates": listed(ref("Template"))}),
    "TemplateRequest": TEMPLATE_REQUEST,
    "ReportDocument": DOCUMENT,
    "Branding": BRANDING,
    "BrandingRequest": BRANDING_REQUEST,
}
