"""The reports table: one record per report, newest first through CreatedAtIndex."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.domain.reporting import ReportRecord
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.items import SCHEMA, Item, check_schema, expired, pack, unpack
from chalicelib.stores.tables import REPORTS, TTL_ATTRIBUTE

KEPT = timedelta(days=400)
Position = tuple[str, str]
"""(created_at, id) of the last record of a page."""


class Reports:
    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime]) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now

    def create(self, customer_id: str, record: ReportRecord) -> bool:
        """False, and nothing changed, when a record of that id is there."""
        return self._dynamo.put(self._table, self._item(customer_id, record), f"attribute_not_exists({REPORTS.range_key})")

    def put(self, customer_id: str, record: ReportRecord) -> bool:
        """False when the record is gone: a deleted report doesn't come back."""
        return self._dynamo.put(self._table, self._item(customer_id, record), f"attribute_exists({REPORTS.range_key})")

    def get(self, customer_id: str, report_id: str) -> ReportRecord | None:
        item = self._dynamo.get(self._table, _key(customer_id, report_id))
        return None if item is None or expired(item, self._now()) else _record(item)

    def delete(self, customer_id: str, report_id: str) -> None:
        self._dynamo.delete(self._table, _key(customer_id, report_id))

    def list(self, customer_id: str, limit: int, after: Position | None) -> tuple[list[ReportRecord], Position | None]:
        """One page, newest first, and where the next one starts."""
        index = REPORTS.indexes[0]
        more: dict[str, object] = {"IndexName": index.name, "ScanIndexForward": False, "Limit": limit + 1}
        if after:
            more["ExclusiveStartKey"] = {**{n: {"S": v} for n, v in _key(customer_id, after[1]).items()}, index.range_key: {"S": after[0]}}
        items = list(self._dynamo.query(self._table, f"{index.hash_key} = :customer", {":customer": customer_id}, **more))
        last = items[limit - 1] if len(items) > limit else None
        records = [_record(item) for item in items[:limit] if not expired(item, self._now())]
        return records, (last[index.range_key]["S"], last[str(REPORTS.range_key)]["S"]) if last else None

    def _item(self, customer_id: str, record: ReportRecord) -> Item:
        return {
            REPORTS.hash_key: {"S": customer_id},
            str(REPORTS.range_key): {"S": record.id},
            REPORTS.indexes[0].range_key: {"S": f"{record.created_at:%Y-%m-%dT%H:%M:%S.%fZ}"},
            "v": {"N": SCHEMA},
            "data": {"B": pack(record)},
            TTL_ATTRIBUTE: {"N": str(int((self._now() + KEPT).timestamp()))},
        }


def _key(customer_id: str, report_id: str) -> dict[str, str]:
    return {REPORTS.hash_key: customer_id, str(REPORTS.range_key): report_id}


def _record(item: Item) -> ReportRecord:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), ReportRecord)
