"""One value, four documents: each read back, every figure of all four compared."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.branding import Branding
from chalicelib.domain.report import Change, Chart, Column, KeyFigure, KeyFigures, Report, Section, Series, Table, Text
from chalicelib.renderers import write
from tests.figures import read_json
from tests.readers import disagreements, figures_of

MOMENT = datetime(2026, 11, 1, 6, 0, 12, tzinfo=UTC)
NAMES = {"Table": "table", "Chart": "chart", "KeyFigures": "key_figures", "Text": "text"}
OTHERS = pytest.mark.parametrize("format", ["csv", "xlsx", "pdf"])
COSTS = Table(
    "Cost by service",
    (
        Column("Service"),
        Column("Billed", "money", "USD"),
        Column("Usage", "number", "GB"),
        Column("Change", "percent"),
        Column("#", "integer"),
    ),
    (
        ("Amazon EC2", Decimal("12483.205"), Decimal("1200000.5"), Decimal("-9.090909"), 1234),
        ("AWS Tax", Decimal("-2.615"), Decimal("0.000001"), None, 0),
        ("Unknown", None, Decimal("0.123456789012345678901234567890"), Decimal("0.004"), 7),
        ("=1+1", Decimal("0.07"), Decimal("1E-9"), Decimal("0.005"), 2**53 + 1),
    ),
    ("Total", Decimal("12480.66"), None, Decimal("-8.5"), 9007199254742234),
    "Amounts as billed.",
)
DATES = Table(
    "Findings",
    (Column("Title"), Column("Seen", "time"), Column("Due", "date"), Column("Title"), Column("Cost", "money", "EUR")),
    (
        ("A", datetime(2026, 10, 3, 4, 5, 6, tzinfo=UTC), date(2026, 12, 1), "b", Decimal("0.00000261371")),
        ("B", None, None, "", Decimal("100")),
    ),
)
FIGURES = KeyFigures(
    "At a glance",
    (
        KeyFigure("Score", Decimal("87.5"), "percent", change=Change(Decimal("-2.4375"), "%", "the month before", "up")),
        KeyFigure("Findings", 42, "integer", change=Change(7, "", "last week", "down")),
        KeyFigure("Forecast", None, "money", "USD", Change(None)),
        KeyFigure("Basis", "billed", "text"),
    ),
)
RICH = Report(
    "executive",
    "Executive report",
    "customer-1",
    "Žürich Møbel AG",
    MOMENT,
    (("Period", "2026-10-01 to 2026-11-01"),),
    (
        Section(
            "At a glance",
            (
                FIGURES,
                Text("Costs fell by 3."),
                Text("Half a day is missing.", notice=True),
                Chart("Score", "gauge", (Series("Score", (("Score", Decimal("87.5")),)),), "%", Decimal(100), "Of all controls."),
            ),
        ),
        Section(
            "Costs",
            (
                Chart("Ranked", "bar", (Series("Cost", (("EC2", Decimal("9.255")), ("Tax", Decimal("-1")), ("EC2", None))),), "USD"),
                Chart(
                    "Daily",
                    "stacked",
                    (
                        Series("EC2", (("2026-10-01", Decimal("1.5")), ("2026-10-02", None))),
                        Series("S3", (("2026-10-02", Decimal("0.1234567890123456789")),)),
                    ),
                    "USD",
                ),
                replace(COSTS, title="", note=""),
                COSTS,
                DATES,
                replace(DATES, title="Nothing", rows=()),
            ),
        ),
    ),
    "full",
    Branding("Møbel Cloud", "#0b4a7a"),
)


def render(report: Report, format: str) -> bytes:
    file = io.BytesIO()
    write(report, format, file)
    return file.getvalue()


def hash_of(format: str) -> str:
    return hashlib.sha256(render(RICH, format)).hexdigest()


def as_json(value: Any) -> Any:
    """The report as its JSON document has to be: every member by its name, blocks by their kind, what is no number as null."""
    if is_dataclass(value):
        members = {field.name: as_json(getattr(value, field.name)) for field in fields(value) if field.name != "logo"}
        kind = NAMES.get(type(value).__name__)
        if kind == "chart":
            members["chart"] = members.pop("kind")
        return {"kind": kind, **members} if kind else members
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def test_json_is_the_report_with_every_digit() -> None:
    found = read_json(render(RICH, "json"))
    assert found.pop("document") == "securebase-report/1"
    assert found == {**as_json(RICH), "facts": [{"label": "Period", "text": "2026-10-01 to 2026-11-01"}]}
    assert str(found["sections"][1]["blocks"][2]["rows"][2][2]) == "0.123456789012345678901234567890"


def test_what_json_cannot_carry_is_told_row_by_row() -> None:
    """Rows are encoded many at once; one that needs care leaves the others what they are."""
    strange = {7: ("\ud800", Decimal("NaN")), 120: ("NaN", Decimal("-Infinity")), 121: ("Infinity", Decimal("1.50"))}
    rows = tuple(strange.get(number, (f"row {number}", Decimal(number))) for number in range(160))
    report = replace(RICH, sections=(Section("S", (Table("T", (Column("A"), Column("B", "number")), rows),)),))
    found = read_json(render(report, "json"))["sections"][0]["blocks"][0]["rows"]
    odd = {7: ["\\ud800", None], 120: ["NaN", None], 121: ["Infinity", Decimal("1.50")]}
    assert found == [odd.get(number, [f"row {number}", Decimal(number)]) for number in range(160)]


def test_csv_tells_notes_notices_and_scales_by_their_rows() -> None:
    found = {(figure.block, figure.row): figure.value for figure in figures_of("csv", render(RICH, "csv"))}
    assert (found["", "notice"], found["Score", "note"]) == ("Half a day is missing.", "Of all controls.")
    assert (found["Score", "most"], found["Cost by service", "note"]) == ("100", "Amounts as billed.")


@OTHERS
def test_every_figure_is_the_same_in_every_document(format: str) -> None:
    assert disagreements(render(RICH, "json"), format, render(RICH, format)) == []


@OTHERS
def test_a_figure_that_differs_is_noticed(format: str) -> None:
    rows = [list(row) for row in COSTS.rows]
    rows[1][1] = Decimal("-2.63")
    other = replace(RICH, sections=(Section("Costs", (replace(COSTS, rows=tuple(tuple(row) for row in rows)),)),))
    document = render(replace(RICH, sections=(Section("Costs", (COSTS,)),)), "json")
    assert len(disagreements(document, format, render(other, format))) >= 1


def test_csv_tells_where_each_figure_is() -> None:
    found = figures_of("csv", render(RICH, "csv"))
    totals = {figure.column: figure.value for figure in found if (figure.block, figure.row) == ("Cost by service", "total")}
    assert totals == {"Service": "Total", "Billed (USD)": "12480.66", "Usage (GB)": "n/a", "Change (%)": "-8.5", "#": "9007199254742234"}
    score = {
        figure.column: figure.value for figure in found if (figure.section, figure.block, figure.row) == ("At a glance", "At a glance", "1")
    }
    assert score == {"Name": "Score", "Value": "87.5", "Unit": "%", "Change": "-2.4375", "Change unit": "%", "Against": "the month before"}


drawable = st.decimals(-(10**9), 10**9, places=4) | st.sampled_from([Decimal("0.005"), Decimal("1E-14"), Decimal("NaN")])
decimals = drawable | st.decimals(allow_nan=True, allow_infinity=True) | st.just(Decimal("1E+400"))
texts = st.one_of(st.sampled_from(["", "=1+1", "a\nb", "_x0041_", "Name", "row", "-1", "n"]), st.text(max_size=12))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "money": st.none() | decimals,
    "number": st.none() | decimals,
    "percent": st.none() | decimals,
    "integer": st.none() | st.integers(-(10**20), 10**20),
    "date": st.none() | st.dates(date(1901, 1, 1)),
    "time": st.none() | st.datetimes(datetime(1901, 1, 1), timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),
}


@st.composite
def tables(draw: Any) -> Table:
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=6))
    row = st.tuples(*(KINDS[kind] for kind in kinds))
    columns = tuple(Column(draw(texts), kind, draw(st.sampled_from(["", "USD", "GB"]))) for kind in kinds)
    return Table(draw(texts), columns, draw(st.lists(row, max_size=4)), draw(st.none() | row), draw(texts))


points = st.lists(st.tuples(texts, st.none() | drawable), max_size=4).map(tuple)
charts = st.builds(
    Chart,
    texts,
    st.sampled_from(["line", "stacked", "bar"]),
    st.lists(st.builds(Series, texts, points), min_size=1, max_size=3).map(tuple),
    texts,
    st.none() | drawable,
    texts,
)
changes = st.none() | st.builds(Change, st.none() | st.decimals(-1000, 1000, places=3), st.sampled_from(["%", "USD", ""]), texts)
figures = st.decimals(-(10**7), 10**7, places=2) | texts
key_figures = st.builds(KeyFigure, texts, figures, st.sampled_from(["money", "number", "percent"]), texts, changes)
blocks = st.one_of(
    tables(),
    charts,
    st.builds(KeyFigures, texts, st.lists(key_figures, max_size=4).map(tuple)),
    st.builds(Text, texts, st.booleans()),
)
sections = st.lists(st.builds(Section, texts, st.lists(blocks, max_size=4).map(tuple)), max_size=3).map(tuple)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(sections)
def test_random_reports_say_the_same_in_every_document(sections: tuple[Section, ...]) -> None:
    report = replace(RICH, sections=sections)
    document = render(report, "json")
    for format in ("csv", "xlsx", "pdf"):
        assert disagreements(document, format, render(report, format)) == []
