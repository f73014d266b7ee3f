"""What a page has room for, and how it draws what has only begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chalicelib.domain.report import Block, Chart, Series, Table
from chalicelib.usecases.reports.documents.asked import Answer
from chalicelib.usecases.reports.documents.layout import point_label

MOST_ROWS = 50


def shortened(blocks: Iterable[Block]) -> Iterator[Block]:
    """With no more rows than a page has room for, which it says; totals stay those of all."""
    for block in blocks:
        if isinstance(block, Table) and len(block.rows) > MOST_ROWS:
            told = f"The first {MOST_ROWS} of {len(block.rows):,}; a report has all of them."
            yield replace(block, rows=block.rows[:MOST_ROWS], note=f"{told} {block.note}".strip())
        else:
            yield block


def begun_apart(chart: Chart, answer: Answer) -> Chart:
    """With a bucket that has only begun as a point of its own: on the line it would look like a fall."""
    through, (series,) = answer["data_through"] or "", chart.series
    begun = {point_label(entry["start"]) for entry in answer["series"] if entry["start"] < through < entry["end"]}
    if not begun:
        return chart
    sides = [tuple((label, value if (label in begun) == so_far else None) for label, value in series.points) for so_far in (False, True)]
    return replace(chart, series=(Series(series.name, sides[0]), Series("so far", sides[1])))
