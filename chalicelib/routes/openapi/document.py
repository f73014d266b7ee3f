"""The OpenAPI 3.1 document, put together from the operations, the parameters and the schemas."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from chalicelib.routes.answers import encode
from chalicelib.routes.limits import HEADERS as RATE_LIMITS
from chalicelib.routes.openapi import access, billing, compliance, costs, pages, parameters, problems, reports, schedules, templates, usage
from chalicelib.routes.openapi.operations import OPERATIONS, Operation
from chalicelib.routes.openapi.shapes import ID, TEXT, Schema, ref, said
from chalicelib.routes.representations import JSON, REPRESENTATIONS
from chalicelib.version import VERSION

MODULES = (problems, usage, costs, compliance, billing, reports, templates, schedules, access, pages)
ALL = (*OPERATIONS, *pages.OPERATIONS)
TAG_WORDS = {
    "service": "The service itself",
    "usage": "What was used",
    "costs": "What was spent, and why",
    "budgets": "What should be spent",
    "statements": "What is charged",
    "compliance": "How the controls stand",
    "reports": "All of it as documents",
    "templates": "What documents are made of",
    "branding": "How documents look",
    "schedules": "Reports that come by themselves",
    "recipients": "Where they go",
    "keys": "Who may ask",
    "audit": "Who did what",
}
PATH_PARAMETERS: dict[str, Schema] = {
    "budget_id": ID,
    "exception_id": ID,
    "report_id": ID,
    "schedule_id": ID,
    "recipient_id": ID,
    "key_id": access.KEY_ID,
    "link_id": {"type": "string", "pattern": "^[a-z2-7]{16}$"},
    "template_id": said({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,49}$"}, "", examples=["board-pack"]),
    "token": said(TEXT, "As the link holds it."),
    "asset": said(TEXT, "A file's name.", examples=["page.css"]),
    "month": said({"type": "string", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"}, "Like 2026-10.", examples=["2026-10"]),
    "control_id": said({"type": "string", "minLength": 1}, "Url-encoded, slashes too.", examples=["IAM.4"]),
}
DESCRIPTION = (
    "Usage, costs and compliance of one customer's cloud. The customer comes from the credential. Amounts are exact decimal number"
    " literals: read them with a decimal parser. Times are UTC with Z, windows half-open. What isn't known is null, never 0."
)
HEADERS: dict[str, Schema] = {
    "ETag": {
        "description": "For If-None-Match; each form has its own.",
        "required": True,
        "schema": {"type": "string", "pattern": '^".+"$'},
    },
    "Cache-Control": {"required": True, "schema": TEXT},
    "No-Store": {"required": True, "schema": {"type": "string", "const": "no-store"}},
    "X-Request-Id": problems.REQUEST_ID,
    "Vary": {"required": True, "schema": {"type": "string", "const": "Accept"}},
    "X-Cache": {"description": "Whether it was computed before.", "required": True, "schema": {"type": "string", "enum": ["hit", "miss"]}},
    "Location": {"description": "Where it is.", "required": True, "schema": TEXT},
    **{name: {"required": True, "schema": TEXT} for name in RATE_LIMITS},
}


def _headers(*names: str) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


ALLOWED = _headers(*RATE_LIMITS)
KEPT, COMPUTED, OPEN = "NotModifiedKept", "NotModified", "NotModifiedOpen"
_TAGGED = ("ETag", "Cache-Control", "X-Request-Id")
FETCHED: dict[str, dict[str, Schema]] = {
    KEPT: _headers(*_TAGGED, "Vary", "X-Cache", *RATE_LIMITS),
    COMPUTED: _headers(*_TAGGED, "Vary", *RATE_LIMITS),
    OPEN: _headers(*_TAGGED),
}
"""The headers of a GET's answer, 200 or 304: of one that may come from the cache, of any other of a customer's, of anybody's."""
NOT_MODIFIED = {kind: {"description": "The answer of that ETag still holds.", "headers": headers} for kind, headers in FETCHED.items()}
WRITTEN: dict[str, Schema] = {"Cache-Control": {"$ref": "#/components/headers/No-Store"}, **_headers("X-Request-Id")}
LOCATED = (
    *("createReport", "createBudget", "downloadReport", "followLink", "createSchedule", "runSchedule", "addRecipient", "testRecipient"),
    *("createKey", "rotateApiKey"),
    *(one.id for one in pages.OPERATIONS if one.status == 303),
)
ASSETS = ("text/css", "text/javascript", "image/svg+xml")
ANYBODY: list[dict[str, list[str]]] = [{"apiKey": []}, {"token": []}]


@cache
def body() -> bytes:
    """The document's bytes, made once in a container."""
    return encode(document())


def document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in ALL:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SecureBase Analytics", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAG_WORDS.items()],
        "security": ANYBODY,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-securebase"},
            },
            "headers": HEADERS,
            "responses": {**problems.RESPONSES, **NOT_MODIFIED},
            "schemas": {**{name: schema for module in MODULES for name, schema in module.SCHEMAS.items()}, "Document": {"type": "object"}},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    taken = [_in_path(name, PATH_PARAMETERS[name]) for name in names]
    taken += parameters.of_query(operation.parameters, operation.tags) if operation.scope else []
    conditional = operation.method == "GET" and operation.answer and operation.path != "/health"
    taken += parameters.of_headers(("If-None-Match",) if conditional else operation.headers)
    scope = {"description": f"Needs the scope `{operation.scope}`."} if operation.scope else {"security": _without_scope(operation)}
    return {
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        **scope,
        **({"parameters": taken} if taken else {}),
        **_sent(operation),
        "responses": {**_answers(operation), **{str(status): _problem(status) for status in operation.refusals}},
    }


def _without_scope(operation: Operation) -> list[dict[str, list[str]]]:
    session: list[dict[str, list[str]]] = [{"session": []}] if operation.cookie else []
    if operation.form:  # no header opens what forms do
        return session or [{}]
    return [*([{}] if not operation.cookie or operation.path == "/" else []), *ANYBODY, *session]


def _sent(operation: Operation) -> dict[str, Any]:
    kinds = ((JSON.media_type, operation.body), ("application/x-www-form-urlencoded", operation.form))
    content = {media_type: {"schema": ref(name)} for media_type, name in kinds if name}
    return {"requestBody": {"required": True, "content": content}} if content else {}


def _in_path(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _problem(status: int) -> Schema:
    return {"$ref": f"#/components/responses/{problems.name_of(status)}"}


def _answers(operation: Operation) -> dict[str, Any]:
    """Everything but problems, with how often a customer may still ask."""
    if operation.asset:
        content = {media_type: {"schema": TEXT} for media_type in ASSETS}
        return {
            "200": {"description": operation.summary, "headers": FETCHED[OPEN], "content": content},
            "304": {"$ref": f"#/components/responses/{OPEN}"},
        }
    if operation.method == "GET" and operation.answer and operation.path != "/health":
        return _fetched(operation)
    allowed = ALLOWED if operation.scope else {}
    return {status: {**answer, "headers": {**answer["headers"], **allowed}} for status, answer in _plain_answers(operation).items()}


def _plain_answers(operation: Operation) -> dict[str, Any]:
    headers = {**WRITTEN, **(_headers("Location") if operation.id in LOCATED else {})}
    if operation.path == "/health":
        unavailable = {**headers, "Retry-After": problems.RETRY_AFTER}
        return {"200": _json("Answers", headers, operation.answer), "503": _json("Can't answer", unavailable, operation.answer)}
    if operation.id == "createReport":
        queued = {**headers, "Retry-After": problems.RETRY_AFTER}
        return {
            "200": {**_json("Ready within the time that was waited", headers, "ReportReady"), **_links(operation)},
            "202": {**_json("Queued", queued, operation.answer), **_links(operation)},
        }
    if operation.page:
        content = {"text/html": {"schema": TEXT}}
        return {str(operation.status): {"description": operation.summary, "headers": headers, "content": content}}
    if operation.answer:
        return {str(operation.status): {**_json(operation.summary, headers, operation.answer), **_links(operation)}}
    return {str(operation.status): {"description": operation.summary, "headers": headers}}


def _links(operation: Operation) -> dict[str, Any]:
    """From what was made to the operations on it."""
    if operation.method != "POST":
        return {}
    on_it = {other: re.search(r"^/\{(\w+)\}", other.path.removeprefix(operation.path)) for other in ALL}
    return {
        "links": {
            other.id: {"operationId": other.id, "parameters": {name[1]: "$response.body#/id"}} for other, name in on_it.items() if name
        }
    }


def _fetched(operation: Operation) -> dict[str, Any]:
    """A GET's answer in every form that it has, and 304."""
    forms = REPRESENTATIONS if operation.scope else (JSON,)
    content = {form.media_type: {"schema": ref(operation.answer) if form is JSON else TEXT} for form in forms}
    kind = KEPT if operation.kept else COMPUTED if operation.scope else OPEN
    return {
        "200": {"description": operation.summary, "headers": FETCHED[kind], "content": content},
        "304": {"$ref": f"#/components/responses/{kind}"},
    }


def _json(description: str, headers: dict[str, Schema], schema: str) -> dict[str, Any]:
    return {"description": description, "headers": headers, "content": {JSON.media_type: {"schema": ref(schema)}}}
