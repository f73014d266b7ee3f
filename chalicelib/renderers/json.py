"""Report -> JSON: the canonical document, with exact decimals as numbers, written as it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from chalicelib.domain.figures import instant, known
from chalicelib.domain.report import Cell, Chart, KeyFigure, KeyFigures, Report, Section, Table, Text

DOCUMENT = "securebase-report/1"
ROWS_AT_ONCE = 50
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NO_NUMBERS = (b"NaN", b"Infinity")


def write(report: Report, file: BinaryIO) -> None:
    """Unknown is null; a decimal keeps every digit, so read it with a decimal parser."""
    file.write(_open(_head(report)) + b",")
    _data_set(report, file)


def write_data_set(report: Report, file: BinaryIO) -> None:
    """The document without its head: what all documents of the same data have in common."""
    file.write(b"{")
    _data_set(report, file)


def _data_set(report: Report, file: BinaryIO) -> None:
    facts = [{"label": _text(label), "text": _text(text)} for label, text in report.facts]
    file.write(_open({"facts": facts})[1:] + b',"sections":[')
    for index, section in enumerate(report.sections):
        file.write(b"," if index else b"")
        file.writelines(_section(section))
    file.write(b"]}")


def _head(report: Report) -> dict[str, Any]:
    names = ("type", "template", "title", "customer_id", "customer_name")
    head: dict[str, Any] = {"document": DOCUMENT, **{name: _text(getattr(report, name)) for name in names}}
    head["brand"] = {"name": _text(report.brand.name), "colour": _text(report.brand.colour)}
    return {**head, "generated_at": instant(report.generated_at)}


def _section(section: Section) -> Iterator[bytes]:
    yield _open({"title": _text(section.title)}) + b',"blocks":['
    for index, block in enumerate(section.blocks):
        yield b"," if index else b""
        if isinstance(block, Table):
            yield from _table(block)
        else:
            yield _ENCODER.encode(_block(block))
    yield b"]}"


def _table(table: Table) -> Iterator[bytes]:
    columns = [{"title": _text(column.title), "kind": column.kind, "unit": _text(column.unit)} for column in table.columns]
    yield _open({"kind": "table", "title": _text(table.title), "columns": columns}) + b',"rows":['
    rows = iter(table.rows)
    between = b""
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield between + _rows(some)[1:-1]
        between = b","
    totals = None if table.totals is None else _values(table.totals)
    yield b"]," + _ENCODER.encode({"totals": totals, "note": _text(table.note)})[1:]


def _rows(rows: list[tuple[Cell, ...]]) -> bytes:
    """As they are, which takes a tenth of the time, unless a decimal in them is no number or a text is none in UTF-8."""
    try:
        encoded = _ENCODER.encode(rows)
    except UnicodeEncodeError:
        return _ENCODER.encode([_values(row) for row in rows])
    return _ENCODER.encode([_values(row) for row in rows]) if any(word in encoded for word in _NO_NUMBERS) else encoded


def _block(block: KeyFigures | Chart | Text) -> dict[str, Any]:
    match block:
        case KeyFigures():
            return {"kind": "key_figures", "title": _text(block.title), "figures": [_figure(figure) for figure in block.figures]}
        case Chart():
            return _chart(block)
        case Text():
            return {"kind": "text", "text": _text(block.text), "notice": block.notice}


def _figure(figure: KeyFigure) -> dict[str, Any]:
    change = figure.change and {name: _value(value) for name, value in asdict(figure.change).items()}
    own = {"name": _text(figure.name), "value": _value(figure.value), "kind": figure.kind, "unit": _text(figure.unit)}
    return {**own, "change": change}


def _chart(chart: Chart) -> dict[str, Any]:
    series = [
        {"name": _text(series.name), "points": [[_text(label), _value(value)] for label, value in series.points]} for series in chart.series
    ]
    said = {"title": _text(chart.title), "unit": _text(chart.unit), "most": _value(chart.most), "note": _text(chart.note)}
    return {"kind": "chart", "chart": chart.kind, **said, "series": series}


def _open(members: dict[str, Any]) -> bytes:
    """An object that goes on."""
    return _ENCODER.encode(members)[:-1]


def _values(cells: Iterable[Cell]) -> list[Any]:
    return [_value(cell) for cell in cells]


def _value(value: Cell) -> Any:
    value = known(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value


def _text(text: str) -> str:
    """The text itself; a lone surrogate, which UTF-8 can't carry, as \\ud800."""
    return text.encode(errors="backslashreplace").decode()
