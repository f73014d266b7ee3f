"""Ranked bars: a table of names and figures with a bar in every row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from markupsafe import Markup

from chalicelib.domain.axis import coordinate, coordinates
from chalicelib.domain.figures import kind_of, on_a_line
from chalicelib.domain.report import Chart
from chalicelib.web.charts.frame import class_of, figure, nothing
from chalicelib.web.charts.grid import anything_known, short
from chalicelib.web.markup import shape, tag
from chalicelib.web.shown import cell

MOST_BARS = 15
"""That are seen at once; the others are folded away."""
_OURS = re.compile(r"(?:[?#]|/(?![/\\]))[!-~]*")
"""Addresses within this site: nothing that a browser could take for another host or a scheme."""
_Bar = tuple[str, str, Decimal | None, int]
"""series, label, value, number of the series"""


def bars(chart: Chart, links: Mapping[str, str] | None = None) -> Markup:
    """Every point is a bar, several series' bars of one label stand together; a label with a link within this site leads there."""
    if not anything_known(chart):
        return nothing(chart)
    rows = [(series.name, label, value, number) for number, series in enumerate(chart.series) for label, value in series.points]
    place = {label: index for index, (_, label, *_) in reversed(list(enumerate(rows)))}
    rows.sort(key=lambda bar: (place[bar[1]], bar[3]))
    drawn = coordinates(chart)
    scale = min(0.0, *drawn, 0.0), max(0.0, *drawn, 0.0)
    kind = kind_of([value for *_, value, _ in rows])
    found = [_row(chart, bar, scale, cell(bar[2], kind), (links or {}).get(bar[1], "")) for bar in rows]
    first, rest = found[:MOST_BARS], found[MOST_BARS:]
    more = [tag("details", tag("summary", f"{len(rest)} more"), _table(chart, kind, rest))] if rest else []
    return figure(chart, _table(chart, kind, first), *more)


def _table(chart: Chart, kind: str, rows: Sequence[Markup]) -> Markup:
    name, unit = on_a_line(chart.title), on_a_line(chart.unit)
    heads = (tag("th", "Name", scope="col"), tag("td"), tag("th", unit or "Figure", scope="col"))
    head = tag("thead", tag("tr", *heads), class_="unseen")
    caption = tag("caption", f"{name} ({unit})" if unit else name, class_="unseen")
    return tag("table", caption, head, tag("tbody", *rows), class_="bars", data_kind=kind, data_unit=unit or None)


def _row(chart: Chart, bar: _Bar, scale: tuple[float, float], figure: Markup, link: str) -> Markup:
    series, label, value, number = bar
    name = on_a_line(f"{label} · {series}" if len(chart.series) > 1 else label)
    named = tag("a", name, href=link) if _OURS.fullmatch(link) else name
    return tag("tr", tag("th", named, scope="row"), tag("td", _bar(coordinate(value), number, *scale), aria_hidden="true"), figure)


def _bar(value: float | None, number: int, low: float, high: float) -> Markup:
    """Below zero to its left; whatever isn't nothing can be seen."""
    span = high - low or 1.0
    zero, wide = 100 * -low / span, 100 * abs(value or 0.0) / span
    parts = [shape("rect", class_="zero", x=f"{short(zero)}%", width=1, height="100%")] if low < 0 else []
    if value:
        wide = max(0.5, wide)
        left = zero if value > 0 else max(0.0, zero - wide)
        kind = "below" if value < 0 else class_of(number)
        parts.append(shape("rect", class_=kind, x=f"{short(left)}%", width=f"{short(wide)}%", height="100%", rx=3))
    return tag("svg", *parts)


def bar_widths(values: Sequence[Decimal | None]) -> list[int]:
    """In percent of the largest amount; whatever isn't nothing has at least 1. For mails, which can't hold a drawing."""
    amounts = [value.copy_abs() if value is not None and value.is_finite() else Decimal(0) for value in values]
    largest = max(amounts, default=Decimal(0))
    return [max(1, int(amount / largest * 100)) if amount else 0 for amount in amounts]
