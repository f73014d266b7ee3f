"""The directory: customers with their accounts, and API keys by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.domain.customer import ApiKey, Customer
from chalicelib.domain.errors import NotFound, StoreUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, pack, unpack
from chalicelib.stores.tables import API_KEYS, CUSTOMERS, TTL_ATTRIBUTE

Value = TypeVar("Value")
KEPT_ENDED = timedelta(days=90)
USED_AT, ROUNDS = "used_at", 5
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
        return _key(item) if item else None

    def put(self, key: ApiKey) -> None:
        """Leaves alone when it was last used, which others note meanwhile."""
        item = _item(API_KEYS.hash_key, key.id, replace(key, used_at=None))
        del item[API_KEYS.hash_key]
        item |= {"customer_id": {"S": key.customer_id or OPERATOR}, **_lifetime(key)}
        self._dynamo.update(self._table, {API_KEYS.hash_key: key.id}, item)

    def change(self, key_id: str, to: Callable[[ApiKey], ApiKey]) -> None:
        """Puts what `to` makes of the key as it is: a key that was revoked meanwhile never comes to life again."""
        key = {API_KEYS.hash_key: key_id}
        for attempt in range(ROUNDS):
            item = self._dynamo.get(self._table, key)
            if item is None:
                raise NotFound("there is no such key")
            changed = to(_key(item))
            values: Item = {"v": {"N": SCHEMA}, "data": {"B": pack(replace(changed, used_at=None))}, **_lifetime(changed)}
            if self._dynamo.update_if(self._table, key, values, ("data", item["data"])):
                return
            self._dynamo.wait(attempt)
        raise StoreUnavailable("a key kept changing")

    def used(self, key_id: str, at: datetime) -> None:
        """Of a key that is there still: one that was erased meanwhile doesn't come back as half a one."""
        self._dynamo.update_if(self._table, {API_KEYS.hash_key: key_id}, {USED_AT: {"S": at.isoformat()}}, ("v", {"N": SCHEMA}))

    def of(self, customer_id: str) -> list[ApiKey]:
        """A customer's keys, the oldest first."""
        index = API_KEYS.indexes[0]
        items = self._dynamo.query(self._table, f"{index.hash_key} = :customer", {":customer": customer_id}, IndexName=index.name)
        return sorted(map(_key, items), key=lambda key: (key.created_at, key.id))


def _item(key_name: str, key: str, value: object) -> Item:
    return {key_name: {"S": key}, "v": {"N": SCHEMA}, "data": {"B": pack(value)}}


def _lifetime(key: ApiKey) -> Item:
    """Of a key that has an end: its record stays for a while after it."""
    ends = [end for end in (key.revoked_at, key.expires_at) if end]
    return {TTL_ATTRIBUTE: {"N": str(int((min(ends) + KEPT_ENDED).timestamp()))}} if ends else {}


def _key(item: Item) -> ApiKey:
    key = _value(item, ApiKey)
    return replace(key, used_at=datetime.fromisoformat(item[USED_AT]["S"])) if USED_AT in item else key


def _value(item: Item, kind: type[Value]) -> Value:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), kind)
