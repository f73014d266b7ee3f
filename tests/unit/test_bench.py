"""The benchmarks' own arithmetic: verdicts, and DynamoDB's sizes and units."""

from __future__ import annotations

from typing import Any

import pytest

from bench.measure import Row
from bench.traffic import Call, item_size, units


@pytest.mark.parametrize(
    ("value", "limit", "verdict"), [(4.0, 4, "<= 4x  ok"), (4.001, 4, "<= 4x  MISSED"), (0, 0, "<= 0x  ok"), (9, None, "x")]
)
def test_a_row_says_whether_its_limit_holds(value: float, limit: float | None, verdict: str) -> None:
    row = Row("r", value, "x", limit)
    assert str(row).endswith(verdict)
    assert row.missed == ("MISSED" in verdict)


@pytest.mark.parametrize(("value", "verdict"), [(69.9, "MISSED"), (70, "ok"), (90, "ok"), (90.1, "MISSED")])
def test_a_row_may_have_to_lie_between_two_limits(value: float, verdict: str) -> None:
    assert str(Row("r", value, "%", 90, 70)).endswith(f" >= 70% <= 90%  {verdict}")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "häm"}, 4),
        ({"B": b"1234"}, 4),
        ({"N": "-12300"}, 3),
        ({"N": "0.0012345"}, 4),
        ({"BOOL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": [{"S": "a"}, {"NULL": True}]}, 7),
        ({"M": {"k": {"S": "v"}}}, 6),
    ],
)
def test_an_attribute_weighs_its_name_and_its_value(value: dict[str, Any], size: int) -> None:
    assert item_size({"name": value}) == 4 + size


class Table:
    """Items of 3 KB each."""

    def query(self, **request: Any) -> dict[str, Any]:
        assert set(request) == {"KeyConditionExpression", "ExpressionAttributeNames", "ConsistentRead"}
        assert request["ExpressionAttributeNames"] == {"#r": "timestamp"}
        return {"Items": [{"data": {"B": bytes(3068)}}] * 3}

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:
        return {"Responses": {"t": [{"data": {"B": bytes(3068)}}] * 3}}


def test_a_page_is_rounded_as_a_whole_and_single_items_each() -> None:
    query = {
        "KeyConditionExpression": "#r = :r",
        "ProjectionExpression": "#d",
        "ExpressionAttributeNames": {"#r": "timestamp", "#d": "data"},
        "ConsistentRead": True,
    }
    assert units(Table(), [Call("Query", query, 0)]) == 3
    assert units(Table(), [Call("Query", {**query, "ConsistentRead": False}, 0)]) == 1.5
    assert units(Table(), [Call("BatchGetItem", {"RequestItems": {"t": {"Keys": []}}}, 0)]) == 1.5
    assert units(Table(), [Call("PutItem", {}, 0)]) == 0
