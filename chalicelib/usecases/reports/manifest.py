"""What proves a document: a manifest of its bytes and of the data that it was made of, signed by the deployment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from io import RawIOBase
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from chalicelib.domain.period import iso
from chalicelib.domain.reporting import ReportRecord, Signed
from chalicelib.usecases.answers.values import text_of
from chalicelib.usecases.ports.reports import Signer
from chalicelib.version import VERSION

if TYPE_CHECKING:
    from chalicelib.domain.report import Report

FORMAT = "securebase-report-manifest/1"
CHUNK = 2**20


class Digest(RawIOBase):
    """A file that keeps nothing but the SHA-256 of what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sha256 = hashlib.sha256()

    def write(self, content: Any) -> int:
        self.sha256.update(content)
        return len(content)


def sha256_of(file: BinaryIO) -> str:
    """Of all of the file, which is left at its start."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def data_set_sha256(report: Report, data_set: Callable[[Report, BinaryIO], None]) -> str:
    """Equal for all documents of the same data, whatever their format and time."""
    digest = Digest()
    data_set(report, cast(BinaryIO, digest))
    return digest.sha256.hexdigest()


def data_set_of(document: bytes) -> str:
    """The same, of a canonical JSON document: facts and sections come last, and no text in it can hold their name unescaped."""
    start = document.index(b',"facts":[')
    return hashlib.sha256(b"{" + document[start + 1 :]).hexdigest()


def manifest_of(customer_id: str, record: ReportRecord, document_sha256: str, data_sha256: str, content_type: str) -> dict[str, Any]:
    """Texts, whole numbers and nulls alone, so that it reads the same everywhere."""
    return {
        "manifest": FORMAT,
        "made_by": f"securebase-analytics {VERSION}",
        "report_id": record.id,
        "customer_id": customer_id,
        "type": record.type,
        "template": record.template.id,
        "sections": [":".join((part.section, *part.fields)) for part in record.template.parts],
        "parameters": {name: list(values) for name, values in record.parameters.items()},
        "as_of": iso(record.created_at),
        "estimated": record.estimated,
        "data_through": text_of(record.data_through),
        "watermarks": dict(record.watermarks),
        "data_set_sha256": data_sha256,
        "documents": [
            {
                "filename": record.filename,
                "format": record.format,
                "content_type": content_type,
                "size_bytes": record.size_bytes,
                "sha256": document_sha256,
            }
        ],
    }


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: ASCII JSON with sorted names and nothing between."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def signed(manifest: Mapping[str, Any], signer: Signer) -> Signed:
    content = canonical(manifest)
    return Signed(content.decode(), signer.sign(content), signer.public_key)
