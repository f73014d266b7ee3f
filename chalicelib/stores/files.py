"""The two buckets: reports that we write, exports that customers drop. A customer's objects lie under its own prefix."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

import msgspec
from botocore.exceptions import ClientError

from chalicelib.domain.cost import CostPart
from chalicelib.domain.reporting import ReportRecord
from chalicelib.stores.dynamo import available
from chalicelib.stores.tables import KEPT_MONTHS

LINK_SECONDS = 300
ABSENT = ("NoSuchKey", "404")
IN_MEMORY = 16 * 2**20
HANDOVER = "handover"
SHARES = msgspec.msgpack.Decoder(dict[str, tuple[CostPart, ...]])
"""Not compressed: one job packs everybody's, and they lie for two days."""
KINDS = {"focus": (".csv", ".csv.gz"), "findings": (".json",)}
"""Per kind of drop, the endings that are read."""


class ReportFiles:
    """`absent` are the codes by which S3 says that there is no such object."""

    def __init__(self, client: Any, bucket: str, absent: tuple[str, ...] = ABSENT) -> None:
        self._client, self.bucket, self._absent = client, bucket, absent

    def put(self, customer_id: str, record: ReportRecord, content: BinaryIO, content_type: str) -> None:
        """The bucket deletes it after the record's months: it has a rule for each tag (alarms/buckets.py)."""
        request = {"Bucket": self.bucket, "Key": _report_key(customer_id, record), "ContentType": content_type}
        with available():
            self._client.put_object(**request, Body=content, Tagging=f"{KEPT_MONTHS}={record.months}")

    def open(self, customer_id: str, record: ReportRecord) -> BinaryIO | None:
        """The document as a file, which the caller closes; None when it is gone."""
        with available():
            answer = object_of(self._client, self.bucket, _report_key(customer_id, record), self._absent)
            return None if answer is None else spooled(answer)

    def url(self, customer_id: str, record: ReportRecord) -> str:
        """A link that works for five minutes and downloads under the report's own name."""
        disposition = f'attachment; filename="{record.filename}"'  # letters, digits, - _ and . alone
        request = {"Bucket": self.bucket, "Key": _report_key(customer_id, record), "ResponseContentDisposition": disposition}
        with available():
            return str(self._client.generate_presigned_url("get_object", Params=request, ExpiresIn=LINK_SECONDS))

    def delete(self, customer_id: str, report_id: str) -> None:
        """Every version of what any attempt left: a deleted object would come back with its marker's deletion."""
        with available():
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=_report_prefix(customer_id, report_id)
            )
            for page in pages:
                for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                    self._client.delete_object(Bucket=self.bucket, Key=found["Key"], VersionId=found["VersionId"])


class ExportFiles:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def open(self, customer_id: str, key: str) -> tuple[BinaryIO, str, datetime] | None:
        """(content, SHA-256, when it was dropped); None when the key is gone. `key` is the whole S3 key, below the customer's prefix."""
        if not any(key.startswith(prefix(kind, customer_id)) for kind in KINDS):
            raise AssertionError("a key of another prefix")
        with available():
            answer = object_of(self._client, self._bucket, key)
            if answer is None:
                return None
            digest = hashlib.sha256()
            file = spooled(answer, digest.update)
        return file, digest.hexdigest(), answer["LastModified"]

    def put(self, customer_id: str, kind: str, name: str, content: BinaryIO) -> str:
        """Drops a file where the customer's own export would land; returns its key."""
        key = f"{prefix(kind, customer_id)}{name}"
        with available():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def keys(self, customer_id: str, kind: str) -> list[str]:
        """Every key that the customer has dropped, of that kind."""
        with available():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix(kind, customer_id))
            keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return [key for key in keys if key.endswith(KINDS[kind])]


class Handover:
    """Customers' shares of what one job read for all of them, left for the jobs that keep them."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, name: str, shares: Mapping[str, Sequence[CostPart]]) -> str:
        """Returns its key."""
        key = f"{HANDOVER}/{name}"
        with available():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=msgspec.msgpack.encode(shares))
        return key

    def get(self, key: str) -> dict[str, tuple[CostPart, ...]] | None:
        """By customer; None when it is gone."""
        with available():
            content = object_of(self._client, self._bucket, key)
            return None if content is None else SHARES.decode(content["Body"].read())


def object_of(client: Any, bucket: str, key: str, absent: tuple[str, ...] = ABSENT) -> Any:
    """S3's answer, None when there is no such key."""
    try:
        return client.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in absent:
            return None
        raise


def spooled(answer: Any, see: Callable[[bytes], object] = lambda chunk: None) -> BinaryIO:
    """The content of S3's answer as a file, which the caller closes; a large one lies on disk. `see` sees all of it."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  the caller reads it
    for chunk in answer["Body"].iter_chunks(2**20):
        file.write(chunk)
        see(chunk)
    file.seek(0)
    return cast(BinaryIO, file)


def prefix(kind: str, customer_id: str) -> str:
    return f"{kind}/{customer_id}/"


def customer_of(key: str) -> tuple[str, str] | None:
    """(kind, customer) of a dropped key; None for a key that no customer's export is read from."""
    kind, _, rest = key.partition("/")
    customer_id, slash, name = rest.partition("/")
    if kind not in KINDS or not slash or not customer_id or not name.endswith(KINDS[kind]):
        return None
    return kind, customer_id


def reports_prefix(customer_id: str) -> str:
    return f"reports/{customer_id}/"


def _report_prefix(customer_id: str, report_id: str) -> str:
    return f"{reports_prefix(customer_id)}{report_id}/"


def _report_key(customer_id: str, record: ReportRecord) -> str:
    """Of its attempt alone: what a worker that was cut off left is never taken for what another one finished."""
    return f"{_report_prefix(customer_id, record.id)}{record.attempts}/{record.filename}"
