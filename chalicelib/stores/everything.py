"""All that is kept of one customer, wherever: for taking it along and for erasing it, by the operator's commands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.stores import tables as t
from chalicelib.stores.dynamo import Dynamo, available
from chalicelib.stores.files import HANDOVER, KINDS, SHARES, Handover, prefix, reports_prefix
from chalicelib.stores.items import Item
from chalicelib.stores.payer import PayerExports
from chalicelib.stores.token_buckets import BUCKET

CUSTOMER = "customer_id"
ATTEMPTS = 5


@dataclass(frozen=True)
class Version:
    """One version of an object, or a mark that says it is deleted."""

    bucket: str
    key: str
    id: str
    deleted: bool
    current: bool


class Everything:
    """`table` and `bucket` make physical names of specs. Every method's first argument is the customer."""

    def __init__(self, dynamo: Dynamo, s3: Any, table: Callable[[t.Table], str], bucket: Callable[[t.Bucket], str]) -> None:
        self._dynamo, self._s3, self._table, self._bucket = dynamo, s3, table, bucket

    def items(self, customer_id: str, table: t.Table) -> Iterator[Item]:
        """Its items of a table: one partition where customers are the key, else all that say whose they are."""
        name = self._table(table)
        if table.hash_key == CUSTOMER:
            return self._dynamo.query(name, f"{CUSTOMER} = :customer", {":customer": customer_id}, ConsistentRead=True)
        return (item for item in self._dynamo.scan(name) if _is_of(customer_id, table, item))

    def delete_items(self, customer_id: str, table: t.Table) -> int:
        """Returns how many there were."""
        keys = tuple(name for name in (table.hash_key, table.range_key) if name)
        found = [{name: item[name]["S"] for name in keys} for item in self.items(customer_id, table)]
        self._dynamo.write_many(self._table(table), keys, [], found)
        return len(found)

    def versions(self, customer_id: str) -> Iterator[Version]:
        """Every version of every object under the customer's prefixes of both buckets."""
        places = [(t.REPORTS_BUCKET, reports_prefix(customer_id)), *((t.EXPORTS_BUCKET, prefix(kind, customer_id)) for kind in KINDS)]
        for bucket, below in places:
            yield from self._versions(self._bucket(bucket), below)

    def content(self, customer_id: str, version: Version) -> bytes:
        with available():
            return bytes(self._s3.get_object(Bucket=version.bucket, Key=version.key, VersionId=version.id)["Body"].read())

    def delete_objects(self, customer_id: str) -> int:
        """Every version of them, and the customer's share of what lies between two jobs. Returns how many versions there were."""
        found = list(self.versions(customer_id))
        self._delete(found)
        return len(found) + self._take_out_of_handover(customer_id)

    def forget_ownership(self, customer_id: str) -> int:
        """Takes the customer out of the payer's exports' records; its rows there are the payer's own bill, under (unallocated) from now on.
        Returns of how many records."""
        exports, changed = PayerExports(self._dynamo, self._table(t.METRICS)), 0
        for export in exports.all():
            for _ in range(ATTEMPTS):
                held = exports.get(export.key)
                if held is None or customer_id not in (*held.owners, *held.untold):
                    break
                owners, untold = (tuple(owner for owner in names if owner != customer_id) for names in (held.owners, held.untold))
                if exports.put(replace(held, owners=owners, untold=untold)) is not None:
                    changed += 1
                    break
            else:
                raise StoreUnavailable("the payer's record kept changing: run it again")
        return changed

    def _take_out_of_handover(self, customer_id: str) -> int:
        """Of how many versions: what counts is written anew without the customer, what doesn't any more goes."""
        bucket, count = self._bucket(t.EXPORTS_BUCKET), 0
        handover = Handover(self._s3, bucket)
        for version in list(self._versions(bucket, f"{HANDOVER}/")):
            shares = {} if version.deleted else SHARES.decode(self.content(customer_id, version))
            if customer_id not in shares:
                continue
            if version.current:
                handover.put(version.key.removeprefix(f"{HANDOVER}/"), {name: of for name, of in shares.items() if name != customer_id})
            self._delete([version])
            count += 1
        return count

    def _versions(self, bucket: str, below: str) -> Iterator[Version]:
        with available():
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=below):
                for kind, deleted in (("Versions", False), ("DeleteMarkers", True)):
                    for found in page.get(kind, []):
                        yield Version(bucket, found["Key"], found["VersionId"], deleted, found["IsLatest"])

    def _delete(self, versions: Iterable[Version]) -> None:
        for version in versions:
            with available():
                self._s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.id)


def _is_of(customer_id: str, table: t.Table, item: Item) -> bool:
    name, of = (table.hash_key, f"{BUCKET}{customer_id}") if table == t.LEDGER else (CUSTOMER, customer_id)
    return bool(item.get(name, {}).get("S") == of)
