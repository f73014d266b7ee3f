"""Usage by the hour: one item with everything of an hour, which answers, and one per service and region, to drill down by the indexes.

Range keys: usage-hour#2026-11-23T20 | usage-fine#2026-11-23T20#<service>#<region>. ServiceIndex and RegionIndex hold the latter under
`customer#service` and `customer#region`, so that no hash key is shared by customers or hot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from chalicelib.domain.period import HOUR, Window
from chalicelib.domain.usage import UsageBucket, by_place
from chalicelib.stores.dense import Memo, decode, encode
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import Item, joined, split
from chalicelib.stores.records import USAGE
from chalicelib.stores.rollups import ONLY_DATA
from chalicelib.stores.tables import METRICS, Index
from chalicelib.stores.values import HASH, LAST, RANGE, read_whole, write_values

HOUR_PREFIX, FINE = "usage-hour#", "usage-fine#"
SERVICE_INDEX, REGION_INDEX = METRICS.indexes
Place = tuple[str, str]
"""(service, region)"""


class Hours:
    """Hours live `kept` long, counted from their last write."""

    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime], kept: timedelta) -> None:
        self._dynamo, self._table, self._now, self._kept = dynamo, table, now, kept

    def read(self, customer_id: str, window: Window, consistent: bool = True) -> list[UsageBucket]:
        if window.end <= self._now() - self._kept:
            return []
        first, last = _hour_key(window.start), _hour_key(window.end - HOUR) + LAST
        condition = f"{HASH} = :value AND #range BETWEEN :first AND :last"
        return read_whole(lambda now: self._buckets(condition, customer_id, first, last, ConsistentRead=now), consistent)

    def last(self, customer_id: str) -> datetime | None:
        """The end of the last hour that is known."""
        condition = f"{HASH} = :value AND begins_with(#range, :first)"
        request = {"ExpressionAttributeNames": {"#range": RANGE}, "ConsistentRead": True, "ScanIndexForward": False, "Limit": 1}
        newest = self._dynamo.query(self._table, condition, {":value": customer_id, ":first": HOUR_PREFIX}, **request)
        return next((decode(USAGE, bytes(item["data"]["B"]))[0].start + HOUR for item in newest), None)

    def of_service(self, customer_id: str, service: str, window: Window) -> list[UsageBucket]:
        """The hours' series of one service, a bucket per region; an index tells of a write a moment later than the table."""
        return self._drill(SERVICE_INDEX, customer_id, service, window)

    def of_region(self, customer_id: str, region: str, window: Window) -> list[UsageBucket]:
        """The hours' series of one region, a bucket per service."""
        return self._drill(REGION_INDEX, customer_id, region, window)

    def put(self, customer_id: str, hours: Iterable[UsageBucket], held: Iterable[UsageBucket] | None = None) -> None:
        """Writes what says something else than is `held` (read here unless it is given): an hour's places before the hour itself."""
        wanted = {hour.start: hour for hour in hours if hour.start >= self._now() - self._kept}
        if not wanted:
            return
        if held is None:
            held = self.read(customer_id, Window(min(wanted), max(wanted) + HOUR))
        known = {hour.start: hour for hour in held}
        changed = [hour for start, hour in sorted(wanted.items()) if known.get(start) != hour]
        fine: list[Item] = []
        gone: list[str] = []
        for hour in changed:
            old, new = (by_place(bucket) if bucket else {} for bucket in (known.get(hour.start), hour))
            fine += [self._fine(customer_id, place, bucket) for place, bucket in new.items() if old.get(place) != bucket]
            gone += [_fine_key(hour.start, place) for place in old if place not in new]
        self._dynamo.write_many(self._table, (HASH, RANGE), fine, [{HASH: customer_id, RANGE: key} for key in gone])
        key = {HASH: {"S": customer_id}}
        items = (split({**key, RANGE: {"S": _hour_key(hour.start)}}, RANGE, encode(USAGE, [hour]), self._expiry()) for hour in changed)
        write_values(self._dynamo, self._table, items)

    def _expiry(self) -> datetime:
        return self._now() + self._kept

    def _fine(self, customer_id: str, place: Place, bucket: UsageBucket) -> Item:
        key = {HASH: {"S": customer_id}, RANGE: {"S": _fine_key(bucket.start, place)}}
        (item,) = split(key, RANGE, encode(USAGE, [bucket]), self._expiry())
        service, region = place
        item[SERVICE_INDEX.hash_key] = {"S": index_key(customer_id, service)}
        item[REGION_INDEX.hash_key] = {"S": index_key(customer_id, region)}
        return item

    def _drill(self, index: Index, customer_id: str, name: str, window: Window) -> list[UsageBucket]:
        first, last = (f"{FINE}{instant:%Y-%m-%dT%H}" for instant in (window.start, window.end - HOUR))
        condition = f"{index.hash_key} = :value AND #range BETWEEN :first AND :last"
        return self._buckets(condition, index_key(customer_id, name), first, last + LAST, IndexName=index.name)

    def _buckets(self, condition: str, value: str, first: str, last: str, **more: object) -> list[UsageBucket]:
        values: dict[str, str | int] = {":value": value, ":first": first, ":last": last, ":now": int(self._now().timestamp())}
        memo: Memo = {}
        items: Iterator[tuple[Item, bytes]] = joined(self._dynamo.query(self._table, condition, values, **more, **ONLY_DATA))
        return [bucket for _, data in items for bucket in decode(USAGE, data, memo)]


def index_key(customer_id: str, name: str) -> str:
    return f"{customer_id}#{name}"


def _hour_key(hour: datetime) -> str:
    return f"{HOUR_PREFIX}{hour:%Y-%m-%dT%H}"


def _fine_key(hour: datetime, place: Place) -> str:
    return f"{FINE}{hour:%Y-%m-%dT%H}#{place[0]}#{place[1]}"
