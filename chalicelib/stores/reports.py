"""The reports table: one record per report, newest first through CreatedAtIndex; beside them which are under way, and keys of requests.

Range keys: the report's id; `running`, a set of ids; `once#<digest of an Idempotency-Key>`. Only records are in the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from chalicelib.domain.errors import Conflict, KeyReused, StoreUnavailable, TooManyRunning
from chalicelib.domain.reporting import KEY_LIVES, MOST_RUNNING, Once, ReportRecord
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, expired, pack, unpack
from chalicelib.stores.tables import REPORTS, TTL_ATTRIBUTE

RUNNING, ONCE, ROUNDS = "running", "once#", 12
Position = tuple[str, str]
"""(created_at, id) of the last record of a page."""


class Reports:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def create(self, customer_id: str, record: ReportRecord, once: Once | None) -> ReportRecord:
        """In one transaction: the record, its place among those under way and the request's key."""
        for attempt in range(ROUNDS):
            held = self.made_by(customer_id, once) if once else None
            if held:
                return held
            refused = self._dynamo.together(self._creation(customer_id, record, once))
            if not refused:
                return record
            if refused[0] == "ConditionalCheckFailed" and (there := self.get(customer_id, record.id)):
                return there  # whose id follows from what asks for it, somebody else was faster
            if refused[1] == "ConditionalCheckFailed" and not self._forget_finished(customer_id):
                raise TooManyRunning(f"{MOST_RUNNING} reports are under way: wait until one of them is ready")
            self._dynamo.wait(min(attempt, 4))
        raise StoreUnavailable("a customer's reports kept changing")

    def _creation(self, customer_id: str, record: ReportRecord, once: Once | None) -> list[dict[str, Any]]:
        new = f"attribute_not_exists({REPORTS.range_key})"
        actions: list[dict[str, Any]] = [
            {"Put": {"TableName": self._table, "Item": self._item(customer_id, record), "ConditionExpression": new}},
            {
                "Update": {
                    "TableName": self._table,
                    "Key": _key(customer_id, RUNNING),
                    "UpdateExpression": "ADD ids :id",
                    "ConditionExpression": "attribute_not_exists(ids) OR size(ids) < :most",
                    "ExpressionAttributeValues": {":id": {"SS": [record.id]}, ":most": {"N": str(MOST_RUNNING)}},
                }
            },
        ]
        if once:
            now = self._now()
            item: Item = {
                **_key(customer_id, f"{ONCE}{once.key}"),
                "report": {"S": record.id},
                "request": {"S": once.request},
                TTL_ATTRIBUTE: {"N": str(int((now + KEY_LIVES).timestamp()))},
            }
            free = {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": f"{new} OR #ttl <= :now",
                "ExpressionAttributeNames": {"#ttl": TTL_ATTRIBUTE},
                "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
            }
            actions.append({"Put": free})
        return actions

    def made_by(self, customer_id: str, once: Once) -> ReportRecord | None:
        """What the key made within its lifetime; KeyReused for another request of it, Conflict where that is deleted."""
        item = self._dynamo.get(self._table, _names(customer_id, f"{ONCE}{once.key}"))
        if item is None or expired(item, self._now()):
            return None
        if item["request"]["S"] != once.request:
            raise KeyReused(("Idempotency-Key", "was used with another body"))
        record = self.get(customer_id, item["report"]["S"])
        if record is None:
            raise Conflict("the report that this Idempotency-Key made was deleted")
        return record

    def _forget_finished(self, customer_id: str) -> bool:
        """Takes out of those under way what a crash left there: reports that are finished, gone or lost. Whether there was any."""
        item = self._dynamo.get(self._table, _names(customer_id, RUNNING))
        ids = item.get("ids", {}).get("SS", []) if item else []
        records = {report_id: self.get(customer_id, report_id) for report_id in ids}
        over = [name for name, record in records.items() if record is None or record.finished or record.lost(self._now())]
        if over:
            self._leave(customer_id, over)
        return bool(over)

    def _leave(self, customer_id: str, ids: Iterable[str]) -> None:
        self._dynamo.take_out(self._table, _names(customer_id, RUNNING), "ids", ids)

    def swap(self, customer_id: str, was: ReportRecord, record: ReportRecord) -> bool:
        """False when the record is gone, or further than it was: a deleted report doesn't come back, and of two workers one wins."""
        item = self._item(customer_id, record)
        done = self._dynamo.put(self._table, item, "progress = :was", {":was": {"S": _progress(was)}})
        if not done:  # it may be our own put whose answer was lost and that was sent again
            held = self._dynamo.get(self._table, _names(customer_id, record.id))
            done = held is not None and bytes(held["data"]["B"]) == item["data"]["B"]
        if done and record.finished:
            self._leave(customer_id, [record.id])
        return done

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None:
        item = self._dynamo.get(self._table, _names(customer_id, report_id))
        return None if item is None or expired(item, self._now()) else _record(item)

    def delete(self, customer_id: str, report_id: str, once: Once | None = None) -> None:
        """With `once` as if it had never been asked for."""
        self._dynamo.delete(self._table, _names(customer_id, report_id))
        self._leave(customer_id, [report_id])
        if once:
            self._dynamo.delete(self._table, _names(customer_id, f"{ONCE}{once.key}"))

    def list(
        self, customer_id: str, limit: int, after: Position | None, status: str | None = None
    ) -> tuple[list[ReportRecord], Position | None]:
        """One page, newest first, and where the next one starts; with `status` only of those in that state."""
        index, values = REPORTS.indexes[0], {":customer": customer_id}
        more: dict[str, object] = {"IndexName": index.name, "ScanIndexForward": False, "Limit": limit + 1}
        if after:
            more["ExclusiveStartKey"] = {**_key(customer_id, after[1]), index.range_key: {"S": after[0]}}
        if status:
            more["FilterExpression"], values[":status"] = "begins_with(progress, :status)", f"{status}#"
        items = list(self._dynamo.query(self._table, f"{index.hash_key} = :customer", values, **more))
        last = items[limit - 1] if len(items) > limit else None
        records = [_record(item) for item in items[:limit] if not expired(item, self._now())]
        return records, (last[index.range_key]["S"], last[str(REPORTS.range_key)]["S"]) if last else None

    def _item(self, customer_id: str, record: ReportRecord) -> Item:
        return {
            **_key(customer_id, record.id),
            REPORTS.indexes[0].range_key: {"S": f"{record.created_at:%Y-%m-%dT%H:%M:%S.%fZ}"},
            "v": {"N": SCHEMA},
            "progress": {"S": _progress(record)},
            "data": {"B": pack(record)},
            TTL_ATTRIBUTE: {"N": str(int(record.expires_at.timestamp()))},
        }


def _progress(record: ReportRecord) -> str:
    return f"{record.status}#{record.attempts}"


def _names(customer_id: str, range_key: str) -> dict[str, str]:
    return {REPORTS.hash_key: customer_id, str(REPORTS.range_key): range_key}


def _key(customer_id: str, range_key: str) -> Item:
    return {name: {"S": value} for name, value in _names(customer_id, range_key).items()}


def _record(item: Item) -> ReportRecord:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), ReportRecord)
