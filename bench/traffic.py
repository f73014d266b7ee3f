"""What a client's DynamoDB calls are, weigh and cost, taken from botocore's events and DynamoDB's documented rules."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

UNIT, MEGABYTE = 4096, 1024 * 1024
EVENTS = ("before-parameter-build.dynamodb", "after-call.dynamodb")


@dataclass(frozen=True)
class Call:
    """One request, and the bytes of its answer's body."""

    operation: str
    request: dict[str, Any]
    size: int

    @property
    def range(self) -> str:
        """What it reads, which all pages of a Query share."""
        return repr({name: value for name, value in self.request.items() if name != "ExclusiveStartKey"})


@contextmanager
def watched(client: Any) -> Iterator[list[Call]]:
    """Every call that the client makes meanwhile."""
    calls: list[Call] = []

    def asked(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["bench"] = copy.deepcopy(params)

    def answered(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        calls.append(Call(model.name, context["bench"], len(http_response.content)))

    handlers = dict(zip(EVENTS, (asked, answered), strict=True))
    for event, handler in handlers.items():
        client.meta.events.register(event, handler)
    try:
        yield calls
    finally:
        for event, handler in handlers.items():
            client.meta.events.unregister(event, handler)


def sizes_read(client: Any, call: Call) -> list[int]:
    """Every item that was read of a table, which a projection or a filter doesn't lessen: asked again, with a bare client, without them."""
    if call.operation == "Query":
        return [item_size(item) for item in client.query(**_without_projection(call.request))["Items"]]
    if call.operation == "GetItem":
        return [item_size(item) for item in [client.get_item(**_without_projection(call.request)).get("Item", {})]]
    if call.operation == "BatchGetItem":
        wanted = {table: _without_projection(asked) for table, asked in call.request["RequestItems"].items()}
        return [item_size(item) for items in client.batch_get_item(RequestItems=wanted)["Responses"].values() for item in items]
    return []


def _without_projection(request: dict[str, Any]) -> dict[str, Any]:
    whole = {name: value for name, value in request.items() if name not in ("ProjectionExpression", "FilterExpression", "Select")}
    for names in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {name: value for name, value in whole.pop(names, {}).items() if name in whole.get("KeyConditionExpression", "")}
        whole |= {names: used} if used else {}
    return whole


def units(client: Any, calls: Iterable[Call]) -> float:
    """Read capacity: each Query page, or else each item, rounded up to 4 KB; half of it where the read may be a moment old."""
    return sum(_units(call, sizes_read(client, call)) for call in calls)


def _units(call: Call, sizes: list[int]) -> float:
    asked = call.request.get("RequestItems", {}).values() or [call.request]
    weight = 1.0 if any(one.get("ConsistentRead") for one in asked) else 0.5
    return weight * sum(max(1, -(-size // UNIT)) for size in ([sum(sizes)] if call.operation == "Query" else sizes))


def item_size(item: dict[str, dict[str, Any]]) -> int:
    """Names and values, as DynamoDB counts them."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: dict[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind in ("B", "S"):
        return len(held if kind == "B" else held.encode())
    if kind == "N":
        return _number_size(held)
    if kind in ("BS", "SS", "NS"):
        return sum(_value_size({kind[0]: one}) for one in held)
    if kind == "L":
        return 3 + sum(1 + _value_size(one) for one in held)
    return 3 + len(held) + item_size(held) if kind == "M" else 1


def _number_size(text: str) -> int:
    """About a byte for two significant digits, and one more."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + (len(digits) + 1) // 2
