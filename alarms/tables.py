"""The DynamoDB tables, drawn from the specs that the stores use."""

from __future__ import annotations

from typing import Any

from troposphere import Output, Ref, Template
from troposphere import dynamodb as db

from alarms.tags import KEPT_STAGE, keeping, tags, title
from chalicelib.stores.tables import TABLES, TTL_ATTRIBUTE, Index, Table, physical_name


def add_tables(template: Template, stage: str) -> None:
    """Every table of the specs, and its name as an output `<Name>Table`."""
    for spec in TABLES:
        template.add_resource(table(spec, stage))
        template.add_output(Output(f"{title(spec.name)}TableName", Value=Ref(f"{title(spec.name)}Table")))


def table(spec: Table, stage: str) -> db.Table:
    """One on-demand, encrypted, expiring table; recovery and indexes as its spec says."""
    optional: dict[str, Any] = {"GlobalSecondaryIndexes": [_index(index) for index in spec.indexes]} if spec.indexes else {}
    return db.Table(
        f"{title(spec.name)}Table",
        TableName=physical_name(stage, spec.name),
        AttributeDefinitions=[db.AttributeDefinition(AttributeName=name, AttributeType="S") for name in spec.key_attributes],
        KeySchema=_keys(spec.hash_key, spec.range_key),
        BillingMode="PAY_PER_REQUEST",
        TimeToLiveSpecification=db.TimeToLiveSpecification(AttributeName=TTL_ATTRIBUTE, Enabled=True),
        PointInTimeRecoverySpecification=db.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=spec.recovery),
        SSESpecification=db.SSESpecification(SSEEnabled=True),
        DeletionProtectionEnabled=stage == KEPT_STAGE,
        Tags=tags(stage, spec.name),
        **optional,
        **keeping(stage),
    )


def _keys(hash_key: str, range_key: str | None) -> list[db.KeySchema]:
    keys = [db.KeySchema(AttributeName=hash_key, KeyType="HASH")]
    return [*keys, db.KeySchema(AttributeName=range_key, KeyType="RANGE")] if range_key else keys


def _index(spec: Index) -> db.GlobalSecondaryIndex:
    return db.GlobalSecondaryIndex(
        IndexName=spec.name, KeySchema=_keys(spec.hash_key, spec.range_key), Projection=db.Projection(ProjectionType="ALL")
    )
