"""Sections: from a template's part to what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from chalicelib.domain.report import Block, Section, Table
from chalicelib.domain.template import SECTIONS, Part
from chalicelib.usecases.reports.documents import compliance, costs, usage
from chalicelib.usecases.reports.documents.asked import Asked
from chalicelib.usecases.reports.documents.summary import summary

BLOCKS: dict[str, Callable[[Asked], Iterator[Block]]] = {
    "summary": summary,
    "cost-trend": costs.trend,
    "cost-breakdown": costs.breakdown,
    "cost-drivers": costs.drivers,
    "cost-accounts": costs.accounts,
    "cost-regions": costs.regions,
    "cost-anomalies": costs.anomalies,
    "cost-forecast": costs.forecast,
    "cost-reconciliation": costs.reconciliation,
    "cost-lines": costs.lines,
    "usage-trends": usage.trends,
    "usage-breakdown": usage.breakdown,
    "usage-series": usage.series,
    "score": compliance.score,
    "frameworks": compliance.frameworks,
    "score-bridge": compliance.bridge,
    "failing-controls": compliance.failing,
    "failing-resources": compliance.resources,
    "control-evidence": compliance.evidence,
    "exceptions": compliance.exceptions,
    "spend-at-risk": compliance.at_risk,
}


def section_of(part: Part, asked: Asked) -> Section:
    return Section(SECTIONS[part.section].title, tuple(_chosen(block, part.fields) for block in BLOCKS[part.section](asked)))


def _chosen(block: Block, fields: tuple[str, ...]) -> Block:
    """A table with the chosen columns in their order; one that has none of them stays whole."""
    if not fields or not isinstance(block, Table):
        return block
    names = [field_of(column.title) for column in block.columns]
    places = [names.index(field) for field in fields if field in names]
    if not places:
        return block
    rows = tuple(tuple(row[place] for place in places) for row in block.rows)
    totals = None if block.totals is None else tuple(block.totals[place] for place in places)
    return replace(block, columns=tuple(block.columns[place] for place in places), rows=rows, totals=totals)


def field_of(title: str) -> str:
    return title.lower().replace(" ", "_")
