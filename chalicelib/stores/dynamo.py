"""The DynamoDB calls that stores are made of: all pages, whole batches, and one name for every failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores.items import Item
from chalicelib.stores.refusals import cancelled, code_of, condition_failed, reasons_of

BATCH = 25
ATTEMPTS = 8


@contextmanager
def available() -> Iterator[None]:
    """Turns any AWS failure of a store into StoreUnavailable, with the code for the log and nothing of the message."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else type(error).__name__
        raise StoreUnavailable(f"a store doesn't answer ({code})") from error


class Dynamo:
    """A low-level client (thread-safe, shared) with the few shapes of call that the stores need."""

    def __init__(self, client: Any, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._pause = pause

    def wait(self, attempt: int) -> None:
        """Before the next attempt, longer each time, and not as long as whoever else tries again."""
        self._pause(0.05 * 2**attempt * (0.5 + random()))  # noqa: S311  a pause, no secret  # nosec B311

    def get(self, table: str, key: Mapping[str, str]) -> Item | None:
        with available():
            item: Item | None = self._client.get_item(TableName=table, Key=_key(key), ConsistentRead=True).get("Item")
        return item

    def get_many(self, keys: Mapping[str, Iterable[Mapping[str, str]]]) -> dict[str, list[Item]]:
        """BatchGetItem over tables; what DynamoDB left unread is asked for again."""
        found: dict[str, list[Item]] = {table: [] for table in keys}
        wanted = {table: {"Keys": [_key(key) for key in its_keys], "ConsistentRead": True} for table, its_keys in keys.items()}
        for attempt in range(ATTEMPTS):
            with available():
                answer = self._client.batch_get_item(RequestItems=wanted)
            for table, items in answer["Responses"].items():
                found[table] += items
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return found
            self.wait(attempt)
        raise StoreUnavailable("DynamoDB left keys unread")

    def query(self, table: str, condition: str, values: Mapping[str, str | int], **more: Any) -> Iterator[Item]:
        """Every item of every page; with `Limit` that many at most, over as many pages as it takes."""
        wanted = more.get("Limit")
        request = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {
                name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
            },
            **more,
        }
        while True:
            with available():
                page = self._client.query(**request)
            yield from page["Items"]
            if wanted is not None:
                wanted -= len(page["Items"])
                request["Limit"] = wanted
            if "LastEvaluatedKey" not in page or wanted == 0:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def scan(self, table: str) -> Iterator[Item]:
        """Every item of a small table; never in a customer's request."""
        request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        while True:
            with available():
                page = self._client.scan(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(self, table: str, item: Item, only_if: str | None = None, values: Item | None = None) -> bool:
        """False, with nothing written, when the condition (on these values) doesn't hold."""
        request: dict[str, Any] = {"TableName": table, "Item": item}
        if only_if:
            request["ConditionExpression"] = only_if
        if values:
            request["ExpressionAttributeValues"] = values
        try:
            with available():
                self._client.put_item(**request)
        except StoreUnavailable as error:
            if condition_failed(error):
                return False
            raise
        return True

    def update(self, table: str, key: Mapping[str, str], values: Item) -> None:
        """Sets these attributes and leaves the item's others."""
        for attempt in range(ATTEMPTS):
            try:
                with available():
                    self._client.update_item(**_setting(table, key, values))
            except StoreUnavailable as error:
                if code_of(error) != "TransactionConflictException" or attempt == ATTEMPTS - 1:
                    raise
                self.wait(attempt)  # a transaction is at the item: botocore doesn't try again for that
            else:
                return

    def update_if(self, table: str, key: Mapping[str, str], values: Item, held: tuple[str, dict[str, Any]]) -> bool:
        """Sets these attributes where one of the item's has that value; False, with nothing changed, where it hasn't."""
        request, (name, value) = _setting(table, key, values), held
        request["ExpressionAttributeNames"]["#held"], request["ExpressionAttributeValues"][":held"] = name, value
        try:
            with available():
                self._client.update_item(**request, ConditionExpression="#held = :held")
        except StoreUnavailable as error:
            if condition_failed(error):
                return False
            raise
        return True

    def add(self, table: str, key: Mapping[str, str], counter: str, units: int, at_most: int, more: Item) -> bool:
        """Adds to a counter that holds at most `at_most` before; False, with nothing changed, when it holds more."""
        names = {"#counter": counter, **{f"#{number}": name for number, name in enumerate(more)}}
        values = {":units": {"N": str(units)}, ":most": {"N": str(at_most)}}
        try:
            with available():
                self._client.update_item(
                    TableName=table,
                    Key=_key(key),
                    UpdateExpression="ADD #counter :units SET " + ", ".join(f"#{number} = :{number}" for number in range(len(more))),
                    ConditionExpression="attribute_not_exists(#counter) OR #counter <= :most",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={**values, **{f":{number}": value for number, value in enumerate(more.values())}},
                )
        except StoreUnavailable as error:
            if condition_failed(error):
                return False
            raise
        return True

    def delete(self, table: str, key: Mapping[str, str]) -> None:
        with available():
            self._client.delete_item(TableName=table, Key=_key(key))

    def put_together(
        self,
        table: str,
        items: list[Item],
        unless_changed: tuple[str, str | None] | None = None,
        setting: tuple[Mapping[str, str], Item] | None = None,
    ) -> bool:
        """All of the items or none; False, with nothing written, when the first one's attribute isn't what it was (None: not there).

        `setting` (a key, attributes) sets another item's attributes along with them.
        """
        puts: list[dict[str, Any]] = [{"TableName": table, "Item": item} for item in items]
        if unless_changed:
            attribute, before = unless_changed
            puts[0]["ExpressionAttributeNames"] = {"#was": attribute}
            puts[0]["ConditionExpression"] = "attribute_not_exists(#was)" if before is None else "#was = :was"
            puts[0] |= {} if before is None else {"ExpressionAttributeValues": {":was": {"S": before}}}
        try:
            with available():
                if len(puts) == 1 and setting is None:  # half the price of a transaction
                    self._client.put_item(**puts[0])
                else:
                    more = [{"Update": _setting(table, *setting)}] if setting else []
                    self._client.transact_write_items(TransactItems=[{"Put": put} for put in puts] + more)
        except StoreUnavailable as error:
            if unless_changed and (condition_failed(error) or cancelled(error)):
                return False
            raise
        return True

    def together(self, actions: list[dict[str, Any]]) -> list[str]:
        """A transaction; where its conditions don't hold nothing is written, and each action's code says which ("None" held)."""
        try:
            with available():
                self._client.transact_write_items(TransactItems=actions)
        except StoreUnavailable as error:
            if reasons := reasons_of(error):
                return reasons
            raise
        return []

    def take_out(self, table: str, key: Mapping[str, str], attribute: str, members: Iterable[str]) -> None:
        """Takes members out of a set of texts, which needn't be there."""
        with available():
            self._client.update_item(
                TableName=table,
                Key=_key(key),
                UpdateExpression="DELETE #set :members",
                ExpressionAttributeNames={"#set": attribute},
                ExpressionAttributeValues={":members": {"SS": sorted(members)}},
            )

    def write_many(self, table: str, key_names: tuple[str, ...], puts: Iterable[Item], deletes: Iterable[Mapping[str, str]] = ()) -> None:
        """Puts and deletes in batches of 25; two of one key are refused here, because not every DynamoDB refuses them."""
        requests = [{"PutRequest": {"Item": item}} for item in puts] + [{"DeleteRequest": {"Key": _key(key)}} for key in deletes]
        keys = [tuple(_item_of(request)[name]["S"] for name in key_names) for request in requests]
        if len(set(keys)) != len(keys):
            raise AssertionError(f"two writes of one key in {table}: {sorted({key for key in keys if keys.count(key) > 1})[:3]}")
        for start in range(0, len(requests), BATCH):
            self._write_batch(table, requests[start : start + BATCH])

    def _write_batch(self, table: str, requests: list[dict[str, Any]]) -> None:
        for attempt in range(ATTEMPTS):
            with available():
                answer = self._client.batch_write_item(RequestItems={table: requests})
            requests = answer.get("UnprocessedItems", {}).get(table, [])
            if not requests:
                return
            self.wait(attempt)
        raise StoreUnavailable("DynamoDB left items unwritten")


def _key(key: Mapping[str, str]) -> Item:
    return {name: {"S": value} for name, value in key.items()}


def _setting(table: str, key: Mapping[str, str], values: Item) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": _key(key),
        "UpdateExpression": "SET " + ", ".join(f"#{number} = :{number}" for number in range(len(values))),
        "ExpressionAttributeNames": {f"#{number}": name for number, name in enumerate(values)},
        "ExpressionAttributeValues": {f":{number}": value for number, value in enumerate(values.values())},
    }


def _item_of(request: dict[str, Any]) -> Item:
    item: Item = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return item
