"""One value on a scale from nothing to its most."""

from __future__ import annotations

from decimal import Decimal

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor

from chalicelib.domain.axis import Axis, coordinate, round_axis, tick_text
from chalicelib.domain.figures import UNKNOWN, figures_of, known, shown
from chalicelib.domain.report import Chart
from chalicelib.renderers.pdf.axis import small_text
from chalicelib.renderers.pdf.look import GREY, INK, RULE, WORSE, Look
from chalicelib.renderers.pdf.text import BOLD, PLAIN, text_width, visible_text

HEIGHT, THICK, BASE = 50.0, 12.0, 15.0
_TRACK = HexColor("#e3e8ed")


def gauge(chart: Chart, width: float, look: Look) -> Drawing:
    """The value and its share are written above; what is beyond the most is another colour, behind a mark."""
    label, value = next((point for series in chart.series for point in series.points), ("", None))
    place, most = coordinate(value), coordinate(chart.most)
    axis = round_axis([each for each in (place, most) if each is not None] or [1.0], 0, width - 20)
    drawing = Drawing(width, HEIGHT)
    _heading(drawing, visible_text(label, 60), *_said(chart, value))
    zero, end = axis.at(0), axis.at(axis.high if most is None else most)
    drawing.add(Rect(zero, BASE, end - zero, THICK, fillColor=_TRACK, strokeColor=None))
    if place is None:
        drawing.add(small_text(zero + 6, BASE + 3.4, "unknown", color=INK))
    else:
        _fill(drawing, axis, place, most, look)
    for tick in axis.ticks():
        drawing.add(Line(axis.at(tick), BASE - 3, axis.at(tick), BASE, strokeColor=RULE, strokeWidth=0.6))
        drawing.add(small_text(axis.at(tick), BASE - 11, tick_text(tick, axis.step), "start" if tick == axis.low else "middle"))
    if most is not None:
        drawing.add(Line(axis.at(most), BASE - 3, axis.at(most), BASE + THICK + 3, strokeColor=INK, strokeWidth=1.4))
    return drawing


def _fill(drawing: Drawing, axis: Axis, place: float, most: float | None, look: Look) -> None:
    within = place if most is None else min(place, most)
    low, high = sorted((axis.at(0), axis.at(within)))
    drawing.add(Rect(low, BASE + 2, high - low, THICK - 4, fillColor=look.legible, strokeColor=None))
    if place > within:
        drawing.add(Rect(high, BASE + 2, axis.at(place) - high, THICK - 4, fillColor=WORSE, strokeColor=None))


def _said(chart: Chart, value: Decimal | None) -> tuple[str, str]:
    """The figure, and what it is of."""
    figure, most = figures_of([value, chart.most])
    unit = f" {visible_text(chart.unit, 20)}" if chart.unit else ""
    if chart.most is None or known(chart.most) is None:
        return (UNKNOWN if known(value) is None else figure + unit), ""
    if value is None or known(value) is None:
        return UNKNOWN, f"of {most}{unit}"
    own = chart.unit == "%" or (chart.most == 100 and not chart.unit)  # points of a hundred are their own share
    told = chart.most > 0 and not own
    share = f" ({shown(100 * value / chart.most, 'percent', 1)} %)" if told else ""
    return figure, f"of {most}{unit}{share}"


def _heading(drawing: Drawing, label: str, figure: str, rest: str) -> None:
    y, x = BASE + THICK + 10, 0.0
    drawing.add(String(x, y, figure, fontName=BOLD, fontSize=11, fillColor=INK))
    x += text_width(figure, BOLD, 11) + 4
    drawing.add(String(x, y, rest, fontName=PLAIN, fontSize=9, fillColor=GREY))
    drawing.add(String(drawing.width - 20, y, label, fontName=PLAIN, fontSize=9, fillColor=GREY, textAnchor="end"))
