"""A DynamoDB in a dictionary, as far as the aggregation's stores ask of one: every call takes its time and is counted in units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from bench.meter import Meter, answering
from bench.prices import index_units, read_units, write_units
from bench.traffic import MEGABYTE, item_size
from chalicelib.stores.tables import TABLES, Table, physical_name

Item = dict[str, dict[str, Any]]
REFUSED = "ConditionalCheckFailed"
dynamodb = answering("dynamodb")


class FakeDynamoDB:
    """Keys are (hash, range or ''); filters and projections are left out, since they lessen neither units nor time."""

    def __init__(self, meter: Meter, stage: str) -> None:
        self.meter = meter
        self._specs = {physical_name(stage, table.name): table for table in TABLES}
        self._items: dict[str, dict[str, dict[str, tuple[Item, int]]]] = {name: {} for name in self._specs}

    def bytes_of(self, table: str, hash_key: str, prefix: str) -> int:
        """What lies there under range keys with this prefix, copies in indexes included."""
        held, indexes = self._items[table].get(hash_key, {}), self._specs[table].indexes
        return sum(
            size * (1 + sum(index.hash_key in item for index in indexes)) for key, (item, size) in held.items() if key.startswith(prefix)
        )

    @dynamodb
    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool = False) -> dict[str, Any]:
        item, size = self._held(TableName, Key)
        self.meter.counts["read units"] += read_units([size], ConsistentRead)
        return {"Item": item} if item else {}

    @dynamodb
    def batch_get_item(self, RequestItems: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Each item is rounded up to units by itself."""
        found: dict[str, list[Item]] = {}
        for table, asked in RequestItems.items():
            assert len(asked["Keys"]) <= 100
            held = [self._held(table, key) for key in asked["Keys"]]
            self.meter.counts["read units"] += sum(read_units([size], asked["ConsistentRead"]) for _, size in held)
            found[table] = [item for item, _ in held if item]
        return {"Responses": found}

    @dynamodb
    def query(
        self,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Item,
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Item | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """A hash key's range BETWEEN :first AND :last, or one that begins with :first."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items() if "S" in value}
        held = self._items[TableName].get(values.get(":customer", values.get(":value", "")), {})
        first, last = values[":first"], values.get(":last", values[":first"] + chr(0x10FFFF))
        assert "BETWEEN :first AND :last" in KeyConditionExpression or "begins_with(#range, :first)" in KeyConditionExpression
        found = [held[key] for key in sorted(held, reverse=not ScanIndexForward) if first <= key <= last]
        return self._page(TableName, found, ConsistentRead, Limit, ExclusiveStartKey)

    @dynamodb
    def scan(self, TableName: str, ConsistentRead: bool = False, ExclusiveStartKey: Item | None = None) -> dict[str, Any]:
        held = [entry for items in self._items[TableName].values() for entry in items.values()]
        return self._page(TableName, held, ConsistentRead, None, ExclusiveStartKey)

    @dynamodb
    def put_item(self, **put: Any) -> dict[str, Any]:
        """Which may hold an attribute to what it was."""
        self._check(put, {"Code": REFUSED})
        self._put(put["TableName"], put["Item"])
        return {}

    @dynamodb
    def delete_item(self, TableName: str, Key: Item) -> dict[str, Any]:
        self._delete(TableName, Key)
        return {}

    @dynamodb
    def batch_write_item(self, RequestItems: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        for table, requests in RequestItems.items():
            assert len(requests) <= 25
            for request in requests:
                if "PutRequest" in request:
                    self._put(table, request["PutRequest"]["Item"])
                else:
                    self._delete(table, request["DeleteRequest"]["Key"])
        return {}

    @dynamodb
    def update_item(
        self,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: Item,
        ConditionExpression: str = "",
    ) -> dict[str, Any]:
        """SET #name = :value, ..., and before it ADD #counter :units while the counter is at most :most."""
        held, size = self._held(TableName, Key)
        item = {**Key, **(held or {})}
        added, _, assigned = UpdateExpression.rpartition("SET ")
        if added:
            counter, most = ExpressionAttributeNames["#counter"], int(ExpressionAttributeValues[":most"]["N"])
            assert ConditionExpression == "attribute_not_exists(#counter) OR #counter <= :most"
            count = int(item.get(counter, {"N": "0"})["N"])
            if counter in item and count > most:
                self.meter.counts["write units"] += write_units(size, 0)
                raise ClientError({"Error": {"Code": f"{REFUSED}Exception"}}, "UpdateItem")
            item[counter] = {"N": str(count + int(ExpressionAttributeValues[":units"]["N"]))}
        for assignment in assigned.split(", "):
            name, value = assignment.split(" = ")
            item[ExpressionAttributeNames[name]] = ExpressionAttributeValues[value]
        self._put(TableName, item)
        return {}

    @dynamodb
    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:
        """Puts, of which the first may hold an attribute to what it was."""
        puts = [one["Put"] for one in TransactItems]
        self._check(puts[0], {}, CancellationReasons=[{"Code": REFUSED}])
        for put in puts:
            self._put(put["TableName"], put["Item"], transaction=True)
        return {}

    def _page(
        self, table: str, found: Iterable[tuple[Item, int]], consistent: bool, limit: int | None, after: Item | None
    ) -> dict[str, Any]:
        """Up to a megabyte of what comes after a key."""
        entries, spec = list(found), self._specs[table]
        if after:
            keys = [self._key(table, item) for item, _ in entries]
            entries = entries[keys.index(self._key(table, after)) + 1 :]
        page: list[Item] = []
        size = 0
        for item, its_size in entries[:limit]:
            if page and size + its_size > MEGABYTE:
                break
            page.append(item)
            size += its_size
        self.meter.counts["read units"] += read_units([size], consistent)
        last = {name: page[-1][name] for name in (spec.hash_key, spec.range_key) if name} if len(page) < len(entries) else None
        return {"Items": page, **({"LastEvaluatedKey": last} if last else {})}

    def _key(self, table: str, item: Item) -> tuple[str, str]:
        spec: Table = self._specs[table]
        return item[spec.hash_key]["S"], item[spec.range_key]["S"] if spec.range_key else ""

    def _held(self, table: str, key: Item) -> tuple[Item | None, int]:
        hash_key, range_key = self._key(table, key)
        return self._items[table].get(hash_key, {}).get(range_key, (None, 0))

    def _check(self, put: dict[str, Any], error: dict[str, str], **more: Any) -> None:
        if "ConditionExpression" in put:
            held, _ = self._held(put["TableName"], put["Item"])
            was = put.get("ExpressionAttributeValues", {}).get(":was")
            if (held or {}).get(put["ExpressionAttributeNames"]["#was"]) != was:
                raise ClientError({"Error": error, **more}, "Put")

    def _put(self, table: str, item: Item, transaction: bool = False) -> None:
        hash_key, range_key = self._key(table, item)
        before, size = self._held(table, item)
        new = item_size(item)
        self._items[table].setdefault(hash_key, {})[range_key] = (item, new)
        self._written(table, (before or {}, size), (item, new), transaction)

    def _delete(self, table: str, key: Item) -> None:
        hash_key, range_key = self._key(table, key)
        before, size = self._items[table].get(hash_key, {}).pop(range_key, ({}, 0))
        self._written(table, (before, size), ({}, 0), transaction=False)

    def _written(self, table: str, before: tuple[Item, int], after: tuple[Item, int], transaction: bool) -> None:
        """In the table, and in each index that the item lies in."""
        units = write_units(before[1], after[1], transaction)
        for index in self._specs[table].indexes:
            old, new = (size if index.hash_key in item else 0 for item, size in (before, after))
            units += index_units(old, new)
        self.meter.counts["write units"] += units
