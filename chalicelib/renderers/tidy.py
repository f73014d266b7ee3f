"""An answer, kept as JSON -> tidy rows -> CSV or NDJSON: every value of it once, numbers with all their digits.

An object's own values are rows (section, row, name, value): the answer's own under `answer`, those of an object in it under its path. A
list is a section of its own: an object in it is one row with its members as columns (an object in that as `member.member`), anything
else one in the column `value`. A list within a list's row is a section again, whose `parent` is the number of the row that it is of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.renderers.csv import field, table

TOP = "answer"
FIXED = ("section", "row", "parent")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
Row = dict[str, Any]


def csv(answer: bytes) -> bytes:
    """A cell that its section lacks is empty, null is n/a, booleans are true and false."""
    found = list(rows(_DECODER.decode(answer)))
    names = list(dict.fromkeys((*FIXED, *(name for row in found for name in row))))
    return table(names, ([_cell(row[name]) if name in row else "" for name in names] for row in found))


def ndjson(answer: bytes) -> bytes:
    return b"".join(_ENCODER.encode(row) + b"\n" for row in rows(_DECODER.decode(answer)))


def rows(answer: Row) -> Iterator[Row]:
    """In the answer's order, but an object's own values before what lies deeper. Lists hold no lists."""
    return _of_object("", answer, Counter())


def _of_object(path: str, value: Row, numbers: Counter[str]) -> Iterator[Row]:
    for name, member in value.items():
        if not isinstance(member, dict | list):
            yield _numbered(path or TOP, None, {"name": name, "value": member}, numbers)
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _of_object(_joined(path, name), member, numbers)
        elif isinstance(member, list):
            yield from _of_list(_joined(path, name), member, None, numbers)


def _of_list(path: str, value: list[Any], parent: int | None, numbers: Counter[str]) -> Iterator[Row]:
    for item in value:
        cells, lists = _cells(item) if isinstance(item, dict) else ({"value": item}, [])
        row = _numbered(path, parent, cells, numbers)
        yield row
        for name, below in lists:
            yield from _of_list(_joined(path, name), below, row["row"], numbers)


def _numbered(section: str, parent: int | None, cells: Row, numbers: Counter[str]) -> Row:
    numbers[section] += 1
    return {"section": section, "row": numbers[section], **({} if parent is None else {"parent": parent}), **cells}


def _cells(item: Row, prefix: str = "") -> tuple[Row, list[tuple[str, list[Any]]]]:
    """(the values by their column, the lists by their path) of an object in a list."""
    cells: Row = {}
    lists: list[tuple[str, list[Any]]] = []
    for name, member in item.items():
        path = _joined(prefix, name)
        if isinstance(member, dict):
            below, more = _cells(member, path)
            cells |= below
            lists += more
        elif isinstance(member, list):
            lists.append((path, member))
        else:
            cells[f"{path}_" if path in FIXED else path] = member
    return cells, lists


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _cell(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else field(value)


RENDERERS: dict[str, Callable[[bytes], bytes]] = {"csv": csv, "ndjson": ndjson}
