"""Rollups of one kind: an item per day, and one per month for months that are over; a range of keys holds both, so that a page answers.

Range keys: <kind>#2026-11-23 | <kind>#2026-08 | <kind>-was#2026-09-03#<when that version was kept>. A month's item holds its days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from chalicelib.domain.cost import CostDay
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.period import DAY, minus_months, month_start
from chalicelib.domain.usage import UsageBucket
from chalicelib.stores.dense import Codec, Memo, decode, encode
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import LARGEST_PART, PART_MARK, Item, expired, joined, split
from chalicelib.stores.tables import TTL_ATTRIBUTE
from chalicelib.stores.values import HASH, LAST, RANGE, read_whole, write_values

DAYS_KEPT = timedelta(days=25 * 31)
MONTHS_IN_DAYS = {"cost": 0, "usage": 1}
"""How many months before the present one still have an item per day: reading more of a month than was asked for is cheap for costs."""
FOLDED_AFTER = DAY
"""Readers look for a month's item as soon as it is over, writers write it that much later: their clocks differ by less."""
MONTHS_TO_FOLD = 3
"""How far before that it is looked for days that came to be long over."""
LARGEST_MONTH = 8 * LARGEST_PART
"""What a transaction can write at once, with room to spare; a month beyond that stays in days."""
REVISION, ROUNDS = "revision", 8
Day = TypeVar("Day", CostDay, UsageBucket)
MIN = datetime.min.replace(tzinfo=UTC)
ONLY_DATA = {
    "ProjectionExpression": "#data, #parts, #part, #digest",
    "FilterExpression": "attribute_not_exists(#ttl) OR #ttl > :now",
    "ExpressionAttributeNames": {
        "#range": RANGE,
        "#ttl": TTL_ATTRIBUTE,
        **{f"#{name}": name for name in ("data", "parts", "part", "digest")},
    },
}
"""What a question needs of an item, whose days say themselves which they are: parsing attributes is most of what reading costs."""


def day_of(day: CostDay | UsageBucket) -> date:
    return day.day if isinstance(day, CostDay) else day.start.date()


class Rollups(Generic[Day]):
    """Days of one kind. `complete` tells of a version whether it was whole, so that replacing it is a restatement."""

    def __init__(
        self, dynamo: Dynamo, table: str, now: Callable[[], datetime], kind: str, codec: Codec[Day], complete: Callable[[Day], bool]
    ) -> None:
        self._dynamo, self._table, self._now, self._kind = dynamo, table, now, kind
        self._codec: Codec[Day] = codec
        self._complete: Callable[[Day], bool] = complete

    def read(self, customer_id: str, first: date, last: date, consistent: bool = True, as_of: datetime | None = None) -> list[Day]:
        """The days that are known, in order; `as_of` an instant, as they were known then."""
        days = read_whole(partial(self._read, customer_id, first, last), consistent)
        if as_of is None:
            return list(days.values())
        then = {day: record for day, record in days.items() if record.since is None or record.since <= as_of}
        return [record for _, record in sorted({**self._versions(customer_id, first, last, as_of), **then}.items())]

    def put(self, customer_id: str, days: Iterable[Day], gone: Iterable[date] = ()) -> str:
        """Makes these days what counts and forgets the gone ones; what says the same already isn't touched. Returns a digest of the days.

        A version that is replaced is kept first. Of a month in one item, the item is written before its days' own are deleted.
        """
        wanted: dict[date, Day | None] = {**dict.fromkeys(gone), **{day_of(day): day for day in days}}
        for month in sorted({month_start(day) for day in wanted}):
            self._put_month(customer_id, month, {day: record for day, record in wanted.items() if month_start(day) == month})
        facts = encode(self._codec, (replace(day, since=None, restated=False) for _, day in sorted(wanted.items()) if day))
        return hashlib.sha256(facts + repr(sorted(day for day, record in wanted.items() if record is None)).encode()).hexdigest()

    def fold(self, customer_id: str) -> None:
        """Puts the days of months that have come to be long over into one item each."""
        since = self._in_days_since(self._now() - FOLDED_AFTER)
        first, last = self._day_key(minus_months(since, MONTHS_TO_FOLD)), self._day_key(since - DAY) + LAST
        keys = (item[RANGE]["S"] for item in self._items(customer_id, first, last, ProjectionExpression="#range"))
        for month in sorted({date.fromisoformat(f"{key.partition('#')[2][:7]}-01") for key in keys if key.count("-") == 2}):
            self._put_month(customer_id, month, {})

    def _in_days_since(self, at: datetime) -> date:
        """The first month that still has an item per day."""
        return minus_months(month_start(at.date()), MONTHS_IN_DAYS[self._kind])

    def _day_key(self, day: date) -> str:
        return f"{self._kind}#{day}"

    def _month_key(self, day: date) -> str:
        return f"{self._kind}#{day:%Y-%m}"

    def _version_key(self, version: Day) -> str:
        return f"{self._kind}-was#{day_of(version)}#{version.since or MIN:%Y-%m-%dT%H:%M:%S.%fZ}"

    def _items(self, customer_id: str, first: str, last: str, **more: Any) -> Iterator[Item]:
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        request = {"ExpressionAttributeNames": {"#range": RANGE}, "ConsistentRead": True, **more}
        return self._dynamo.query(self._table, condition, {":customer": customer_id, ":first": first, ":last": last}, **request)

    def _read(self, customer_id: str, first: date, last: date, consistent: bool) -> dict[date, Day]:
        """A month's own item counts before an item of one of its days, which is left over then."""
        start = self._day_key(first) if first >= self._in_days_since(self._now()) else self._month_key(first)
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        values: dict[str, str | int] = {
            ":customer": customer_id,
            ":first": start,
            ":last": self._day_key(last) + LAST,
            ":now": int(self._now().timestamp()),
        }
        items = self._dynamo.query(self._table, condition, values, ConsistentRead=consistent, **ONLY_DATA)
        days: dict[date, Day] = {}
        memo: Memo = {}
        for _, data in joined(items):
            for record in decode(self._codec, data, memo):
                days.setdefault(day_of(record), record)
        return {day: days[day] for day in sorted(days) if first <= day <= last}

    def _versions(self, customer_id: str, first: date, last: date, at: datetime) -> dict[date, Day]:
        """Per day the replaced version that counted at that instant, if one did."""
        then: dict[date, Day] = {}
        for item, data in joined(self._items(customer_id, f"{self._kind}-was#{first}", f"{self._kind}-was#{last}{LAST}")):
            (version,) = decode(self._codec, data)
            if (version.since or MIN) <= at < datetime.fromisoformat(item["until"]["S"]):
                then[day_of(version)] = version
        return then

    def _put_month(self, customer_id: str, month: date, wanted: Mapping[date, Day | None]) -> None:
        for attempt in range(ROUNDS):
            if self._tried(customer_id, month, wanted):
                return
            self._dynamo.wait(attempt)
        raise StoreUnavailable("a month kept changing while it was written")

    def _tried(self, customer_id: str, month: date, wanted: Mapping[date, Day | None]) -> bool:
        """Of two that put days of one month into its item the later one sees the earlier one's; False when that came between."""
        over = month < self._in_days_since(self._now())
        first, last = (self._month_key(month),) * 2 if over else (self._day_key(min(wanted)), self._day_key(max(wanted)))
        raw = {item[RANGE]["S"]: item for item in self._items(customer_id, first, last + LAST)}
        found = self._found(raw.values())
        before = {day: record for records in reversed(found.values()) for day, record in records.items()}
        after = self._after(before, wanted)
        target = self._target(customer_id, month, after, found)
        put = [items for items in target.values() if items is not None]
        kept = {item[RANGE]["S"] for items in put for item in items}
        kept |= {key for head, items in target.items() if items is None for key in _keys_of(raw[head])}
        replaced = [record for day, record in before.items() if after.get(day) is not record and self._complete(record)]
        write_values(self._dynamo, self._table, (self._archived(customer_id, record) for record in replaced))
        key = self._month_key(month)
        for items in (items for items in put if items[0][RANGE]["S"] == key):
            items[0][REVISION] = items[0].get("digest") or {"S": hashlib.sha256(items[0]["data"]["B"]).hexdigest()[:16]}
            held = raw.get(key, {}).get(REVISION, {}).get("S")
            if not self._dynamo.put_together(self._table, items, unless_changed=(REVISION, held)):
                return False  # somebody else has written the month since it was read
        write_values(self._dynamo, self._table, (items for items in put if items[0][RANGE]["S"] != key))
        gone = [{HASH: customer_id, RANGE: key} for key in sorted(raw.keys() - kept)]
        self._dynamo.write_many(self._table, (HASH, RANGE), [], gone)
        return True

    def _found(self, items: Iterable[Item]) -> dict[str, dict[date, Day]]:
        """Per item its days, in the order of keys: the month's own comes first."""
        unexpired = (item for item in items if not expired(item, self._now()))
        return {head[RANGE]["S"]: {day_of(record): record for record in decode(self._codec, data)} for head, data in joined(unexpired)}

    def _after(self, before: Mapping[date, Day], wanted: Mapping[date, Day | None]) -> dict[date, Day]:
        """What counts from now on; a day that says what it said before stays the very same."""
        after = dict(before)
        for day, record in wanted.items():
            old = before.get(day)
            if record is None:
                after.pop(day, None)
            elif old != record:
                restated = old is not None and (old.restated or self._complete(old))
                after[day] = replace(record, since=self._now(), restated=restated)
        return dict(sorted(after.items()))

    def _target(
        self, customer_id: str, month: date, after: Mapping[date, Day], found: Mapping[str, Mapping[date, Day]]
    ) -> dict[str, list[Item] | None]:
        """Per first key the items to write, None where what is there stays. A month that has its item keeps it."""
        key = self._month_key(month)
        if after and (key in found or month < self._in_days_since(self._now() - FOLDED_AFTER)):
            data = encode(self._codec, after.values())
            if len(data) <= LARGEST_MONTH:
                same = _all_same(found.get(key, {}), after)
                return {key: None if same else self._to_items(customer_id, key, data, None)}
        expiry = self._now() + DAYS_KEPT
        target: dict[str, list[Item] | None] = {}
        for day, record in after.items():
            key = self._day_key(day)
            same = found.get(key, {}).get(day) is record
            target[key] = None if same else self._to_items(customer_id, key, encode(self._codec, [record]), expiry)
        return target

    def _archived(self, customer_id: str, version: Day) -> list[Item]:
        items = self._to_items(customer_id, self._version_key(version), encode(self._codec, [version]), self._now() + DAYS_KEPT)
        items[0]["until"] = {"S": self._now().isoformat()}
        return items

    def _to_items(self, customer_id: str, key: str, data: bytes, ttl: datetime | None) -> list[Item]:
        return split({HASH: {"S": customer_id}, RANGE: {"S": key}}, RANGE, data, ttl)


def _all_same(found: Mapping[date, Day], after: Mapping[date, Day]) -> bool:
    return found.keys() == after.keys() and all(found[day] is record for day, record in after.items())


def _keys_of(head: Item) -> list[str]:
    """The keys of a value whose first item this is."""
    key, count = head[RANGE]["S"], int(head.get("parts", {}).get("N", "1"))
    return [key, *(f"{key}{PART_MARK}{number:03d}" for number in range(1, count))]
