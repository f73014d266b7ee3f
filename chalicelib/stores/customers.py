"""The directory: customers with their accounts, and API keys by id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from chalicelib.domain.customer import ApiKey, Customer
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, pack, unpack
from chalicelib.stores.tables import API_KEYS, CUSTOMERS

Value = TypeVar("Value")
OPERATOR = "(operator)"
"""Stands in the keys table where a customer's id would; no customer can have it (ids hold letters, digits, - and _)."""


class Customers:
    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def get(self, customer_id: str) -> Customer | None:
        item = self._dynamo.get(self._table, {CUSTOMERS.hash_key: customer_id})
        return _value(item, Customer) if item else None

    def all(self) -> list[Customer]:
        """Every customer, by id: for the hourly plan and the operator, never for a customer's request."""
        return sorted((_value(item, Customer) for item in self._dynamo.scan(self._table)), key=lambda customer: customer.id)

    def create(self, customer: Customer) -> bool:
        """False when there is one of that id."""
        return self._dynamo.put(
            self._table, _item(CUSTOMERS.hash_key, customer.id, customer), f"attribute_not_exists({CUSTOMERS.hash_key})"
        )

    def put(self, customer: Customer) -> None:
        self._dynamo.put(self._table, _item(CUSTOMERS.hash_key, customer.id, customer))

    def put_together(self, customers: Iterable[Customer]) -> None:
        """All of them or none: what moves from one to another is never at both and never lost."""
        self._dynamo.put_together(self._table, [_item(CUSTOMERS.hash_key, customer.id, customer) for customer in customers])


class ApiKeys:
    """Keys by their id; the secret part is never here."""

    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def get(self, key_id: str) -> ApiKey | None:
        item = self._dynamo.get(self._table, {API_KEYS.hash_key: key_id})
        return _value(item, ApiKey) if item else None

    def put(self, key: ApiKey) -> None:
        item = _item(API_KEYS.hash_key, key.id, key)
        item["customer_id"] = {"S": key.customer_id or OPERATOR}
        self._dynamo.put(self._table, item)

    def of(self, customer_id: str) -> list[ApiKey]:
        index = API_KEYS.indexes[0]
        items = self._dynamo.query(self._table, f"{index.hash_key} = :customer", {":customer": customer_id}, IndexName=index.name)
        return [_value(item, ApiKey) for item in items]


def _item(key_name: str, key: str, value: object) -> Item:
    return {key_name: {"S": key}, "v": {"N": SCHEMA}, "data": {"B": pack(value)}}


def _value(item: Item, kind: type[Value]) -> Value:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), kind)
