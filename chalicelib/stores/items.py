"""Values <-> DynamoDB items: one compressed binary attribute and a schema version, split where it would grow too large."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.errors import StoreUnavailable, UnknownSchema
from chalicelib.stores.tables import TTL_ATTRIBUTE

Value = TypeVar("Value")
Item = dict[str, dict[str, Any]]
SCHEMA = "2"
LARGEST_PART = 350_000
"""Bytes of one part: an item may have 400 KB, names and keys included."""
PART_MARK = "#part"


class Rewritten(StoreUnavailable):
    """A value's parts didn't fit together, because somebody was writing it."""

    def __init__(self) -> None:
        super().__init__("an item was being rewritten while it was read")


def pack(value: object) -> bytes:
    """Exact (Decimals as text), dense and deterministic."""
    return zlib.compress(msgspec.json.encode(value), 6)


def unpack(data: bytes, kind: type[Value]) -> Value:
    return msgspec.json.decode(zlib.decompress(data), type=kind)


def to_items(hash_name: str, hash_value: str, range_name: str, range_value: str, value: object, ttl: datetime | None) -> list[Item]:
    """The value as one item, or as several with the same digest when it is too large for one."""
    return split({hash_name: {"S": hash_value}, range_name: {"S": range_value}}, range_name, pack(value), ttl)


def split(key: Item, range_name: str, data: bytes, ttl: datetime | None) -> list[Item]:
    """The bytes as one item, or as several: the first says how many, the others lie right behind it and say which one each is."""
    parts = [data[start : start + LARGEST_PART] for start in range(0, len(data), LARGEST_PART)]
    digest = hashlib.sha256(data).hexdigest()[:16]
    items = []
    for number, part in enumerate(parts):
        item: Item = {**key, "v": {"N": SCHEMA}, "data": {"B": part}}
        if number:
            item |= {range_name: {"S": f"{key[range_name]['S']}{PART_MARK}{number:03d}"}, "part": {"N": str(number)}}
        elif len(parts) > 1:
            item["parts"] = {"N": str(len(parts))}
        if len(parts) > 1:
            item["digest"] = {"S": digest}
        if ttl:
            item[TTL_ATTRIBUTE] = {"N": str(int(ttl.timestamp()))}
        items.append(item)
    return items


def joined(items: Iterable[Item]) -> Iterator[tuple[Item, bytes]]:
    """(first item, all its bytes) of every value among the items, in their order; Rewritten when parts don't fit together."""
    head: Item = {}
    parts: list[bytes] = []
    wanted = 0
    for item in items:
        if "part" in item:
            if wanted and item["digest"] == head["digest"] and int(item["part"]["N"]) == len(parts):
                parts.append(bytes(item["data"]["B"]))
                wanted -= 1
                if not wanted:
                    yield head, b"".join(parts)
            continue  # a part of an older, longer version is nobody's
        if wanted:
            raise Rewritten
        head, parts, wanted = item, [bytes(item["data"]["B"])], int(item["parts"]["N"]) - 1 if "parts" in item else 0
        if not wanted:
            yield head, parts[0]
    if wanted:
        raise Rewritten


def from_items(items: Iterable[Item], range_name: str, kind: type[Value], now: datetime) -> Iterator[tuple[str, Value]]:
    """(range key, value) of every unexpired value among the items, in their order; Rewritten when parts don't fit together."""
    rest = {item[range_name]["S"]: item for item in items if not expired(item, now)}
    for key, item in rest.items():
        if "part" in item:
            continue
        check_schema(item)
        count = int(item.get("parts", {}).get("N", "1"))
        parts = [item, *(rest.get(f"{key}{PART_MARK}{number:03d}", {}) for number in range(1, count))]
        if any(part.get("digest") != item.get("digest") for part in parts):
            raise Rewritten
        yield key, unpack(b"".join(bytes(part["data"]["B"]) for part in parts), kind)


def check_schema(item: Item) -> None:
    version = item.get("v", {}).get("N")
    if version != SCHEMA:
        raise UnknownSchema(f"an item has schema version {version}, this code reads {SCHEMA}")


def expired(item: Item, now: datetime) -> bool:
    """Whether the item's lifetime is over, though DynamoDB may delete it only days later."""
    return TTL_ATTRIBUTE in item and int(item[TTL_ATTRIBUTE]["N"]) <= now.timestamp()
