"""Report -> JSON: the canonical document, with exact decimals as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, BinaryIO

import msgspec

from chalicelib.domain.report import Block, Cell, Chart, KeyFigures, Report, Table, Text
from chalicelib.renderers.figures import instant, known

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write(report: Report, file: BinaryIO) -> None:
    """Unknown is null; a decimal keeps every digit, so read it with a decimal parser."""
    head = {name: _text(getattr(report, name)) for name in ("type", "title", "customer_id", "customer_name")}
    file.write(_ENCODER.encode({**head, "generated_at": instant(report.generated_at)})[:-1] + b",")
    write_data_set(report, file, b"")


def write_data_set(report: Report, file: BinaryIO, start: bytes = b"{") -> None:
    """The facts and sections: the document without its head."""
    sections = [{"title": _text(section.title), "blocks": [_block(block) for block in section.blocks]} for section in report.sections]
    facts = [{"label": _text(label), "text": _text(text)} for label, text in report.facts]
    file.write(start + _ENCODER.encode({"facts": facts, "sections": sections})[1:])


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Table():
            return _table(block)
        case KeyFigures():
            figures = [{name: _value(value) for name, value in asdict(figure).items()} for figure in block.figures]
            return {"kind": "key_figures", "title": _text(block.title), "figures": figures}
        case Chart():
            return _chart(block)
        case Text():
            return {"kind": "text", "text": _text(block.text)}


def _table(table: Table) -> dict[str, Any]:
    columns = [{"title": _text(column.title), "kind": column.kind, "unit": _text(column.unit)} for column in table.columns]
    totals = None if table.totals is None else _values(table.totals)
    rows = [_values(row) for row in table.rows]
    return {"kind": "table", "title": _text(table.title), "columns": columns, "rows": rows, "totals": totals, "note": _text(table.note)}


def _chart(chart: Chart) -> dict[str, Any]:
    series = [
        {"name": _text(series.name), "points": [[_text(label), _value(value)] for label, value in series.points]} for series in chart.series
    ]
    return {"kind": "chart", "chart": chart.kind, "title": _text(chart.title), "unit": _text(chart.unit), "series": series}


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
