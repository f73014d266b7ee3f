"""Charts as HTML with inline SVG: no script, no styles of their own, and a table that says all that the picture does."""

from __future__ import annotations

from markupsafe import Markup

from chalicelib.domain.report import Chart
from chalicelib.web.charts.ahead import Ahead
from chalicelib.web.charts.gauges import gauge
from chalicelib.web.charts.lines import Mark, line
from chalicelib.web.charts.ranks import bar_widths, bars
from chalicelib.web.charts.stacks import stacked

__all__ = ["Ahead", "Mark", "bar_widths", "bars", "drawn", "gauge", "line", "stacked"]


def drawn(chart: Chart) -> Markup:
    """As its kind says."""
    if chart.kind == "bar":
        return bars(chart)
    return {"line": line, "stacked": stacked, "gauge": gauge}[chart.kind](chart)
