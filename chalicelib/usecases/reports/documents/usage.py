"""The sections on usage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.consumption import HEADLINE, UNITS
from chalicelib.domain.report import Block, Change, Chart, Column, KeyFigure, KeyFigures, Series, Table
from chalicelib.usecases.reports.documents.asked import Asked
from chalicelib.usecases.reports.documents.layout import point_label

NOTE = (
    "Storage is the mean of its hours, everything else a sum. n/a: some of its hours weren't read or can't be told; the whole period"
    " holds what is known of them."
)
LABELS = {"api_calls": "API calls", "storage_gb": "Storage", "compute_hours": "Compute", "data_transfer_gb": "Data transfer"}


def figures(asked: Asked) -> Iterator[Block]:
    answer = asked.usage
    found = (
        KeyFigure(LABELS[name], answer["metrics"][name], "number", UNITS[name], _change(answer["trends"][f"{name}_change"]))
        for name in HEADLINE
    )
    yield KeyFigures("Usage", tuple(found))


def _change(percent: Decimal | None) -> Change:
    """Unknown where the time before isn't wholly known, or was nothing."""
    return Change(percent, "%", "the same time before" if percent is not None else "the same time before: not wholly known, or 0")


def trends(asked: Asked) -> Iterator[Block]:
    answer, coverage = asked.usage, asked.usage["coverage"]
    note = f"{coverage['hours_present']} of {coverage['hours_expected'] or 0} account-region hours of this period have been read."
    note += _unfinished(asked)
    for metric in HEADLINE:
        points = tuple((point_label(entry["start"]), entry[metric]) for entry in answer["series"])
        yield Chart(f"{LABELS[metric]} over time", "line", (Series(LABELS[metric], points),), UNITS[metric], note=note)
        note = _unfinished(asked).strip()


def _unfinished(asked: Asked) -> str:
    """Which bucket has only begun: in a chart it would look like a fall."""
    through = asked.usage["data_through"] or ""  # instants of one form, which texts compare as
    begun = [entry for entry in asked.usage["series"] if entry["start"] < through < entry["end"]]
    return "".join(f" {point_label(entry['start'])} holds only what is in up to {through[11:16]} UTC." for entry in begun)


def breakdown(asked: Asked) -> Iterator[Block]:
    answer = asked.usage
    for metric in HEADLINE:
        columns = (Column("Name"), Column(LABELS[metric], "number", UNITS[metric]))
        rows = tuple(answer["breakdown"][metric].items())
        yield Table(f"{LABELS[metric]} by line", columns, rows, ("Total", answer["metrics"][metric]))


def series(asked: Asked) -> Iterator[Block]:
    answer = asked.usage
    columns = (Column("Start", "time"), *(Column(LABELS[metric], "number", UNITS[metric]) for metric in HEADLINE))
    rows = tuple((datetime.fromisoformat(entry["start"]), *(entry[metric] for metric in HEADLINE)) for entry in answer["series"])
    totals = ("Whole period", *(answer["metrics"][metric] for metric in HEADLINE))
    yield Table("Usage over time", columns, rows, totals, NOTE)
