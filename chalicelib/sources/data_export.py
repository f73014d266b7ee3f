"""AWS Data Exports: what a manifest says. It is written last, so what it lists is whole; anything not understood is refused by name.

Delivered as `<prefix>/<export>/metadata/BILLING_PERIOD=YYYY-MM/[<execution>/]<export>-Manifest.json`, the data beside it under `data/`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date

from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.payer import Manifest

ENDINGS = (".csv", ".csv.gz")
_KEY = re.compile(r"focus-export/(?P<export>[^/]+)/(?:.*/)?[^/]*Manifest\.json", re.DOTALL)
_PERIOD = re.compile(r"/BILLING_PERIOD=([^/]*)/", re.IGNORECASE)
_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])", re.ASCII)
_URI = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def parse(content: bytes, key: str, bucket: str) -> Manifest:
    """The manifest under that key; RejectedDrop names the field that isn't as expected."""
    found = _KEY.fullmatch(key)
    if not found:
        raise RejectedDrop("not the key of an export's manifest")
    listed = _listed(content)
    root = f"focus-export/{found['export']}/"
    files = tuple(_file(uri, f"dataFiles[{place}]", bucket, root) for place, uri in enumerate(listed))
    if len(set(files)) != len(files):
        raise RejectedDrop("dataFiles: names a file twice")
    return Manifest(key, found["export"], _period(key, files), files)


def _listed(content: bytes) -> list[object]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        raise RejectedDrop("the manifest is not JSON") from None
    if not isinstance(manifest, Mapping):
        raise RejectedDrop("the manifest is not a JSON object")
    listed = manifest.get("dataFiles")
    if not isinstance(listed, list):
        raise RejectedDrop("dataFiles: not a list")
    return listed


def _file(uri: object, field: str, bucket: str, root: str) -> str:
    """The key of a data file in the export's own folder."""
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if not found:
        raise RejectedDrop(f"{field}: not an S3 URI")
    if found[1] != bucket or not found[2].startswith(root):
        raise RejectedDrop(f"{field}: lies outside s3://{bucket}/{root}")
    if found[2].endswith(".parquet"):
        raise RejectedDrop(f"{field}: a Parquet file; set the export's format to gzip/csv")
    if not found[2].endswith(ENDINGS):
        raise RejectedDrop(f"{field}: neither .csv nor .csv.gz")
    return found[2]


def _period(key: str, files: tuple[str, ...]) -> date:
    """The one billing period that the manifest's key and its data files' are of."""
    named = {text for path in (key, *files) for text in _PERIOD.findall(path)}
    if len(named) != 1:
        raise RejectedDrop(f"BILLING_PERIOD: {'of several periods' if named else 'missing in the keys'}")
    month = _MONTH.fullmatch(next(iter(named)))
    if not month:
        raise RejectedDrop("BILLING_PERIOD: not a month like 2026-11")
    return date(int(month[1]), int(month[2]), 1)
