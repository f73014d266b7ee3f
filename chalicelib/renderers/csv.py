"""Report -> CSV: one tidy table in RFC 4180 and UTF-8, every digit carried, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from chalicelib.domain.figures import exact, heading, known, storable, unique, unit_of
from chalicelib.domain.report import Block, Cell, Chart, Column, KeyFigure, KeyFigures, Report, Row, Table

FIXED = ("section", "table", "row")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_FIGURE = ("Name", "Value", "Unit")
_CHANGE = ("Change", "Change unit", "Against")


@dataclass(frozen=True)
class _Part:
    """Rows of the same columns. A row's label is its number, "total", "note", "notice" or, for the end of a gauge's scale, "most"."""

    section: str
    title: str
    names: Sequence[str]
    rows: Iterable[tuple[str, Row]]


def write(report: Report, file: BinaryIO) -> None:
    """A cell that its table lacks is empty, one that is unknown is n/a."""
    parts = list(_parts(report))
    places = {name: len(FIXED) + index for index, name in enumerate(dict.fromkeys(name for part in parts for name in part.names))}
    _write((*FIXED, *places), (line for part in parts for line in _lines(part, places)), file)


def table(names: Iterable[str], lines: Iterable[Iterable[str]]) -> bytes:
    """RFC 4180 under a header; the cells of the lines are fields already."""
    content = io.BytesIO()
    _write(names, lines, content)
    return content.getvalue()


def _write(names: Iterable[str], lines: Iterable[Iterable[str]], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field(name) for name in names])
    writer.writerows(lines)
    text.detach()  # or the file would be closed with it


def field(value: Cell) -> str:
    """Foreign text that a spreadsheet would take for a formula gets an apostrophe; a number never does."""
    if not isinstance(value, str):
        return exact(value)
    text = storable(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _lines(part: _Part, places: Mapping[str, int]) -> Iterator[list[str]]:
    blank = [field(part.section), field(part.title), "", *[""] * len(places)]
    own = [places[name] for name in part.names]
    for label, cells in part.rows:
        line = blank.copy()
        line[2] = label
        for place, cell in zip(own, cells, strict=True):
            line[place] = field(cell)
        yield line


def _parts(report: Report) -> Iterator[_Part]:
    yield _Part("Report", "Facts", _FIGURE[:2], _numbered(_facts(report)))
    for section in report.sections:
        for block in section.blocks:
            yield from _block(section.title, block)


def _facts(report: Report) -> list[Row]:
    said: list[Row] = [("Title", report.title), ("Customer", report.customer_name), ("Customer ID", report.customer_id)]
    said += [("Type", report.type), ("Template", report.template), ("Brand", report.brand.name), ("Generated", report.generated_at)]
    return [*said, *report.facts]


def _block(section: str, block: Block) -> Iterator[_Part]:
    match block:
        case Table():
            yield from _table(section, block)
        case KeyFigures():
            for number, figure in enumerate(block.figures, start=1):
                yield _Part(section, block.title, *_figure(str(number), figure))
        case Chart():
            yield from _chart(section, block)
        case _:
            yield _Part(section, "", ("Text",), [("notice" if block.notice else "1", (block.text,))])


def _figure(label: str, figure: KeyFigure) -> tuple[tuple[str, ...], list[tuple[str, Row]]]:
    own = (figure.name, figure.value, unit_of(figure))
    if figure.change is None:
        return _FIGURE, [(label, own)]
    return (*_FIGURE, *_CHANGE), [(label, (*own, figure.change.value, figure.change.unit, figure.change.against))]


def _table(section: str, table: Table) -> Iterator[_Part]:
    taken = set(FIXED)
    names = [unique(field(heading(column)), taken) for column in table.columns]
    yield _Part(section, table.title, names, _numbered(table.rows))
    if table.totals is not None:
        yield _Part(section, table.title, names, [("total", table.totals)])
    yield from _note(section, table.title, table.note)


def _chart(section: str, chart: Chart) -> Iterator[_Part]:
    value = heading(Column("Value", "number", chart.unit))
    points = ((series.name, label, point) for series in chart.series for label, point in series.points)
    yield _Part(section, chart.title, ("Series", "Point", value), _numbered(points))
    if known(chart.most) is not None:
        yield _Part(section, chart.title, (value,), [("most", (chart.most,))])
    yield from _note(section, chart.title, chart.note)


def _note(section: str, title: str, note: str) -> Iterator[_Part]:
    if note:
        yield _Part(section, title, ("Text",), [("note", (note,))])


def _numbered(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    return ((str(number), row) for number, row in enumerate(rows, start=1))
