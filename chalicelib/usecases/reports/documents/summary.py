"""The first page after the cover: the key figures of all that a report is about, and what its reader has to know first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.domain.report import Block, Text
from chalicelib.domain.state import FAILING, PARTIAL, TITLES
from chalicelib.domain.template import COMPLIANCE, COSTS, USAGE
from chalicelib.usecases.questions.parameters import FILTERS, is_tag
from chalicelib.usecases.reports.documents import compliance, costs, usage
from chalicelib.usecases.reports.documents.asked import Answer, Asked
from chalicelib.usecases.reports.documents.layout import instant

FIGURES = {COSTS: costs.figures, USAGE: usage.figures, COMPLIANCE: compliance.figures}


def summary(asked: Asked) -> Iterator[Block]:
    for notice in notices(asked):
        yield Text(notice, notice=True)
    for area in asked.areas:
        yield from FIGURES[area](asked)


def notices(asked: Asked) -> Iterator[str]:
    """Estimated costs, days that are unknown, sources that fail, filters that don't reach everything."""
    if COSTS in asked.areas and asked.costs["estimated"]:
        yield "The costs of this period are estimated: the bill isn't final, so they may still change."
    if COSTS in asked.areas:
        covered = asked.costs["coverage"]
        if covered["days_present"] < covered["days_expected"]:
            yield f"Costs are known of {covered['days_present']} of {covered['days_expected']} days; the others are unknown, not zero."
    if USAGE in asked.areas:
        hours = asked.usage["coverage"]
        if hours["hours_present"] < (hours["hours_expected"] or 0):
            told = f"{hours['hours_present']:,} of {hours['hours_expected']:,} hours of the accounts' regions"
            yield f"Usage was read of {told}; the others are unknown, and not in its sums."
        for name, count in hours["unknown_hours"].items():
            yield f"{usage.LABELS.get(name, name)}: {count:,} of the hours that were read can't be told, and aren't in its sum."
    for area, answer in zip(asked.areas, asked.answers, strict=True):
        end = None if area == COMPLIANCE else min(asked.window.end, asked.at)
        for source in answer["coverage"]["sources"]:
            yield from _of_source(source, end)
    if COMPLIANCE in asked.areas and any(name in FILTERS or is_tag(name) for name in asked.parameters):
        yield "The filters narrow costs and usage; compliance is of all accounts."


def _of_source(source: Answer, end: datetime | None) -> Iterator[str]:
    """That it fails, or is behind where that concerns what is told: up to `end`, or (None) now."""
    name = TITLES.get(source["source"], source["source"])
    if source["state"] in (FAILING, PARTIAL):
        reasons = ", ".join(sorted({failure["reason"] for failure in source["failures"]}))
        yield f"The source {name} is {source['state']} ({reasons or 'no reason given'}): some of it may be missing or old."
    elif source["stale"] and (end is None or (instant(source["data_through"]) or end) < end):
        through = instant(source["data_through"])
        yield f"The source {name} is stale: it was last complete up to {f'{through:%Y-%m-%d %H:%M} UTC' if through else 'no instant'}."
