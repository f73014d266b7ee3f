"""Values <-> DynamoDB items: one compressed binary attribute and a schema version, split where it would grow too large."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.errors import StoreUnavailable, UnknownSchema
from chalicelib.stores.tables import TTL_ATTRIBUTE

Value = TypeVar("Value")
Item = dict[str, dict[str, Any]]
SCHEMA = "1"
LARGEST_PART = 350_000
"""Bytes of one part: an item may have 400 KB, names and keys included."""
PART_MARK = "#part"
_CONTINUATION = re.compile(rf".*{PART_MARK}[0-9]{{3}}", re.DOTALL)


def pack(value: object) -> bytes:
    """Exact (Decimals as text), dense and deterministic."""
    return zlib.compress(msgspec.json.encode(value), 6)


def unpack(data: bytes, kind: type[Value]) -> Value:
    return msgspec.json.decode(zlib.decompress(data), type=kind)


def to_items(hash_name: str, hash_value: str, range_name: str, range_value: str, value: object, ttl: datetime | None) -> list[Item]:
    """The value as one item, or as several with the same digest when it is too large for one."""
    data = pack(value)
    digest = hashlib.sha256(data).hexdigest()[:16]
    parts = [data[start : start + LARGEST_PART] for start in range(0, len(data), LARGEST_PART)]
    items = []
    for number, part in enumerate(parts):
        item: Item = {
            hash_name: {"S": hash_value},
            range_name: {"S": range_value if number == 0 else f"{range_value}{PART_MARK}{number:03d}"},
            "v": {"N": SCHEMA},
            "data": {"B": part},
        }
        if len(parts) > 1:
            item |= {"parts": {"N": str(len(parts))}, "digest": {"S": digest}}
        if ttl:
            item[TTL_ATTRIBUTE] = {"N": str(int(ttl.timestamp()))}
        items.append(item)
    return items


def from_items(items: Iterable[Item], range_name: str, kind: type[Value], now: datetime) -> Iterator[tuple[str, Value]]:
    """(range key, value) of every unexpired value among the items, in their order; StoreUnavailable when parts don't fit together."""
    rest = {item[range_name]["S"]: item for item in items if not expired(item, now)}
    for key, item in rest.items():
        if _CONTINUATION.fullmatch(key) and "parts" in item:
            continue
        check_schema(item)
        count = int(item.get("parts", {}).get("N", "1"))
        parts = [item, *(rest.get(f"{key}{PART_MARK}{number:03d}", {}) for number in range(1, count))]
        if any(part.get("digest") != item.get("digest") for part in parts):
            raise StoreUnavailable("an item was being rewritten while it was read")
        yield key, unpack(b"".join(bytes(part["data"]["B"]) for part in parts), kind)


def check_schema(item: Item) -> None:
    version = item.get("v", {}).get("N")
    if version != SCHEMA:
        raise UnknownSchema(f"an item has schema version {version}, this code reads {SCHEMA}")


def expired(item: Item, now: datetime) -> bool:
    """Whether the item's lifetime is over, though DynamoDB may delete it only days later."""
    return TTL_ATTRIBUTE in item and int(item[TTL_ATTRIBUTE]["N"]) <= now.timestamp()
