"""What lies with others of a customer that goes: shares between two jobs, and the payer's records."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.domain.cost import CostLine, CostPart
from chalicelib.domain.payer import PayerExport
from chalicelib.stores import tables
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.everything import Everything
from chalicelib.stores.files import ExportFiles, Handover
from chalicelib.stores.payer import PayerExports
from tests.backends import on_moto

BUCKETS = {bucket: f"{bucket.name}-bucket" for bucket in tables.BUCKETS}
EXPORTS = BUCKETS[tables.EXPORTS_BUCKET]


@pytest.fixture
def s3() -> Any:
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        for name in BUCKETS.values():
            made.create_bucket(Bucket=name)
            made.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield made


@pytest.fixture
def dynamo(s3: Any) -> Any:
    with on_moto() as client:
        yield Dynamo(client)


def everything(dynamo: Dynamo, s3: Any) -> Everything:
    return Everything(dynamo, s3, lambda table: f"securebase-dev-{table.name}", BUCKETS.__getitem__)


def part(account: str) -> CostPart:
    line = CostLine(account, "EC2", "", "", "AWS", "Usage", "USD", None, None, None)
    return CostPart(date(2026, 11, 1), "cost_explorer", "", (line,), (), True)


def contents(s3: Any) -> str:
    versions = s3.list_object_versions(Bucket=EXPORTS).get("Versions", [])
    return str([s3.get_object(Bucket=EXPORTS, Key=one["Key"], VersionId=one["VersionId"])["Body"].read() for one in versions])


def test_a_share_that_lies_between_two_jobs_goes_and_the_others_stay(dynamo: Dynamo, s3: Any) -> None:
    handover = Handover(s3, EXPORTS)
    key = handover.put("costs-1", {"leaver": [part("914000000014")], "acme": [part("110000000001")]})
    other = handover.put("costs-2", {"acme": [part("110000000001")]})
    assert everything(dynamo, s3).delete_objects("leaver") == 1
    left = handover.get(key)
    assert left is not None
    assert left.keys() == {"acme"}
    assert handover.get(other) is not None
    assert "914000000014" not in contents(s3)
    assert everything(dynamo, s3).delete_objects("leaver") == 0


def test_an_older_version_of_a_share_goes_too(dynamo: Dynamo, s3: Any) -> None:
    handover = Handover(s3, EXPORTS)
    handover.put("costs-1", {"leaver": [part("914000000014")]})
    handover.put("costs-1", {"acme": [part("110000000001")]})
    assert everything(dynamo, s3).delete_objects("leaver") == 1
    assert "914000000014" not in contents(s3)
    assert handover.get("handover/costs-1") is not None


def test_old_versions_and_marks_of_deletion_go_too_and_only_its_own(dynamo: Dynamo, s3: Any) -> None:
    files = ExportFiles(s3, EXPORTS)
    for content in (b"one", b"two"):
        files.put("leaver", "focus", "a.csv", io.BytesIO(content))
    s3.delete_object(Bucket=EXPORTS, Key="focus/leaver/a.csv")
    files.put("leaver-2", "focus", "a.csv", io.BytesIO(b"others"))
    assert everything(dynamo, s3).delete_objects("leaver") == 3
    assert contents(s3) == "[b'others']"
    assert s3.list_object_versions(Bucket=EXPORTS).get("DeleteMarkers", []) == []


def test_the_payers_records_forget_whose_rows_they_had(dynamo: Dynamo, s3: Any) -> None:
    exports = PayerExports(dynamo, "securebase-dev-metrics")
    record = PayerExport("bill/2026-11", "bill", date(2026, 11, 1))
    exports.put(replace(record, owners=("acme", "leaver"), untold=("leaver",)))
    assert everything(dynamo, s3).forget_ownership("leaver") == 1
    held = exports.get("bill/2026-11")
    assert held is not None
    assert (held.owners, held.untold) == (("acme",), ())
    assert everything(dynamo, s3).forget_ownership("leaver") == 0
