"""Reports as documents: one row per format; a format's library is imported on its first use."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.domain.reporting import FORMAT_ALIASES

if TYPE_CHECKING:
    from chalicelib.domain.report import Report


@dataclass(frozen=True)
class Format:
    """What a document is to those who store, mail or serve it; `module` has `write(report, file)`."""

    name: str
    content_type: str
    module: str


FORMATS = {
    "pdf": Format("PDF", "application/pdf", "chalicelib.renderers.pdf.document"),
    "xlsx": Format(
        "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "chalicelib.renderers.xlsx.workbook"
    ),
    "csv": Format("CSV", "text/csv; charset=utf-8", "chalicelib.renderers.csv"),
    "json": Format("JSON", "application/json", "chalicelib.renderers.json"),
}
ALIASES = FORMAT_ALIASES


def write(report: Report, format: str, file: BinaryIO) -> None:
    """Writes the document; equal reports give equal bytes. An unknown format is a KeyError: whoever takes requests refuses it first."""
    importlib.import_module(FORMATS[ALIASES.get(format, format)].module).write(report, file)


def write_data_set(report: Report, file: BinaryIO) -> None:
    """What documents of all formats have in common: the canonical JSON of the report's facts and sections."""
    from chalicelib.renderers import json

    json.write_data_set(report, file)


def as_png(content: bytes) -> bytes:
    """A picture from outside as a PNG of our own; ValueError says what is wrong with it."""
    from chalicelib.renderers import pictures

    return pictures.as_png(content)
