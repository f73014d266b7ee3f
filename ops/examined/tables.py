"""The tables, held against the specs that the stores use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from alarms.tags import KEPT_STAGE
from chalicelib.stores.tables import TABLES, TTL_ATTRIBUTE, Table
from ops.examined.stage import Fault, Look, Stage, Told


def looks(stage: Stage) -> Iterator[Look]:
    for spec in TABLES:
        name = stage.physical(spec.name)
        missing = f"{stage.deploy} makes it; what a deleted table held comes back by restore-table-to-point-in-time (35 days)"
        yield Look("dynamodb", f"table {name}", partial(_shape, stage, spec, name), missing)
        yield Look("dynamodb", f"table {name}, expiry", partial(_expiry, stage, name))
        if spec.recovery:
            yield Look("dynamodb", f"table {name}, recovery", partial(_recovery, stage, name))


def _shape(stage: Stage, spec: Table, name: str) -> Told:
    table = stage.client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    faults = list(_faults(stage, spec, name, table, indexes))
    return Told(f"{table['TableStatus']}, on demand, {len(indexes)} indexes", tuple(faults))


def _faults(stage: Stage, spec: Table, name: str, table: dict[str, Any], indexes: dict[str, Any]) -> Iterator[Fault]:
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield f"it is {table['TableStatus']}", "wait until it is ACTIVE"
    if _keys(table) != (spec.hash_key, spec.range_key):
        yield f"its keys are {_keys(table)}", "keys can't be changed: move the data into a table that the stack made"
    for index in spec.indexes:
        there = indexes.get(index.name)
        if there is None:
            yield f"the index {index.name} isn't there", f"put it back: {stage.deploy}, or update-table --global-secondary-index-updates"
        elif _keys(there) != (index.hash_key, index.range_key):
            yield f"the keys of {index.name} are {_keys(there)}", f"delete that index, then {stage.deploy}"
        elif there.get("IndexStatus", "ACTIVE") != "ACTIVE":
            yield f"the index {index.name} is {there['IndexStatus']}", "wait until it is ACTIVE"
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield "it isn't on demand", f"aws dynamodb update-table --table-name {name} --billing-mode PAY_PER_REQUEST"
    if stage.name == KEPT_STAGE and not table.get("DeletionProtectionEnabled"):
        yield "it isn't protected from deletion", f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
    if not stage.laptop and table.get("SSEDescription", {}).get("Status") not in ("ENABLED", "UPDATING"):
        yield "it isn't encrypted by KMS", f"aws dynamodb update-table --table-name {name} --sse-specification Enabled=true"


def _keys(of: dict[str, Any]) -> tuple[str | None, str | None]:
    found = {key["KeyType"]: key["AttributeName"] for key in of["KeySchema"]}
    return found.get("HASH"), found.get("RANGE")


def _expiry(stage: Stage, name: str) -> Told:
    told = stage.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    status, attribute = told["TimeToLiveStatus"], told.get("AttributeName")
    seen = f"{status} by {attribute or '-'}"
    if status in ("ENABLED", "ENABLING") and attribute == TTL_ATTRIBUTE:
        return Told(seen)
    wanted = f"Enabled=true,AttributeName={TTL_ATTRIBUTE}"
    return Told(seen, ((seen, f"aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification {wanted}"),))


def _recovery(stage: Stage, name: str) -> Told:
    told = stage.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    if status == "ENABLED":
        return Told("to any second of the last 35 days")
    on = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    return Told("", ((f"it is {status}", f"aws dynamodb update-continuous-backups --table-name {name} {on}"),))
