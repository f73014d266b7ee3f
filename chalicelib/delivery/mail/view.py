"""A message as a mail shows it: values that the templates only have to lay out, each on one line and harmless as text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.delivery.mail.look import Look, look_of
from chalicelib.delivery.mail.text import LONGEST_TEXT, linkable, size_of
from chalicelib.domain.figures import UNKNOWN, figures_of, known, moment, on_a_line, shown, unit_of
from chalicelib.domain.message import Document, Message
from chalicelib.domain.report import Change, Chart, KeyFigure, Kind
from chalicelib.web.charts import bar_widths

OURS = "SecureBase Analytics"
MOST_BARS = 12
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FigureView:
    """`verdict` is "better", "worse" or "": how its reader takes the change."""

    name: str
    value: str
    change: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Bar:
    """`width` is in percent of the largest; 0 where there is nothing to draw."""

    name: str
    value: str
    width: int
    negative: bool


@dataclass(frozen=True)
class ChartView:
    """`left_out` counts the bars that a mail has no room for."""

    title: str
    note: str
    bars: tuple[Bar, ...]
    left_out: int

    @property
    def has_negative(self) -> bool:
        return any(bar.negative for bar in self.bars)


@dataclass(frozen=True)
class DocumentView:
    title: str
    filename: str
    size: str
    facts: Pairs
    notices: tuple[str, ...]
    figures: tuple[FigureView, ...]
    chart: ChartView | None
    url: str
    until: str


@dataclass(frozen=True)
class MailView:
    """`attached` and `too_large` say what became of the attachment; both are '' where there was none."""

    brand: str
    customer: str
    address: str
    title: str
    text: str
    facts: Pairs
    documents: tuple[DocumentView, ...]
    action: tuple[str, str] | None
    unsubscribe: str
    look: Look
    attached: str = ""
    too_large: str = ""


def view_of(message: Message, address: str, unsubscribe_url: str, attached: str, too_large: str) -> MailView:
    return MailView(
        on_a_line(message.brand.name or OURS),
        on_a_line(message.customer_name),
        address,
        on_a_line(message.title),
        on_a_line(message.text, LONGEST_TEXT),
        _pairs(message.facts),
        tuple(_document(document) for document in message.documents),
        _action(message),
        linkable(unsubscribe_url),
        look_of(message.brand),
        attached,
        too_large,
    )


def _pairs(facts: Pairs) -> Pairs:
    return tuple((on_a_line(label), on_a_line(text)) for label, text in facts)


def _action(message: Message) -> tuple[str, str] | None:
    if message.action is None:
        return None
    label, url = message.action
    return on_a_line(label), linkable(url)


def _document(document: Document) -> DocumentView:
    headline, url = document.headline, linkable(document.url)
    return DocumentView(
        on_a_line(document.title),
        on_a_line(document.filename),
        size_of(document.size_bytes),
        _pairs(document.facts),
        tuple(on_a_line(notice, LONGEST_TEXT) for notice in headline.notices),
        tuple(_figure(figure) for figure in headline.figures),
        _chart(headline.chart) if headline.chart else None,
        url,
        moment(document.expires_at) if url and document.expires_at else "",
    )


def _figure(figure: KeyFigure) -> FigureView:
    value = _with_unit(on_a_line(shown(figure.value, figure.kind)), unit_of(figure))
    if figure.change is None:
        return FigureView(on_a_line(figure.name), value)
    number = known(figure.change.value)
    verdict = figure.change.verdict
    return FigureView(on_a_line(figure.name), value, _change(figure.change, number, verdict, figure.kind), verdict)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {on_a_line(unit)}" if unit and text != UNKNOWN else text


def _change(change: Change, number: object, verdict: str, kind: Kind) -> str:
    """Arrow, sign and word say it all; a colour only says it again."""
    against = on_a_line(change.against)
    if not isinstance(number, Decimal | int):
        return f"{UNKNOWN} against {against}" if against else UNKNOWN
    sign = "▲ +" if number > 0 else "▼ " if number < 0 else ""
    text = _with_unit(sign + shown(number, "percent" if change.unit == "%" else kind), change.unit)
    if not number:
        return f"unchanged against {against}" if against else "unchanged"
    if not against:
        return f"{text}, {verdict}" if verdict else text
    return f"{text}, {verdict} than {against}" if verdict else f"{text} against {against}"


def _chart(chart: Chart) -> ChartView:
    """The first bars, in the chart's own order; those of several series carry its name."""
    rows = [(label, series.name, value) for series in chart.series for label, value in series.points]
    first = rows[:MOST_BARS]
    values = [value for *_, value in rows]
    figures, widths = figures_of(values), bar_widths(values)
    bars = (
        Bar(
            on_a_line(f"{label} · {name}" if len(chart.series) > 1 else label),
            _with_unit(figure, chart.unit),
            width,
            bool(width and value and value < 0),
        )
        for (label, name, value), figure, width in zip(first, figures, widths, strict=False)
    )
    return ChartView(on_a_line(chart.title), on_a_line(chart.note, LONGEST_TEXT), tuple(bars), len(rows) - len(first))
