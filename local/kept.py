"""What outlives a stop of the laptop's AWS: customers, keys, schedules and the audit, what was said by them and of them (budgets,
exceptions, recipients, settings, rates, statements), files that were dropped, and the master secret."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any

import boto3

from chalicelib.domain.customer import UNALLOCATED
from chalicelib.stores import tables
from chalicelib.stores.choices import CHOICE, CHOICE_PREFIX
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.metrics import status_key
from chalicelib.stores.values import HASH, LAST, RANGE
from local.aws import ACCOUNT, STAGE

KEPT_TABLES = (tables.CUSTOMERS, tables.API_KEYS, tables.SCHEDULES, tables.AUDIT)


class Kept:
    """A folder with `master`, `directory.json`, `choices.json` and `exports/<key>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exports = folder / "exports"
        self._exports.mkdir(parents=True, exist_ok=True)
        self._s3, self._dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self._bucket = tables.bucket_name(STAGE, tables.EXPORTS_BUCKET.name, ACCOUNT)
        self._store, self._metrics = Dynamo(self._dynamodb), tables.physical_name(STAGE, tables.METRICS.name)
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
        choices = self._folder / "choices.json"
        for customer_id, (items, told) in json.loads(choices.read_text()).items() if choices.exists() else ():
            for item in items:
                self._dynamodb.put_item(TableName=self._metrics, Item=_thawed(item))
            self._store.update(self._metrics, status_key(customer_id), _thawed(told))
        for file in sorted(path for path in self._exports.rglob("*") if path.is_file() and not path.name.endswith(".half")):
            self._s3.put_object(Bucket=self._bucket, Key=file.relative_to(self._exports).as_posix(), Body=file.read_bytes())

    def save(self) -> None:
        """Writes what has changed since the last look."""
        found = {tables.physical_name(STAGE, table.name): self._scanned(table) for table in KEPT_TABLES}
        if found != self._written.get("directory"):
            _write(
                self._folder / "directory.json", json.dumps({table: list(map(_frozen, items)) for table, items in found.items()}).encode()
            )
            self._written["directory"] = found
        ids = [item[tables.CUSTOMERS.hash_key]["S"] for item in found[tables.physical_name(STAGE, tables.CUSTOMERS.name)]]
        self._save_choices([*ids, UNALLOCATED])
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        found_objects = [entry for page in pages for entry in page.get("Contents", [])]
        tags = {entry["Key"]: entry["ETag"] for entry in found_objects if not entry["Key"].endswith("/")}  # folders hold nothing
        for key, tag in tags.items():
            if self._written.get(f"exports/{key}") != tag:
                _write(self._path(key), self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
                self._written[f"exports/{key}"] = tag
        for gone in [name for name in self._written if name.startswith("exports/") and name[8:] not in tags]:
            self._path(gone[8:]).unlink(missing_ok=True)
            del self._written[gone]

    def _scanned(self, table: tables.Table) -> list[dict[str, Any]]:
        """Of the schedules' table the schedules and what is still to be done: reports are forgotten, and with them what was delivered."""
        items, due = self._store.scan(tables.physical_name(STAGE, table.name)), tables.SCHEDULES.indexes[0].range_key
        return [item for item in items if table != tables.SCHEDULES or due in item or "#" not in item[str(table.range_key)]["S"]]

    def _save_choices(self, customer_ids: list[str]) -> None:
        """What the status items name; only when one of them names something else than before."""
        statuses = {customer_id: self._store.get(self._metrics, status_key(customer_id)) or {} for customer_id in customer_ids}
        told = {customer_id: _said(status) for customer_id, status in statuses.items() if _said(status)}
        if told == self._written.get("choices", {}):
            return
        kept = {customer_id: (list(map(_frozen, self._choices(customer_id))), _frozen(said)) for customer_id, said in told.items()}
        _write(self._folder / "choices.json", json.dumps(kept).encode())
        self._written["choices"] = told

    def _choices(self, customer_id: str) -> list[dict[str, Any]]:
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        values = {":customer": customer_id, ":first": CHOICE, ":last": CHOICE + LAST}
        return list(self._store.query(self._metrics, condition, values, ExpressionAttributeNames={"#range": RANGE}, ConsistentRead=True))

    def _path(self, key: str) -> Path:
        path = (self._exports / key).resolve()
        if not path.is_relative_to(self._exports.resolve()):
            raise ValueError("a key that leaves the folder")
        return path


def _said(status: dict[str, Any]) -> dict[str, Any]:
    """Of a status item what names choices, and its schema version."""
    named = {name: value for name, value in status.items() if name.startswith(CHOICE_PREFIX)}
    return {"v": status["v"], **named} if named else {}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".half")
    half.write_bytes(content)
    half.replace(path)


def _frozen(item: dict[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}


def _thawed(item: dict[str, Any]) -> dict[str, Any]:
    return {name: {"B": base64.b64decode(value["B"])} if "B" in value else value for name, value in item.items()}
