"""One value on an arc from nothing to its most."""

from __future__ import annotations

from markupsafe import Markup

from chalicelib.domain.axis import coordinate
from chalicelib.domain.figures import kind_of, known, on_a_line, shown
from chalicelib.domain.report import Chart, Kind
from chalicelib.web.charts.frame import figure, new_key
from chalicelib.web.charts.grid import short
from chalicelib.web.markup import shape, tag
from chalicelib.web.shown import value as value_shown

_LONG = 9
"""A figure with more letters than this is set smaller, to stay within the arc."""
_ARC = "M10 60A50 50 0 0 1 110 60"


def gauge(chart: Chart, *, key: str = "") -> Markup:
    """The chart's first point; beyond the most the arc is full and of another colour, unknown it is dashed. `key` as for a line."""
    label, value = next((point for series in chart.series for point in series.points), ("", None))
    kind, key = kind_of([value, chart.most]), key or new_key()
    of, unit = _of(chart, kind), on_a_line(chart.unit)
    drawing = tag(
        "svg",
        tag("title", on_a_line(chart.title, 80), id=f"{key}-title"),
        tag("desc", " ".join(part for part in (on_a_line(label, 80), shown(value, kind), of) if part), id=f"{key}-desc"),
        shape("path", class_="track" if known(value) is not None else "track gap", d=_ARC),
        *_filled(coordinate(value), coordinate(chart.most)),
        class_="dial",
        viewBox="0 0 120 68",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )
    rest = [tag("span", of, class_="chart-of")] if of else []
    figure_shown = value_shown(value, kind, "" if of else unit)
    said = tag("p", figure_shown, *rest, class_="chart-figure long" if len(figure_shown.striptags()) > _LONG else "chart-figure")
    return figure(chart, tag("div", drawing, said, class_="gauge"))


def _of(chart: Chart, kind: Kind) -> str:
    """What the figure is of: "of 100"."""
    if chart.most is None or known(chart.most) is None:
        return ""
    return f"of {shown(chart.most, kind)} {on_a_line(chart.unit)}".strip()


def _filled(value: float | None, most: float | None) -> list[Markup]:
    """By the value's share, where there is one."""
    if value is None or most is None or min(value, most) <= 0:
        return []
    dash = f"{short(max(0.1, min(100.0, 100 * (value / most))))} 200"
    return [shape("path", class_="over" if value > most else "fill", d=_ARC, pathLength=100, stroke_dasharray=dash)]
