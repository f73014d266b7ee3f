"""From a report to what its record keeps of it for messages, and back to what they say."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, cast

import msgspec

from chalicelib.domain.headline import KeptChange, KeptChart, KeptFigure, KeptHeadline
from chalicelib.domain.message import Headline
from chalicelib.domain.report import Block, Change, Chart, KeyFigure, KeyFigures, Kind, Report, Series, Text

Good = Literal["up", "down", ""]
MOST_BARS, MOST_FIGURES, MOST_NOTICES = 8, 16, 8


def kept_of(report: Report) -> str:
    """What `told` reads: JSON, exact."""
    return msgspec.json.encode(headline_of(report)).decode()


def headline_of(report: Report) -> KeptHeadline:
    """The key figures of the first section that has some, its first ranked chart and its notices, as many as a mail bears."""
    told_in = (
        [figure for block in section.blocks if isinstance(block, KeyFigures) for figure in block.figures] for section in report.sections
    )
    figures = next(filter(None, told_in), [])
    charts = [block for block in _blocks(report) if isinstance(block, Chart) and block.kind == "bar" and block.series]
    notices = [block.text for block in _blocks(report) if isinstance(block, Text) and block.notice]
    chart = _bars(charts[0]) if charts else None
    return KeptHeadline(tuple(map(_kept, figures[:MOST_FIGURES])), chart, tuple(dict.fromkeys(notices))[:MOST_NOTICES])


def told(text: str) -> Headline:
    """As it was before it was kept; nothing of a report that has none."""
    kept = msgspec.json.decode(text, type=KeptHeadline) if text else KeptHeadline()
    return Headline(tuple(map(_figure, kept.figures)), None if kept.chart is None else _chart(kept.chart), kept.notices)


def _chart(kept: KeptChart) -> Chart:
    return Chart(kept.title, "bar", (Series("", kept.points),), kept.unit, note=kept.note)


def _blocks(report: Report) -> Iterator[Block]:
    return (block for section in report.sections for block in section.blocks)


def _bars(chart: Chart) -> KeptChart:
    points = chart.series[0].points
    note = f"The first {MOST_BARS} of {len(points)}; the report has all." if len(points) > MOST_BARS else chart.note
    return KeptChart(chart.title, chart.unit, note, points[:MOST_BARS])


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
    change = None if told_of is None else Change(told_of.value, told_of.unit, told_of.against, cast(Good, told_of.good))
    return KeyFigure(kept.name, kept.value if kept.text is None else kept.text, cast(Kind, kept.kind), kept.unit, change)
