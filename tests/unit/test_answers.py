"""What is parsed in C is what botocore's own parser makes of the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from chalicelib.stores.answers import parsed_in_c

ATTRIBUTES = {
    "string": {"S": "café \U0001f980 \u202e"},
    "empty": {"S": ""},
    "number": {"N": "-1.50E+3"},
    "bytes": {"B": "AAECAwT/"},
    "no bytes": {"B": ""},
    "strings": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.50"]},
    "blobs": {"BS": ["AA==", "/w=="]},
    "map": {"M": {"deeper": {"M": {"b": {"B": "AQ=="}}}, "none": {"M": {}}}},
    "list": {"L": [{"N": "1"}, {"L": [{"B": "AQ=="}]}, {"NULL": True}]},
    "null": {"NULL": True},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
}
CAPACITY = {"TableName": "t", "CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.5}, "GlobalSecondaryIndexes": {"i": {"CapacityUnits": 1}}}
KEY = {"id": {"S": "1"}}
LEFT = {"t": {"Keys": [KEY], "ConsistentRead": True, "ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": "a"}}}
CALLS: dict[str, Callable[[Any], Any]] = {
    "GetItem": lambda client: client.get_item(TableName="t", Key=KEY),
    "BatchGetItem": lambda client: client.batch_get_item(RequestItems={"t": {"Keys": [KEY]}}),
    "Query": lambda client: client.query(TableName="t"),
}
HEADERS = {"x-amzn-RequestId": "R1", "x-amz-crc32": "1", "Content-Type": "application/x-amz-json-1.0"}
ALIKE = {
    "an item": ("GetItem", {"Item": ATTRIBUTES, "ConsumedCapacity": CAPACITY}),
    "no item": ("GetItem", {}),
    "nothing of null": ("GetItem", {"Item": None}),
    "a member that is new": ("Query", {"Items": [{"a": {"S": "b"}}], "Count": 1, "New": {"of": "tomorrow"}}),
    "a page": ("Query", {"Items": [ATTRIBUTES, KEY], "Count": 2, "ScannedCount": 3, "LastEvaluatedKey": ATTRIBUTES}),
    "an empty page": ("Query", {"Items": [], "Count": 0, "ScannedCount": 0}),
    "an empty page with more behind it": ("Query", {"Items": [], "Count": 0, "ScannedCount": 9, "LastEvaluatedKey": KEY}),
    "a batch": ("BatchGetItem", {"Responses": {"t": [ATTRIBUTES], "u": []}, "UnprocessedKeys": {}, "ConsumedCapacity": [CAPACITY]}),
    "a batch with keys left": ("BatchGetItem", {"Responses": {}, "UnprocessedKeys": LEFT}),
    "half a character": ("GetItem", b'{"Item": {"a": {"S": "\\ud800"}}}'),
    "base64 with a line break": ("GetItem", b'{"Item": {"a": {"B": "AAEC\\nAwT/"}}}'),
    "an empty body": ("GetItem", b""),
}


class Raw:
    """A body as urllib3 streams it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


def made(body: bytes, status: int = 200) -> Any:
    """A client whose every call is answered with these bytes."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("dynamodb", region_name="us-east-1", config=config, endpoint_url="http://127.0.0.1:1", **keys)
    client.meta.events.register("before-send.dynamodb", lambda request, **_: AWSResponse(request.url, status, HEADERS, Raw(body)))
    return client


@pytest.mark.parametrize("operation,answer", ALIKE.values(), ids=ALIKE)
def test_an_answer_is_the_same_as_botocores_with_its_metadata(operation: str, answer: Any) -> None:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    found, wanted = CALLS[operation](parsed_in_c(made(body))), CALLS[operation](made(body))
    assert found == wanted
    assert found["ResponseMetadata"]["RequestId"] == "R1"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_botocores_own_parser_has_nothing_left_to_do() -> None:
    client = parsed_in_c(made(json.dumps({"Items": [ATTRIBUTES]}).encode()))
    left: list[bytes] = []
    client.meta.events.register_last("before-parse.dynamodb.Query", lambda response_dict, **_: left.append(response_dict["body"]))
    assert client.query(TableName="t")["Items"]
    assert left == [b""]


@pytest.mark.parametrize("body", [b"<html>", b'{"Items": 7}', b'{"Items": [{"a": {"S": 1}}]}', b'{"Items": [{"a": {"S": "\xff"}}]}'])
def test_what_isnt_as_expected_is_left_to_botocore(body: bytes) -> None:
    def outcome(client: Any) -> object:
        try:
            return client.query(TableName="t")
        except (TypeError, AttributeError, UnicodeDecodeError, ResponseParserError) as error:
            return type(error)

    assert outcome(parsed_in_c(made(body))) == outcome(made(body))


@pytest.mark.parametrize("status", [400, 500, 503])
@pytest.mark.parametrize("body", [b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}', b"<html>", b""])
def test_an_error_stays_botocores(status: int, body: bytes) -> None:
    def raised(client: Any) -> Any:
        with pytest.raises(ClientError) as caught:
            client.query(TableName="t")
        return caught.type.__name__, caught.value.response

    assert raised(parsed_in_c(made(body, status))) == raised(made(body, status))


def test_other_operations_are_botocores() -> None:
    body = json.dumps({"Items": [ATTRIBUTES], "Count": 1}).encode()
    assert parsed_in_c(made(body)).scan(TableName="t") == made(body).scan(TableName="t")
