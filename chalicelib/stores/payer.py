"""The payer's export: its records, kept with what is unallocated, and its files in the exports bucket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from chalicelib.domain.customer import UNALLOCATED
from chalicelib.domain.payer import PayerExport
from chalicelib.stores.dynamo import Dynamo, available
from chalicelib.stores.files import ABSENT, object_of, spooled
from chalicelib.stores.items import SCHEMA, Item, check_schema, pack, unpack
from chalicelib.stores.tables import METRICS

PREFIX, MANIFEST = "focus-export/", "Manifest.json"
RECORD = "payer-export#"


def export_of(key: str) -> str | None:
    """The name of the export that a manifest is of; None for any other key: data files are read when their manifest comes."""
    name, slash, rest = key.removeprefix(PREFIX).partition("/")
    return name if key.startswith(PREFIX) and name and slash and rest.endswith(MANIFEST) else None


class PayerExports:
    """One record per export and billing period; a put holds only if nobody else has put since the record was read."""

    def __init__(self, dynamo: Dynamo, table: str) -> None:
        self._dynamo, self._table = dynamo, table

    def get(self, key: str) -> PayerExport | None:
        item = self._dynamo.get(self._table, {METRICS.hash_key: UNALLOCATED, str(METRICS.range_key): f"{RECORD}{key}"})
        return _value(item) if item else None

    def all(self) -> list[PayerExport]:
        condition = f"{METRICS.hash_key} = :owner AND begins_with(#range, :record)"
        names = {"#range": str(METRICS.range_key)}
        values = {":owner": UNALLOCATED, ":record": RECORD}
        items = self._dynamo.query(self._table, condition, values, ExpressionAttributeNames=names, ConsistentRead=True)
        return [_value(item) for item in items]

    def put(self, export: PayerExport) -> PayerExport | None:
        """The record as kept, one revision on; None, with nothing written, when it isn't the revision that is kept."""
        kept = replace(export, revision=export.revision + 1)
        item: Item = {
            METRICS.hash_key: {"S": UNALLOCATED},
            str(METRICS.range_key): {"S": f"{RECORD}{export.key}"},
            "v": {"N": SCHEMA},
            "revision": {"N": str(kept.revision)},
            "data": {"B": pack(kept)},
        }
        if export.revision == 0:
            return kept if self._dynamo.put(self._table, item, f"attribute_not_exists({METRICS.hash_key})") else None
        before = {":before": {"N": str(export.revision)}}
        return kept if self._dynamo.put(self._table, item, "revision = :before", before) else None


def _value(item: Item) -> PayerExport:
    check_schema(item)
    return unpack(bytes(item["data"]["B"]), PayerExport)


class PayerFiles:
    """The exports bucket, seen from the payer's export."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self.bucket = client, bucket

    def manifest(self, key: str) -> tuple[bytes, datetime] | None:
        """(content, when it was written), or None when there is no such key."""
        with available():
            answer = object_of(self._client, self.bucket, key)
            return (answer["Body"].read(), answer["LastModified"]) if answer else None

    def look(self, key: str) -> tuple[str, datetime] | None:
        """(ETag, when it was written) of a data file, or None when there is no such key."""
        with available():
            try:
                answer = self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in ABSENT:
                    return None
                raise
        return answer["ETag"], answer["LastModified"]

    def open(self, key: str) -> tuple[BinaryIO, str] | None:
        """(content, ETag) of a data file, or None when there is no such key; the caller closes it."""
        with available():
            answer = object_of(self._client, self.bucket, key)
            return None if answer is None else (spooled(answer), answer["ETag"])
