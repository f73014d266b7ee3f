"""What surrounds every plot: caption, legend, axis labels, and the table that says the same without a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from markupsafe import Markup

from chalicelib.domain.axis import Axis, tick_text
from chalicelib.domain.figures import on_a_line
from chalicelib.domain.report import Chart
from chalicelib.web.charts.grid import HEIGHT, Grid, kind_of_labels, short
from chalicelib.web.markup import joined, shape, tag
from chalicelib.web.shown import cell

SERIES = 6
"""Colours there are; series beyond them come in the same ones, paler."""
NOTHING = "Nothing is known of this period."
DIAMOND = "M0-6 6 0 0 6-6 0z"
_LONGEST_LABEL = 24
_AXIS_LETTERS, _MOST_LABELS = 60, 5
_numbers = count(1)


def new_key() -> str:
    """What the ids of a chart begin with that was given nothing of its own: another one each time."""
    return f"chart-{next(_numbers)}"


def figure(chart: Chart, *inner: Markup) -> Markup:
    name, unit, note = on_a_line(chart.title), on_a_line(chart.unit), on_a_line(chart.note, 4000)
    caption = [tag("span", name, class_="chart-title")]
    caption += [Markup(" ") + tag("span", unit, class_="chart-unit")] if unit else []
    caption += [Markup(" ") + tag("span", note, class_="chart-note")] if note else []
    return tag("figure", tag("figcaption", *caption), *inner, class_=f"chart chart-{chart.kind}")


def nothing(chart: Chart) -> Markup:
    return figure(chart, tag("p", NOTHING, class_="chart-empty"))


def class_of(number: int) -> str:
    return f"s{number % SERIES + 1}" + (" pale" if number // SERIES % 2 else "")


def legend(names: Iterable[tuple[str, str]]) -> Markup:
    """From (class, name) pairs."""
    return tag("ul", *(tag("li", _key(kind), on_a_line(name, 80)) for kind, name in names), class_="legend")


def _key(kind: str) -> Markup:
    form = shape("path", d=DIAMOND if kind == "marked" else "M-9 0H9")
    return tag("svg", form, viewBox="-10 -7 20 14", class_=f"key {kind}", aria_hidden="true")


def plot(chart: Chart, key: str, labels: Sequence[str], axis: Axis, told: str, shapes: Iterable[Markup], over: Markup) -> Markup:
    """The stretched drawing between its axes' labels; `over` lies on it unstretched."""
    count, name = len(labels), on_a_line(chart.title, 80)
    drawing = tag(
        "svg",
        tag("title", name, id=f"{key}-title"),
        tag("desc", told, id=f"{key}-desc"),
        _rules(axis, count),
        *shapes,
        tag("g", tag("title"), *(shape("rect", class_="hit", data_i=index, x=index) for index in range(count))),
        class_="plot",
        viewBox=f"0 0 {count} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )
    walk = tag("div", drawing, over, class_="walk", tabindex=0, role="group", aria_label=f"{name}, point by point")
    return tag("div", _heights(axis), walk, _times(labels), class_="frame")


def gaps(grid: Grid) -> list[Markup]:
    """Where nothing is known, shaded."""
    found = "".join(f"M{first} 0h{count}v{HEIGHT}h-{count}z" for first, count in grid.unknown_runs())
    return [shape("path", class_="gap", d=found)] if found else []


def _rules(axis: Axis, count: int) -> Markup:
    at = [(HEIGHT - axis.at(tick), tick == 0) for tick in axis.ticks()]
    grid = "".join(f"M0 {short(height)}H{count}" for height, is_zero in at if not is_zero)
    zero = next((height for height, is_zero in at if is_zero), HEIGHT)
    return joined([shape("path", class_="grid", d=grid), shape("path", class_="zero", d=f"M0 {short(zero)}H{count}")])


def _heights(axis: Axis) -> Markup:
    ticks = (tag("data", tick_text(tick, axis.step), value=f"{tick:.12g}", data_kind="number") for tick in reversed(axis.ticks()))
    return tag("div", *ticks, class_="y", aria_hidden="true")


def _times(labels: Sequence[str]) -> Markup:
    """As many labels as fit, evenly; what a narrow page has no room for is told by its class."""
    texts = [on_a_line(label, _LONGEST_LABEL) for label in labels]
    most = max(2, min(_MOST_LABELS, _AXIS_LETTERS // max(1, *map(len, texts), 1)))
    places = range(len(texts)) if len(texts) <= most else [round(step * (len(texts) - 1) / (most - 1)) for step in range(most)]
    found = [_time(texts[place], place, len(texts), len(places) > 3 and bool(step % 2)) for step, place in enumerate(places)]
    return tag("svg", *found, class_="x", aria_hidden="true", data_labels=kind_of_labels(labels))


def _time(text: str, place: int, count: int, every_second: bool) -> Markup:
    """Those at the ends stay within the plot."""
    anchor = "middle" if count <= _MOST_LABELS or 0 < place < count - 1 else "end" if place else "start"
    at = short(100 * (place + 0.5) / count)
    return tag("text", text, class_="second" if every_second else None, x=f"{at}%", y=12, text_anchor=anchor)


def table(chart: Chart, grid: Grid, rows: Iterable[Markup], remarks: bool = False) -> Markup:
    """Folded away below the plot: a row per label, in the plot's order."""
    name = on_a_line(chart.title)
    first = tag("th", "Time" if kind_of_labels(grid.labels) else "Name", scope="col")
    heads = [tag("th", on_a_line(series.name) or name, scope="col", class_="n") for series in chart.series]
    last = [tag("th", "Remarks", scope="col")] if remarks else []
    head = tag("thead", tag("tr", first, *heads, *last))
    caption = tag("caption", f"{name} ({on_a_line(chart.unit)})" if chart.unit else name)
    whole = tag(
        "table",
        caption,
        head,
        tag("tbody", *rows),
        data_kind=grid.kind,
        data_unit=on_a_line(chart.unit) or None,
        data_labels=kind_of_labels(grid.labels),
    )
    return _folded(whole, f"Table: {on_a_line(chart.title, 80)}")


def _folded(whole: Markup, name: str) -> Markup:
    scroll = tag("div", whole, class_="scroll", tabindex=0, role="group", aria_label=name)
    return tag("details", tag("summary", "Table", tag("span", name.removeprefix("Table"), class_="unseen")), scroll)


def rows_of(grid: Grid, remarks: Iterable[Markup | None]) -> Iterator[Markup]:
    """With the remarks' own cells, where there are any."""
    for label, *values, remark in zip(grid.labels, *grid.columns, remarks, strict=True):
        cells = [cell(value, grid.kind) for value in values]
        yield tag("tr", tag("th", on_a_line(label), scope="row"), *cells, *([remark] if remark is not None else []))
