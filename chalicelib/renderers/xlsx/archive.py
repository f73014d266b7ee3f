"""The file that openpyxl writes a workbook into: every part once, dated as the report is, rows put in as they are made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

ROWS_AT_ONCE = 100
_ROWS_END = b"</sheetData>"


class Archive(zipfile.ZipFile):
    """`rows` is the XML of each worksheet's rows by the part's name; openpyxl's own worksheets have none."""

    def __init__(self, file: BinaryIO, moment: datetime, rows: Mapping[str, Iterable[str]]) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED)
        self._moment, self._rows = moment.astimezone(UTC).timetuple()[:6], rows

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        super().writestr(self._part(zinfo_or_arcname), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        """A worksheet, from the temporary file that openpyxl has it in."""
        head, tail = Path(filename).read_bytes().split(_ROWS_END)
        with self.open(self._part(arcname), "w") as part:
            part.write(head)
            rows = iter(self._rows[arcname])
            while some := "".join(islice(rows, ROWS_AT_ONCE)):
                part.write(some.encode())
            part.write(_ROWS_END + tail)

    def _part(self, name: str) -> zipfile.ZipInfo:
        part = zipfile.ZipInfo(name, self._moment)
        part.compress_type = zipfile.ZIP_DEFLATED
        return part
