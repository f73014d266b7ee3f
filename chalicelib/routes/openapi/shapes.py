"""The few shapes that all schemas are made of, as plain JSON Schema (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]
LONGEST_TEXT = 300
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
"""An exact decimal: read it with a decimal parser."""
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-11-25T00:00:00Z"]}
DAY: Schema = {"type": "string", "format": "date", "examples": ["2026-11-24"]}
MONTH: Schema = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2026-11"]}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": ["0f8fad5bd9cb469fa16570867728950e"]}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]}
URL: Schema = {"type": "string", "format": "uri"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def said(schema: Schema, description: str, **more: Any) -> Schema:
    return {**schema, "description": description, **more}


def words(allowed: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(allowed)}


def nullable(schema: Schema) -> Schema:
    """Or null, which is: not known, or none."""
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum}


def listed(item: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": item, **more}


def by_name(value: Schema) -> Schema:
    """An object whose members' names are data."""
    return {"type": "object", "additionalProperties": value}


def closed(members: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any) -> Schema:
    """An object with exactly these members."""
    both = {**members, **(optional or {})}
    return {"type": "object", "properties": both, "required": list(members), "additionalProperties": False, **more}
