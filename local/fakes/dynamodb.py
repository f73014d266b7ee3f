"""moto's DynamoDB, its commonest reads answered on the short way: what they read and say is moto's own."""

from __future__ import annotations

import base64
import json
import re
from contextlib import nullcontext
from io import BytesIO
from threading import Lock
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from local.fakes.http import App

DYNAMODB = "DynamoDB_20120810."
READS = {"DynamoDB_20120810.GetItem", "DynamoDB_20120810.BatchGetItem", "DynamoDB_20120810.Query"}
RANGE_QUERY = {
    "TableName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ConsistentRead",
    "ProjectionExpression",
    "FilterExpression",
}
"""What a query of a range of keys may say; with a limit, an index or a page's start it takes moto's way."""
PAGE = 900_000
"""Bytes of an answer beyond which moto's pages are wanted."""
SIMPLE = {"Keys", "ConsistentRead"}
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/dynamodb/")


def with_quick_reads(app: App) -> App:
    """GetItem and BatchGetItem of whole items, and queries of a range of keys, which moto answers by looking at a whole partition.

    Everything else, errors included, takes moto's own way. One write at a time: moto looks at a condition and writes in two steps, and
    what a transaction that fails undoes is the whole table.
    """
    writing = Lock()

    def answering(environ: dict[str, Any], start_response: Any) -> Any:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target not in READS:
            with writing if target.startswith(DYNAMODB) else nullcontext():
                return app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = _answer(environ, json.loads(body))
        content = b"" if answer is None else json.dumps(answer).encode()
        if answer is None or len(content) > PAGE:
            environ["wsgi.input"] = BytesIO(body)
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(content)))])
        return [content]

    return answering


def _answer(environ: dict[str, Any], request: dict[str, Any]) -> dict[str, Any] | None:
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if credential is None or credential[1].startswith("ASIA"):
        return None  # a role's session may be of another account
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][credential[2]]
    if environ["HTTP_X_AMZ_TARGET"].endswith(".GetItem"):
        if set(request) - {"TableName", "Key", "ConsistentRead"} or not _fits(backend, request["TableName"], [request["Key"]]):
            return None
        found = _items(backend, request["TableName"], [request["Key"]])
        return {"Item": found[0]} if found else {}
    if environ["HTTP_X_AMZ_TARGET"].endswith(".Query"):
        return _range(backend, request)
    wanted = request["RequestItems"]
    if any(set(asked) - SIMPLE or not _fits(backend, name, asked["Keys"]) for name, asked in wanted.items()):
        return None
    return {"Responses": {name: _items(backend, name, asked["Keys"]) for name, asked in wanted.items()}, "UnprocessedKeys": {}}


_CONDITION = re.compile(r"(\w+) = (:\w+) AND #range BETWEEN :first AND :last")
_UNEXPIRED = "attribute_not_exists(#ttl) OR #ttl > :now"


def _range(backend: DynamoDBBackend, request: dict[str, Any]) -> dict[str, Any] | None:
    table = backend.tables.get(request["TableName"])
    condition = _CONDITION.fullmatch(request.get("KeyConditionExpression", ""))
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    if table is None or condition is None or set(request) - RANGE_QUERY or request.get("FilterExpression", _UNEXPIRED) != _UNEXPIRED:
        return None
    if (condition[1], names.get("#range")) != (table.hash_key_attr, table.range_key_attr):
        return None
    first, last = values[":first"]["S"], values[":last"]["S"]
    partition = table.items.get(DynamoType(values[condition[2]]), {})
    found = sorted((key.value, item) for key, item in list(partition.items()) if first <= key.value <= last)
    plain = [{attribute: _plain(value) for attribute, value in item.attrs.items()} for _, item in found]
    if "FilterExpression" in request:
        now = int(values[":now"]["N"])
        plain = [item for item in plain if names["#ttl"] not in item or int(item[names["#ttl"]]["N"]) > now]
    projected = [names.get(name, name) for name in request.get("ProjectionExpression", "").replace(",", " ").split()]
    items = [{name: item[name] for name in projected if name in item} for item in plain] if projected else plain
    return {"Items": items, "Count": len(items), "ScannedCount": len(found)}


def _fits(backend: DynamoDBBackend, name: str, keys: list[dict[str, Any]]) -> bool:
    table = backend.tables.get(name)
    names = {table.hash_key_attr, table.range_key_attr} - {None} if table else set()
    return 0 < len(keys) <= 25 and all(set(key) == names for key in keys)


def _items(backend: DynamoDBBackend, name: str, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [backend.get_item(name, key, []) for key in keys]
    return [{attribute: _plain(value) for attribute, value in item.attrs.items()} for item in found if item]


def _plain(value: Any) -> Any:
    """moto's own form of an attribute, as DynamoDB writes it."""
    if isinstance(value, DynamoType):
        return {value.type: _plain(value.value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
