"""A report's documents read back and compared: the JSON one, which has every digit, says what the other three have to say."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import dropwhile, zip_longest

import openpyxl

from tests.figures import FIXED, UNKNOWN, Figure, Value, figures_of_json, guarded, in_order, read_json
from tests.paper import missing_on_paper
from tests.workbook import workbook_differences


def disagreements(json_document: bytes, format: str, document: bytes) -> list[str]:
    """What a CSV, XLSX or PDF document says otherwise than the JSON document of the same report; nothing, if all is well."""
    report = read_json(json_document)
    if format == "csv":
        return list(_csv_differences(figures_of_json(report), figures_of_csv(document)))
    if format == "xlsx":
        return list(workbook_differences(report, openpyxl.load_workbook(io.BytesIO(document))))
    return missing_on_paper(report, document)


def figures_of(format: str, document: bytes) -> list[Figure]:
    """Every value of a JSON or CSV document in its order, facts left out."""
    return figures_of_csv(document) if format == "csv" else list(figures_of_json(read_json(document)))


def figures_of_csv(document: bytes) -> list[Figure]:
    header, *rows = csv.reader(io.StringIO(document.decode(), newline=""), strict=True)
    assert tuple(header[:3]) == FIXED
    assert {len(row) for row in rows} == {len(header)}
    assert len(set(header)) == len(header)
    told = dropwhile(lambda row: row[:2] == ["Report", "Facts"], rows)
    cells = ([Figure(*row[:3], name, cell) for name, cell in zip(header[3:], row[3:], strict=True) if cell] for row in told)
    return [figure for row in cells for figure in in_order(row)]


def _csv_differences(expected: Iterable[Figure], found: list[Figure]) -> Iterator[str]:
    for one, other in zip_longest((figure for figure in expected if figure.value != ""), found):
        if one is None or other is None or _where(one) != _where(other) or not _same_in_csv(one.value, other.value):
            yield f"csv: {one} expected, {other} found"


def _where(figure: Figure) -> tuple[str, ...]:
    return tuple(guarded(part) for part in (figure.section, figure.block, figure.row, figure.column))


def _same_in_csv(expected: Value, found: Value) -> bool:
    if isinstance(expected, Decimal):
        return Decimal(str(found)) == expected
    return found == (UNKNOWN if expected is None else guarded(expected))
