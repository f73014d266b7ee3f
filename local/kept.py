"""What outlives a stop of the laptop's AWS: customers and keys that were added, files that were dropped, and the master secret."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any

import boto3

from chalicelib.stores import tables
from local.aws import ACCOUNT, STAGE

KEPT_TABLES = (tables.CUSTOMERS, tables.API_KEYS)


class Kept:
    """A folder with `master`, `directory.json` and `exports/<key>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exports = folder / "exports"
        self._exports.mkdir(parents=True, exist_ok=True)
        self._s3, self._dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self._bucket = tables.bucket_name(STAGE, tables.EXPORTS_BUCKET.name, ACCOUNT)
        self._written: dict[str, Any] = {}

    def master(self) -> str:
        """The same secret at every start, so that keys stay good."""
        file = self._folder / "master"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(48))
        return file.read_text()

    def restore(self) -> None:
        """Puts everything back; dropped files are announced anew and so taken in again."""
        directory = self._folder / "directory.json"
        if directory.exists():
            for table, items in json.loads(directory.read_text()).items():
                for item in items:
                    self._dynamodb.put_item(TableName=table, Item=_thawed(item))
        for file in sorted(path for path in self._exports.rglob("*") if path.is_file() and not path.name.endswith(".half")):
            self._s3.put_object(Bucket=self._bucket, Key=file.relative_to(self._exports).as_posix(), Body=file.read_bytes())

    def save(self) -> None:
        """Writes what has changed since the last look."""
        found = {
            tables.physical_name(STAGE, table.name): self._dynamodb.scan(TableName=tables.physical_name(STAGE, table.name))["Items"]
            for table in KEPT_TABLES
        }
        if found != self._written.get("directory"):
            _write(
                self._folder / "directory.json", json.dumps({table: list(map(_frozen, items)) for table, items in found.items()}).encode()
            )
            self._written["directory"] = found
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        tags = {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}
        for key, tag in tags.items():
            if self._written.get(f"exports/{key}") != tag:
                _write(self._path(key), self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
                self._written[f"exports/{key}"] = tag
        for gone in [name for name in self._written if name.startswith("exports/") and name[8:] not in tags]:
            self._path(gone[8:]).unlink(missing_ok=True)
            del self._written[gone]

    def _path(self, key: str) -> Path:
        path = (self._exports / key).resolve()
        if not path.is_relative_to(self._exports.resolve()):
            raise ValueError("a key that leaves the folder")
        return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".half")
    half.write_bytes(content)
    half.replace(path)


def _frozen(item: dict[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}


def _thawed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
