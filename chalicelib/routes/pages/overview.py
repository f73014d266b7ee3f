"""What a customer sees first: what it cost, how it stands, what was used."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.report import Chart, Text
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.costs import LARGEST, parts, trend, unusual
from chalicelib.usecases.reports.documents import compliance, costs, summary, usage
from chalicelib.web.charts import gauge

MOST_ISSUES, MOST_DAYS = 5, 8


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    held, found = asked.compliance, unusual(asked)
    sources = {source["source"]: source for answer in asked.answers for source in answer["coverage"]["sources"]}
    return {
        "notices": list(summary.notices(asked)),
        "costs": asked.costs,
        "money": next(costs.figures(asked)),
        "score": next(compliance.figures(asked)),
        "used": next(usage.figures(asked)),
        "trend": trend(asked),
        "parts": parts(asked, chosen, LARGEST),
        "unusual": found[:MOST_DAYS],
        "more_unusual": len(found) - MOST_DAYS,
        "unusual_said": [] if found else [block.text for block in costs.anomalies(asked) if isinstance(block, Text)],
        "compliance": held,
        "gauge": gauge(next(block for block in compliance.score(asked) if isinstance(block, Chart)), key="score"),
        "issues": held["top_issues"][:MOST_ISSUES],
        "sources": list(sources.values()),
    }
