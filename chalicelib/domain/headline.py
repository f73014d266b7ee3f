"""What a report says first, as its record keeps it: values of few kinds, which can be stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from chalicelib.domain.message import Headline
from chalicelib.domain.report import Block, Change, Chart, KeyFigure, KeyFigures, Kind, Report, Series, Text

MOST_BARS, MOST_FIGURES, MOST_NOTICES = 8, 16, 8


@dataclass(frozen=True)
class KeptChange:
    value: Decimal | None
    unit: str
    against: str
    good: Literal["up", "down", ""]


@dataclass(frozen=True)
class KeptFigure:
    """`text` is of a figure that is no number."""

    name: str
    value: Decimal | None
    text: str | None
    kind: Kind
    unit: str
    change: KeptChange | None


@dataclass(frozen=True)
class KeptHeadline:
    figures: tuple[KeptFigure, ...] = ()
    chart: Chart | None = None
    notices: tuple[str, ...] = ()


def headline_of(report: Report) -> KeptHeadline:
    """The key figures of the first section that has some, its first ranked chart and its notices, as many as a mail bears."""
    told_in = (
        [figure for block in section.blocks if isinstance(block, KeyFigures) for figure in block.figures] for section in report.sections
    )
    figures = next(filter(None, told_in), [])
    charts = [block for block in _blocks(report) if isinstance(block, Chart) and block.kind == "bar" and block.series]
    notices = [block.text for block in _blocks(report) if isinstance(block, Text) and block.notice]
    chart = _short(charts[0]) if charts else None
    return KeptHeadline(tuple(map(_kept, figures[:MOST_FIGURES])), chart, tuple(dict.fromkeys(notices))[:MOST_NOTICES])


def told(kept: KeptHeadline) -> Headline:
    """As it was before it was kept."""
    return Headline(tuple(map(_figure, kept.figures)), kept.chart, kept.notices)


def _blocks(report: Report) -> Iterator[Block]:
    return (block for section in report.sections for block in section.blocks)


def _short(chart: Chart) -> Chart:
    first = chart.series[0]
    left_out = len(first.points) - MOST_BARS
    note = f"The first {MOST_BARS} of {len(first.points)}; the report has all." if left_out > 0 else chart.note
    return replace(chart, series=(Series(first.name, first.points[:MOST_BARS]),), note=note)


def _kept(figure: KeyFigure) -> KeptFigure:
    value = figure.value
    number = Decimal(value) if isinstance(value, Decimal | int) else None
    text = None if value is None or number is not None else str(value)
    change = figure.change
    kept = None if change is None else KeptChange(_number(change.value), change.unit, change.against, change.good)
    return KeptFigure(figure.name, number, text, figure.kind, figure.unit, kept)


def _number(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _figure(kept: KeptFigure) -> KeyFigure:
    told_of = kept.change
    change = None if told_of is None else Change(told_of.value, told_of.unit, told_of.against, told_of.good)
    return KeyFigure(kept.name, kept.value if kept.text is None else kept.text, kept.kind, kept.unit, change)
