"""A DynamoDB on loopback that holds one table of schedules, as far as taking them up asks of one: moto copies its tables for every
transaction, which with ten thousand items takes seconds. `python -m bench.agenda` serves it from a process of its own."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from bench.canned import Connection, Server
from chalicelib.stores.tables import SCHEDULES

HASH, RANGE, INDEX = SCHEDULES.hash_key, str(SCHEDULES.range_key), SCHEDULES.indexes[0]
PAGE = 700_000
"""Bytes of the items' data in a page of a query, some megabyte as DynamoDB counts."""
Item = dict[str, dict[str, Any]]


class Agenda:
    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Item] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """The whole HTTP response."""
        operation, request = headers["x-amz-target"].rpartition(".")[2], msgspec.json.decode(body)
        with self._lock:
            status, said = getattr(self, f"_{operation}")(request)
        content = msgspec.json.encode(said)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(content)}\r\n\r\n"
        return head.encode() + content

    def _BatchWriteItem(self, request: dict[str, Any]) -> tuple[str, Any]:
        for writes in request["RequestItems"].values():
            self._items |= {_key(one["PutRequest"]["Item"]): one["PutRequest"]["Item"] for one in writes}
        return "200 OK", {"UnprocessedItems": {}}

    def _Query(self, request: dict[str, Any]) -> tuple[str, Any]:
        """What of a shard is due, the oldest first."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        assert request["IndexName"] == INDEX.name
        found = [item for item in self._items.values() if item.get(INDEX.hash_key, {}).get("S") == values[":shard"]]
        due = sorted((item for item in found if item[INDEX.range_key]["S"] <= values[":now"]), key=_place)
        after = request.get("ExclusiveStartKey")
        rest = [item for item in due if after is None or _place(item) > _place(after)]
        page: list[Item] = []
        size = 0
        for item in rest:
            size += len(item["data"]["B"])
            if page and size > PAGE:
                break
            page.append(item)
        names = (HASH, RANGE, INDEX.hash_key, INDEX.range_key)
        last = {"LastEvaluatedKey": {name: page[-1][name] for name in names}} if len(page) < len(rest) else {}
        return "200 OK", {"Items": page, "Count": len(page), **last}

    def _TransactWriteItems(self, request: dict[str, Any]) -> tuple[str, Any]:
        puts = [one["Put"] for one in request["TransactItems"]]
        codes = ["None" if self._holds(put) else "ConditionalCheckFailed" for put in puts]
        if set(codes) != {"None"}:
            kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
            return "400 Bad Request", {"__type": kind, "CancellationReasons": [{"Code": code} for code in codes]}
        self._items |= {_key(put["Item"]): put["Item"] for put in puts}
        return "200 OK", {}

    def _holds(self, put: dict[str, Any]) -> bool:
        held = self._items.get(_key(put["Item"]))
        if put["ConditionExpression"].startswith("attribute_not_exists"):
            return held is None
        return held is not None and held["revision"] == put["ExpressionAttributeValues"][":was"]


def _key(item: Item) -> tuple[str, str]:
    return item[HASH]["S"], item[RANGE]["S"]


def _place(item: Item) -> tuple[str, str, str]:
    return item[INDEX.range_key]["S"], *_key(item)


def main() -> None:
    """Serves until standard input ends."""
    import sys

    Connection.canned = Agenda()  # type: ignore[assignment]
    Server.request_queue_size = 64
    with Server(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
