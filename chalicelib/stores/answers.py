"""DynamoDB's answers to reading, parsed in C: botocore's own parser takes microseconds for every attribute of every item."""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

OPERATIONS = ("GetItem", "BatchGetItem", "Query")


class Attribute(TypedDict, total=False):
    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    M: dict[str, Attribute]
    L: list[Attribute]
    NULL: bool
    BOOL: bool


Item = dict[str, Attribute]


class Keys(TypedDict, total=False):
    """What BatchGetItem was asked of a table."""

    Keys: list[Item]
    AttributesToGet: list[str]
    ConsistentRead: bool
    ProjectionExpression: str
    ExpressionAttributeNames: dict[str, str]


class Answer(TypedDict, total=False):
    """What any of the operations answers."""

    Item: Item
    Items: list[Item]
    Responses: dict[str, list[Item]]
    UnprocessedKeys: dict[str, Keys]
    LastEvaluatedKey: Item
    Count: int
    ScannedCount: int
    ConsumedCapacity: Any


DECODER = msgspec.json.Decoder(Answer)


def parsed_in_c(client: Any) -> Any:
    """The client, whose answers to these operations are parsed here; errors, and what isn't as expected, are left to botocore."""
    for operation in OPERATIONS:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _parse)
    return client


def _parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """botocore's event: of an emptied body its own parser makes only the metadata."""
    if response_dict["status_code"] == 200:
        try:
            customized_response_dict.update(DECODER.decode(response_dict["body"]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        response_dict["body"] = b""
