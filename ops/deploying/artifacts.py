"""The stage's bucket of what deployments need: code by its content, and every template that was deployed."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from alarms.tags import tag_values
from chalicelib.stores.tables import bucket_name
from ops.deployed import Client

ARTIFACTS = "deployments"
ROLLED_BACK, SCHEMAS = "rolled-back/", "schemas/"
REGION_WITHOUT_CONSTRAINT = "us-east-1"
SHUT = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


@dataclass(frozen=True)
class Kept:
    """A template that was deployed: its key in the bucket sorts by when."""

    key: str

    @property
    def id(self) -> str:
        """When, and of which content: `20261126T091129Z-3f2a91c0b1de`."""
        return self.key.rpartition("/")[2].removesuffix(".json")


class Artifacts:
    """Code under `code/`, templates under `templates/<stack>/`. Nothing is ever overwritten with something else."""

    def __init__(self, client: Client, stage: str, account: str, region: str) -> None:
        self._s3, self._stage, self._account, self._region = client("s3"), stage, account, region
        self.bucket = bucket_name(stage, ARTIFACTS, account)

    def ensure(self) -> bool:
        """Makes the bucket, shut, where it isn't there; whether it had to."""
        try:
            self._s3.head_bucket(Bucket=self.bucket, ExpectedBucketOwner=self._account)
            return False
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
        place = {} if self._region == REGION_WITHOUT_CONSTRAINT else {"LocationConstraint": self._region}
        self._s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {}))
        self._s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=SHUT)
        self._s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(self._tls_only()))
        tags = [{"Key": name, "Value": value} for name, value in tag_values(self._stage, ARTIFACTS).items()]
        self._s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": tags})
        return True

    def _tls_only(self) -> dict[str, Any]:
        where = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        refused = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": where}
        return {"Version": "2012-10-17", "Statement": [{**refused, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}

    def put_code(self, archive: Path) -> str:
        """The s3:// address of the archive, which goes up only if nothing of the same content is there."""
        key = f"code/{content_of(archive)}.zip"
        if not self._has(key):
            self._s3.upload_file(str(archive), self.bucket, key)
        return f"s3://{self.bucket}/{key}"

    def put_template(self, stack: str, text: str) -> str:
        """The address for CloudFormation of a template that is about to be looked at."""
        key = f"looked-at/{stack}/{_digest(text)}.json"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"https://s3.{self._region}.amazonaws.com/{self.bucket}/{key}"

    def keep_template(self, stack: str, text: str, at: datetime) -> None:
        """Remembers a template that the stack now has, unless it had it before already."""
        kept = self.templates(stack)
        if not kept or not kept[-1].id.endswith(_digest(text)):
            self._s3.put_object(
                Bucket=self.bucket, Key=f"templates/{stack}/{at.strftime('%Y%m%dT%H%M%SZ')}-{_digest(text)}.json", Body=text.encode()
            )

    def templates(self, stack: str) -> list[Kept]:
        """What the stack had, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"templates/{stack}/")
        return sorted((Kept(one["Key"]) for page in pages for one in page.get("Contents", [])), key=lambda kept: kept.key)

    def template(self, kept: Kept) -> str:
        body: bytes = self._s3.get_object(Bucket=self.bucket, Key=kept.key)["Body"].read()
        return body.decode()

    def mark(self, release: str) -> None:
        """Remembers that a release was rolled back from, so that no later rollback ends there by itself."""
        self._s3.put_object(Bucket=self.bucket, Key=f"{ROLLED_BACK}{release}", Body=b"")

    def unmark(self, release: str) -> None:
        self._s3.delete_object(Bucket=self.bucket, Key=f"{ROLLED_BACK}{release}")

    def marked(self) -> set[str]:
        """Releases that were rolled back from; none where nothing was ever deployed by ops.deploy."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=ROLLED_BACK)
        return {one["Key"].removeprefix(ROLLED_BACK) for page in pages for one in page.get("Contents", [])}

    def keep_schema(self, schema: int) -> None:
        """Remembers that code of this schema is about to store something, also once its versions are gone."""
        self._s3.put_object(Bucket=self.bucket, Key=f"{SCHEMAS}{schema}", Body=b"")

    def stored_schema(self) -> int:
        """The highest that was ever deployed; 0 before the first time."""
        told = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=SCHEMAS).get("Contents", [])
        return max((int(one["Key"].removeprefix(SCHEMAS)) for one in told), default=0)

    def _has(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True


def content_of(archive: Path) -> str:
    """A digest of names and contents alone: when and in which order an archive was packed doesn't make it another one."""
    with zipfile.ZipFile(archive) as opened:
        lines = sorted(f"{one.filename}\t{hashlib.sha256(opened.read(one)).hexdigest()}" for one in opened.infolist())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
