"""Costs: over time, by what they are for, what changed, what is unusual."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.figures import shown
from chalicelib.domain.names import NONE, OTHERS
from chalicelib.domain.report import Chart, Series
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.routes.pages.ahead import ahead_of
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import DIMENSIONS, Chosen
from chalicelib.routes.pages.short import begun_apart, shortened
from chalicelib.usecases.questions.parameters import LONGEST_TEXT
from chalicelib.usecases.reports.documents import costs, summary
from chalicelib.usecases.reports.documents.asked import Answer
from chalicelib.web.charts import Mark, bars, line, stacked

LARGEST, MOST_MARKS, MOST_STACKS = 8, 12, 45
NEXT = {"service": "region", "region": "service", "account": "service", "category": "service", "provider": "service"}
"""What a part is broken down by, one step down."""


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    return {
        "notices": list(summary.notices(asked)),
        "costs": asked.costs,
        "money": next(costs.figures(asked)),
        "trend": trend(asked),
        "stacks": list(_stacks(asked)),
        "parts": parts(asked, chosen),
        "table": [block for block in costs.breakdown(asked) if not isinstance(block, Chart)],
        "links": links(asked.costs, chosen),
        "drivers": list(shortened(costs.drivers(asked))),
        "unusual": list(shortened(costs.anomalies(asked))),
        "forecast": list(costs.forecast(asked)),
        "reconciliation": list(costs.reconciliation(asked)),
        "sources": asked.costs["coverage"]["sources"],
        "tagged": any(source["source"] != COST_EXPLORER for source in asked.costs["coverage"]["sources"]),
        "dimensions": DIMENSIONS | {f"tag:{tag}": f"Tag {tag}" for tag in asked.tags},
    }


def _stacks(asked: AskedByPage) -> Iterator[Markup]:
    """What the total is made of, bucket by bucket, where there is room for that."""
    if len(asked.costs["series"]) <= MOST_STACKS:
        yield from (stacked(block, key="stacks") for block in costs.trend(asked) if isinstance(block, Chart) and block.kind == "stacked")


def trend(asked: AskedByPage) -> Markup:
    """The total over time, with what lies ahead and the unusual days on it."""
    chart = next(block for block in costs.trend(asked) if isinstance(block, Chart))
    by_day = asked.costs["window"]["granularity"] == "day"
    return line(begun_apart(chart, asked.costs), ahead_of(asked.costs), tuple(_marks(asked)) if by_day else (), key="trend")


def _marks(asked: AskedByPage) -> Iterator[Mark]:
    for one in unusual(asked)[:MOST_MARKS]:
        impact = shown(one["impact"], "money")
        yield Mark(one["day"], f"unusual: {one['service']}, {'+' if one['impact'] > 0 else ''}{impact} {asked.costs['currency'] or ''}")


def unusual(asked: AskedByPage) -> list[Answer]:
    """Those of the largest impact first; none where it can't be told, of which costs.anomalies says why."""
    if asked.cost_question.as_of:
        return []
    try:
        return list(asked.anomalies["anomalies"])
    except InvalidInput:
        return []


def parts(asked: AskedByPage, chosen: Chosen, most: int | None = None) -> Markup:
    """What the costs are for, each part with the way into it."""
    answer = asked.costs
    found = tuple(answer["breakdown"].items())
    by = " and ".join(asked.cost_question.by)
    note = f"The largest {most} of {len(found)}." if most and len(found) > most else ""
    ranked: tuple[tuple[str, Decimal | None], ...] = found[:most] if most else found
    return bars(Chart(f"Cost by {by}", "bar", (Series("Cost", ranked),), answer["currency"] or "", note=note), links(answer, chosen))


def links(answer: Answer, chosen: Chosen) -> dict[str, str]:
    """The address of each part by itself; none of what has no name, or is many things."""
    by = chosen.breakdown
    if by not in NEXT and not by.startswith("tag:"):
        return {}
    view = chosen if chosen.view == "costs" else chosen.at("costs")
    found = (name for name in answer["breakdown"] if name not in (NONE, OTHERS) and len(name) <= LONGEST_TEXT)
    return {name: view.into(by, name, NEXT.get(by, "service")) for name in found}
