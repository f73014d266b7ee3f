"""Usage: four metrics over time, their gaps as gaps, and what each of them is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.consumption import HEADLINE, UNITS
from chalicelib.domain.report import Chart, Series
from chalicelib.domain.usage import GAUGES
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.short import begun_apart
from chalicelib.usecases.reports.documents import summary, usage
from chalicelib.web.charts import bars, line


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    answer, trends = asked.usage, [block for block in usage.trends(asked) if isinstance(block, Chart)]
    return {
        "notices": list(summary.notices(asked)),
        "key_figures": next(usage.figures(asked)),
        "metrics": [
            (
                usage.LABELS[name],
                line(chart if name in GAUGES else begun_apart(chart, answer), key=name),
                bars(_by(name, asked.usage_question.by, answer["breakdown"][name])),
            )
            for name, chart in zip(HEADLINE, trends, strict=True)
        ],
        "sources": answer["coverage"]["sources"],
    }


def _by(name: str, by: Sequence[str], parts: dict[str, Any]) -> Chart:
    return Chart(f"{usage.LABELS[name]} by {' and '.join(by)}", "bar", (Series(usage.LABELS[name], tuple(parts.items())),), UNITS[name])
