"""Compliance: the score and what it is made of, its history, what fails, what is excepted."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.report import Chart
from chalicelib.routes.pages.asking import AskedByPage
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.short import MOST_ROWS, shortened
from chalicelib.usecases.reports.documents import compliance, summary
from chalicelib.web.charts import bars, gauge, line


def view(asked: AskedByPage, chosen: Chosen) -> dict[str, Any]:
    score, history, findings = (block for block in compliance.score(asked) if isinstance(block, Chart))
    controls = asked.controls(asked.framework)["controls"]
    return {
        "notices": list(summary.notices(asked)),
        "compliance": asked.compliance,
        "key_figures": next(compliance.figures(asked)),
        "gauge": gauge(score, key="score"),
        "history": line(history, key="history"),
        "findings": bars(findings),
        "frameworks": asked.compliance["frameworks"],
        "failing": None if controls is None else [one for one in controls if one["state"] == "failed"],
        "issues": asked.compliance["top_issues"],
        "control": asked.control(chosen.one("control")) if chosen.one("control") else None,
        "bridge": list(shortened(compliance.bridge(asked))),
        "exceptions": list(shortened(compliance.exceptions(asked))),
        "most": MOST_ROWS,
        "sources": asked.compliance["coverage"]["sources"],
    }
