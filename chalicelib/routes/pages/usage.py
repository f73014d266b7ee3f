"""Usage: four metrics over time, their gaps as gaps, and what each of them is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.domain.consumption import HEADLINE, UNITS
from chalicelib.domain.report import Chart, Series
from chalicelib.domain.usage import GAUGES
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.usecases.documents import summary, usage
from chalicelib.usecases.documents.asked import Answer
from chalicelib.usecases.documents.layout import point_label
from chalicelib.web.charts import bars, line

MEANS = {usage.LABELS[name] for name in GAUGES if name in usage.LABELS}


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    answer, trends = asked.usage, [block for block in usage.trends(asked) if isinstance(block, Chart)]
    return {
        "notices": list(summary.notices(asked)),
        "key_figures": next(usage.figures(asked)),
        "metrics": [
            (usage.LABELS[name], line(_begun(chart, answer), key=name), bars(_by(name, answer["breakdown"][name])))
            for name, chart in zip(HEADLINE, trends, strict=True)
        ],
        "sources": answer["coverage"]["sources"],
    }


def _begun(chart: Chart, answer: Answer) -> Chart:
    """With a bucket that has only begun as a point of its own: on the line it would look like a fall. A mean isn't less for that."""
    through, (series,) = answer["data_through"] or "", chart.series
    begun = {point_label(entry["start"]) for entry in answer["series"] if entry["start"] < through < entry["end"]}
    if not begun or series.name in MEANS:
        return chart
    sides = [tuple((label, value if (label in begun) == so_far else None) for label, value in series.points) for so_far in (False, True)]
    return replace(chart, series=(Series(series.name, sides[0]), Series("so far", sides[1])))


def _by(name: str, parts: dict[str, Any]) -> Chart:
    return Chart(f"{usage.LABELS[name]} by service", "bar", (Series(usage.LABELS[name], tuple(parts.items())),), UNITS[name])
