"""Query parameters: each is described once, a route names those that its parser takes (the *_PARAMETERS of usecases/questions/*.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.domain.breakdown import DIMENSIONS
from chalicelib.domain.cost import BASES
from chalicelib.domain.reporting import STATUSES
from chalicelib.routes.openapi.compliance import SEVERITY, STATE
from chalicelib.routes.openapi.shapes import CURRENCY, DAY, LONGEST_TEXT, Schema, listed, said, words
from chalicelib.usecases.questions.costs import CHARGES
from chalicelib.usecases.questions.paging import LARGEST_PAGE, LONGEST_CURSOR
from chalicelib.usecases.questions.parameters import LONGEST_TOP, MOST_VALUES

TAGS = "tag"
"""The one parameter for all `tag:<key>`: an exploded object, whose members are sent as parameters of their own."""
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
INSTANT_OR_DATE = f"{DATE}(T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?Z)?"
ONE_DIMENSION = f"({'|'.join(DIMENSIONS)}|tag:.+)"
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
NAMES = listed(NAME, maxItems=MOST_VALUES)


def _text(pattern: str, **more: Any) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$", **more}


def _whole(largest: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": largest}


AMOUNT = _text("[0-9]{1,15}(\\.[0-9]{1,10})?", examples=["2.5"])
GRANULARITY = "Of `series`; by default by the window's length."
BY_DAY = said(words(("day", "month")), GRANULARITY)
QUERY: dict[str, Schema] = {
    "period": said(
        _text("([1-9][0-9]{0,4}[hdwmy]|today|yesterday|mtd|lastmonth)", examples=["7d", "lastmonth"]),
        "Like 24h (usage only), 7d, 4w, 3m, 1y; by default 30d; at most 13 months.",
    ),
    "start": said(_text(INSTANT_OR_DATE, examples=["2026-11-01"]), "A date or a `Z` instant; with `end`, instead of `period`."),
    "end": said(_text(INSTANT_OR_DATE, examples=["2026-11-08"]), "A date or a `Z` instant, itself not in the window; with `start`."),
    "granularity": said(words(("hour", "day", "month")), GRANULARITY),
    "breakdown": said(
        _text(f"{ONE_DIMENSION}(,{ONE_DIMENSION})?", maxLength=LONGEST_TEXT, examples=["service", "service,region", "tag:team"]),
        "One or two dimensions, joined by a comma; by default service. Tags are of costs from exports only.",
    ),
    "top": said(_whole(LONGEST_TOP), "The largest N, and `(others)` with the rest where it is a breakdown."),
    **{name: said(NAMES, f"Only these of `{name}`; `(none)` is what has no name.") for name in DIMENSIONS},
    "charges": said(words(CHARGES), "`usage` leaves purchases, taxes, credits, refunds and adjustments out; by default all."),
    "compare": said(
        _text(f"(previous|yoy|none|{INSTANT_OR_DATE}/{INSTANT_OR_DATE})", examples=["previous", "2026-09-01/2026-10-01"]),
        "What the window is compared with; given, the change is explained line by line.",
    ),
    "cost": said(words(BASES), "The basis of amounts; by default billed, of unit costs effective."),
    "currency": said(CURRENCY, "Needed where a window holds several."),
    "floor": said(AMOUNT, "Only impacts of more than this amount; by default 10."),
    "percent": said(AMOUNT, "And of more than this percent of what was expected; by default 25."),
    "as_of": said(_text(INSTANT_OR_DATE, examples=["2026-11-10"]), "An instant in the past: what was said then."),
    "framework": said(NAME, "A StandardsId: everything becomes that framework's."),
    "state": said(listed(STATE), "Only controls in one of these states."),
    "status": said(words(STATUSES), "Only reports in that state."),
    "severity": said(listed(SEVERITY), "Only controls of these severities."),
    "from": said(DAY, "A date, by default 30 days before `to`."),
    "to": said(DAY, "A date, by default today; at most 13 months after `from`."),
    "limit": said(_whole(LARGEST_PAGE), "Lines a page, by default 50 (20 reports)."),
    "cursor": said({"type": "string", "minLength": 1, "maxLength": LONGEST_CURSOR}, "The `next_cursor` of the page before."),
    "customer_id": said({"type": "string"}, "The credential's own customer, or blank; another one is 403."),
}
TAG_MEMBERS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": "^tag:.+$", "maxLength": LONGEST_TEXT},
    "additionalProperties": NAMES,
    "examples": [{"tag:team": ["web"]}],
}
HEADERS: dict[str, Schema] = {
    "If-None-Match": said({"type": "string"}, "The `ETag` of an answer that is at hand: 304 when it still holds."),
    "Idempotency-Key": said(
        {"type": "string", "minLength": 1, "maxLength": 255}, "The same key with the same body is the same report; with another one 422."
    ),
    "Prefer": said({"type": "string", "examples": ["wait=10"]}, "`wait=N` (RFC 7240): up to 20 seconds until the report is ready."),
}


def schema_in(names: Sequence[str], name: str) -> Schema:
    """The parameter among these: costs are by day."""
    return BY_DAY if name == "granularity" and "cost" in names else QUERY[name]


def of_query(names: Sequence[str], tags: bool) -> list[Schema]:
    """What a parser takes, and the customer_id that every route takes."""
    found = [_parameter(name, "query", schema_in(names, name)) for name in (*names, "customer_id")]
    if tags:
        described = said(TAG_MEMBERS, "Only what carries one of these values of the tag; `tag:<key>=<value>`, repeatable.")
        found.append(_parameter(TAGS, "query", described))
    return found


def of_headers(names: Iterable[str]) -> list[Schema]:
    return [_parameter(name, "header", HEADERS[name]) for name in names]


def _parameter(name: str, where: str, schema: Schema) -> Schema:
    described = {key: value for key, value in schema.items() if key != "description"}
    style = {"style": "form", "explode": True} if described["type"] in ("array", "object") else {}
    return {"name": name, "in": where, "description": schema["description"], "schema": described, **style}
