"""Everything that a stack keeps, looked at from outside: every item of every table and every version of every object, unpacked."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import boto3

from chalicelib.stores import tables


class Looked:
    """By the addresses and credentials in the stack's environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        self._dynamodb, self._s3 = (session.client(name, endpoint_url=environment["AWS_ENDPOINT_URL"]) for name in ("dynamodb", "s3"))

    def texts(self) -> Iterator[tuple[str, str]]:
        """(table or object, all that is there in every form that it might be read in)."""
        for table in tables.TABLES:
            name = tables.physical_name("local", table.name)
            for page in self._dynamodb.get_paginator("scan").paginate(TableName=name):
                for item in page["Items"]:
                    yield name, " ".join(_readable(value) for value in item.values())
        for bucket in (one["Name"] for one in self._s3.list_buckets()["Buckets"]):
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for found in page.get("Versions", []):
                    body = self._s3.get_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])["Body"].read()
                    yield f"{bucket}/{found['Key']}", f"{found['Key']} {_opened(body)}"
                for found in page.get("DeleteMarkers", []):
                    yield f"{bucket}/{found['Key']}", found["Key"]

    def close(self) -> None:
        self._dynamodb.close()
        self._s3.close()


def _readable(value: dict[str, Any]) -> str:
    (content,) = value.values()
    return _opened(bytes(content)) if isinstance(content, bytes | bytearray) else str(content)


def _opened(data: bytes) -> str:
    """As it is, and unpacked where it is packed."""
    texts = [data.decode("latin-1")]
    for opener in (zlib.decompress, gzip.decompress):
        try:
            texts.append(opener(data).decode("latin-1"))
        except (zlib.error, OSError, EOFError):
            continue
    return "\n".join(texts)
