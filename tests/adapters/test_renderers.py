"""What renderers promise, read back from the files that they make."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import openpyxl
import pdfplumber
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain import reporting
from chalicelib.domain.figures import shown
from chalicelib.domain.report import Chart, Column, KeyFigure, KeyFigures, Report, Section, Series, Table, Text
from chalicelib.renderers import ALIASES, FORMATS, write

MOMENT = datetime(2026, 11, 1, 6, 0, 12, tzinfo=UTC)
COSTS = Table(
    "Cost by service",
    (
        Column("Service"),
        Column("Billed cost", "money", "USD"),
        Column("Usage", "number", "GB"),
        Column("Change", "percent"),
        Column("Resources", "integer"),
    ),
    (
        ("Amazon EC2", Decimal("12483.20"), Decimal("1200000"), Decimal("-9.090909"), 1234),
        ("AWS Tax", Decimal("-2.61"), Decimal("0.000001"), None, 0),
        ("Müller & Söhne", None, Decimal("NaN"), Decimal("0"), 7),
    ),
    ("Total", Decimal("12480.5900001"), None, Decimal("-8.5"), 1241),
    "Amounts as billed.",
)
DETAIL = Table(
    "Detail: usage/types [all]",
    (Column("Type"), Column("Cost", "money", "USD"), Column("First seen", "time"), Column("Due", "date")),
    (
        ("Requests", Decimal("0.00000261371"), datetime(2026, 10, 3, 4, 5, 6, tzinfo=UTC), date(2026, 12, 1)),
        ("Refund", Decimal("-2.6137"), None, None),
        ("=1+1", Decimal("0"), datetime(2026, 10, 3, tzinfo=UTC), date(2027, 1, 31)),
    ),
)
FIGURES = KeyFigures("", (KeyFigure("Score", Decimal("87.5"), "percent"), KeyFigure("Forecast", None, "money", "USD")))
LINE = Chart(
    "Per day", "line", (Series("Cost", (("2026-10-01", Decimal("1.5")), ("2026-10-02", None), ("2026-10-03", Decimal(3)))),), "USD"
)
BARS = Chart("Ranked", "bar", (Series("Cost", (("EC2", Decimal("9.25")), ("Tax", Decimal("-1")), ("EC2", None))),), "USD")
SAMPLE = Report(
    "executive",
    "Executive report",
    "customer-1",
    "Žürich Møbel AG",
    MOMENT,
    (("Period", "2026-10-01 to 2026-11-01"),),
    (Section("At a glance", (FIGURES, Text("Costs fell."), LINE)), Section("Costs", (BARS, COSTS, DETAIL))),
)
every_format = pytest.mark.parametrize("format", FORMATS)


def render(report: Report, format: str) -> bytes:
    file = io.BytesIO()
    write(report, format, file)
    return file.getvalue()


def _pdf_text(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as pdf:
        return "\n".join(page.get_textpage().get_text_bounded() for page in pdf).replace("\r\n", "\n")


def _sheets(document: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(document))


def _csv_rows(document: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(document.decode(), newline="")))


@every_format
def test_equal_reports_give_equal_bytes(format: str) -> None:
    first = render(SAMPLE, format)
    assert first
    assert render(replace(SAMPLE), format) == first


@every_format
def test_an_empty_report_is_a_document_too(format: str) -> None:
    empty = Table("Nothing", (Column("Name"), Column("Cost", "money", "USD")), (), ("Total", None))
    blank = Chart("No points", "line", (Series("x", ()), Series("y", (("2026", None),))))
    assert render(replace(SAMPLE, facts=(), sections=()), format)
    assert render(
        replace(SAMPLE, sections=(Section("None", (empty, replace(empty, totals=None), blank, replace(blank, kind="bar"))),)), format
    )


def test_formats_are_those_that_requests_may_name() -> None:
    assert set(FORMATS) == set(reporting.FORMATS)
    assert set(ALIASES.values()) <= set(FORMATS)
    assert render(SAMPLE, "excel") == render(SAMPLE, "xlsx")
    with pytest.raises(KeyError):
        render(SAMPLE, "docx")


def test_importing_the_registry_loads_no_document_library() -> None:
    script = "import sys, chalicelib.renderers; sys.exit(any(name in sys.modules for name in ('reportlab', 'openpyxl', 'msgspec')))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_json_carries_every_figure_exactly() -> None:
    found = json.loads(render(SAMPLE, "json"), parse_float=Decimal, parse_int=Decimal)
    assert found["generated_at"] == "2026-11-01T06:00:12Z"
    figures, text, line = found["sections"][0]["blocks"]
    assert [figure["value"] for figure in figures["figures"]] == [Decimal("87.5"), None]
    assert (text["text"], line["series"][0]["points"][1]) == ("Costs fell.", ["2026-10-02", None])
    _, costs, detail = found["sections"][1]["blocks"]
    assert costs["rows"][:2] == [list(row) for row in COSTS.rows[:2]]
    assert costs["rows"][2] == ["Müller & Söhne", None, None, 0, 7]
    assert costs["totals"] == list(COSTS.totals or ())
    assert [row[1] for row in detail["rows"]] == [row[1] for row in DETAIL.rows]
    assert [row[2:] for row in detail["rows"][:2]] == [["2026-10-03T04:05:06Z", "2026-12-01"], [None, None]]


def test_csv_carries_every_figure_exactly() -> None:
    rows = _csv_rows(render(SAMPLE, "csv"))
    costs = [row for row in rows if row["table"] == "Cost by service"]
    assert [row["row"] for row in costs] == ["1", "2", "3", "total", "note"]
    assert [row["Billed cost (USD)"] for row in costs[:4]] == ["12483.20", "-2.61", "n/a", "12480.5900001"]
    assert [row["Usage (GB)"] for row in costs[:4]] == ["1200000", "0.000001", "n/a", "n/a"]
    assert [row["Change (%)"] for row in costs[:4]] == ["-9.090909", "n/a", "0", "-8.5"]
    assert costs[4]["Text"] == "Amounts as billed."
    detail = [row for row in rows if row["table"].startswith("Detail")]
    assert [row["Cost (USD)"] for row in detail] == ["0.00000261371", "-2.6137", "0"]
    assert [row["Type"] for row in detail] == ["Requests", "Refund", "'=1+1"]
    assert (detail[0]["First seen (UTC)"], detail[0]["Due"]) == ("2026-10-03T04:05:06Z", "2026-12-01")
    assert next(row["Value"] for row in rows if row["Name"] == "Score") == "87.5"
    assert next(row["Value"] for row in rows if row["Name"] == "Period") == "2026-10-01 to 2026-11-01"


def test_a_database_reads_the_csv(tmp_path: Any) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(render(SAMPLE, "csv"))
    query = """select sum("Billed cost (USD)"::decimal(18,2)) from read_csv(?, all_varchar=true)
               where "table" = 'Cost by service' and row in ('1', '2')"""
    assert duckdb.execute(query, [str(path)]).fetchall() == [(Decimal("12480.59"),)]


def test_columns_of_one_name_stay_apart_in_csv() -> None:
    table = Table("T", (Column("row"), Column("Tag"), Column("Tag")), (("a", "b", "c"),))
    row = _csv_rows(render(replace(SAMPLE, sections=(Section("S", (table,)),)), "csv"))[-1]
    assert (row["row"], row["row (2)"], row["Tag"], row["Tag (2)"]) == ("1", "a", "b", "c")


def test_xlsx_carries_every_figure_typed() -> None:
    workbook = _sheets(render(SAMPLE, "xlsx"))
    assert workbook.sheetnames == ["Summary", "Cost by service", "Detail  usage types  all", "Charts"]
    costs, detail = workbook["Cost by service"], workbook["Detail  usage types  all"]
    rows = list(costs.iter_rows(values_only=True))
    assert rows[0] == ("Service", "Billed cost (USD)", "Usage (GB)", "Change (%)", "Resources")
    assert rows[1] == ("Amazon EC2", 12483.2, 1200000, -9.090909, 1234)
    assert rows[2] == ("AWS Tax", -2.61, 0.000001, "n/a", 0)
    assert rows[3][1:3] == ("n/a", "n/a")
    assert rows[4] == ("Total", 12480.5900001, "n/a", -8.5, 1241)
    assert costs["B5"].font.b
    assert costs["B2"].number_format == r"#,##0.00\ [$USD]"
    assert costs.freeze_panes == "A2"
    assert [(table.ref, table.autoFilter.ref, table.tableStyleInfo.showRowStripes) for table in costs.tables.values()] == [
        ("A1:E4", "A1:E4", True)
    ]
    assert [cell.value for cell in detail[2]] == ["Requests", 0.00000261371, datetime(2026, 10, 3, 4, 5, 6), datetime(2026, 12, 1)]
    assert [cell.value for cell in detail[3]] == ["Refund", -2.6137, "n/a", "n/a"]
    assert detail["B2"].number_format == r"[>=0.01]#,##0.00\ [$USD];[<=-0.01]-#,##0.00\ [$USD];#,##0.00#########\ [$USD]"
    assert ("Score", 87.5, "%") in [row[:3] for row in workbook["Summary"].iter_rows(values_only=True)]
    assert len(workbook["Summary"]._charts) == 2
    assert (workbook.properties.created, workbook.properties.modified) == (datetime(2026, 11, 1, 6, 0, 12),) * 2


def test_an_unknown_point_is_a_gap_in_the_native_chart() -> None:
    workbook = _sheets(render(SAMPLE, "xlsx"))
    assert [row[:2] for row in workbook["Charts"].iter_rows(min_row=3, max_row=5, values_only=True)] == [
        ("2026-10-01", 1.5),
        ("2026-10-02", None),
        ("2026-10-03", 3),
    ]
    assert workbook["Summary"]._charts[0].display_blanks == "gap"


def test_pdf_shows_every_figure_and_names_unknown_ones() -> None:
    text = _pdf_text(render(SAMPLE, "pdf"))
    for expected in ("12,483.20", "-2.61", "12,480.59", "1,200,000", "0.000001", "-9.09", "-8.50", "1,234", "1,241", "87.50 %"):
        assert expected in text
    for expected in ("0.0000026", "-2.61", "2026-10-03 04:05:06", "2026-12-01", "2027-01-31", "9.25", "-1.00"):
        assert expected in text
    for expected in ("Žürich Møbel AG", "Müller & Söhne", "Amounts as billed.", "Billed cost (USD)", "First seen (UTC)", "Page 1 of"):
        assert expected in text
    assert text.count("n/a") == 3 + 1 + 2 + 1 + 1


def test_pdf_says_what_it_is_and_when_it_was_made() -> None:
    with pdfplumber.open(io.BytesIO(render(SAMPLE, "pdf"))) as pdf:
        assert pdf.metadata["Title"] == "Executive report"
        assert pdf.metadata["Author"] == "SecureBase Analytics"
        assert pdf.metadata["CreationDate"].startswith("D:20261101060012")
        assert pdf.doc.catalog["Lang"] == b"en"
        assert pdf.pages[0].width < pdf.pages[0].height


def test_pdf_of_a_table_with_more_than_six_columns_is_landscape() -> None:
    table = Table("Wide", tuple(Column(f"Column {index}") for index in range(7)), (tuple("abcdefg"),))
    with pdfplumber.open(io.BytesIO(render(replace(SAMPLE, sections=(Section("S", (table,)),)), "pdf"))) as pdf:
        assert pdf.pages[0].width > pdf.pages[0].height


def test_pdf_has_every_row_of_a_long_table_below_a_repeated_header() -> None:
    columns = (Column("Finding"), Column("Account"), Column("Cost", "money", "USD"))
    rows = tuple((f"row-{index:05d}", "long text " * (index % 7), Decimal(index) / 100) for index in range(3000))
    table = Table("Long", columns, rows, ("Total", "", Decimal("44985.00")))
    document = render(replace(SAMPLE, sections=(Section("S", (table,)),)), "pdf")
    text = _pdf_text(document)
    assert [index for index in range(3000) if f"row-{index:05d}" not in text] == []
    assert "44,985.00" in text
    with pypdfium2.PdfDocument(document) as pdf:
        assert text.count("Cost (USD)") == len(pdf) - 2 > 40  # not on the cover, not on the contents


def test_pdf_keeps_all_of_a_table_too_wide_for_its_page() -> None:
    columns = tuple(Column(f"Extraordinarily titled column {index}", "money", "USD") for index in range(40))
    rows = (tuple(Decimal(10**9 + index) for index in range(40)),) * 3
    digits = "".join(
        character for character in _pdf_text(render(replace(SAMPLE, sections=(Section("S", (Table("W", columns, rows),)),)), "pdf"))
    )
    assert digits.count("0") >= 40 * 3 * 7


def test_characters_without_a_glyph_are_named_in_the_pdf() -> None:
    text = _pdf_text(render(replace(SAMPLE, customer_name="中 Žürich \x1b"), "pdf"))
    assert "<U+4E2D> Žürich \\x1b" in text


@pytest.mark.parametrize(
    "value, kind, expected",
    [
        (Decimal("0.004"), "money", "0.004"),
        (Decimal("-0.001"), "money", "-0.001"),
        (Decimal("0.0012345678"), "money", "0.0012"),
        (Decimal("-0.00000261371"), "percent", "-0.0000026"),
        (Decimal("0.009999"), "money", "0.0100"),
        (Decimal("-0"), "money", "0.00"),
        (Decimal("1E-14"), "money", "1.000E-14"),
        (Decimal("1.005"), "money", "1.00"),
        (Decimal("1234567.10"), "number", "1,234,567.1"),
        (Decimal("0.00000001"), "number", "0.00000001"),
        (Decimal("1E+400"), "money", "1.000E+400"),
        (Decimal("-Infinity"), "money", "n/a"),
        (None, "integer", "n/a"),
        (1234, "integer", "1,234"),
    ],
)
def test_something_is_never_shown_as_nothing(value: Any, kind: Any, expected: str) -> None:
    assert shown(value, kind) == expected


HOSTILE = (
    '<img src="/etc/passwd"/>',
    "<b>&amp;</i></para>",
    '=HYPERLINK("http://evil.example","x")',
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@x",
    "\t=1",
    "\r\n=1",
    "#N/A",
    "\x00\x01\x1b[31m\x7f\ufffe\ud800",
    "😀 שלום \u202eevil",
    "W" * 200_000,
    "中" * 40_000,
    "' ",
    "History",
    "",
)
hostile_text = st.one_of(st.integers(0, len(HOSTILE) - 1), st.text(max_size=40))


def _hostile(text: str, other: str) -> Report:
    columns = (Column(text), Column(other, "money", text[:5]), Column(text), Column("Note"))
    rows = tuple((text, Decimal("-2.6137"), other, f"{other}{text}") for _ in range(3))
    table = Table(text, columns, rows, (text, Decimal("-7.8411"), "", other), other)
    chart = Chart(text, "bar", (Series(other, ((text, Decimal(1)), (text, Decimal(2)))), Series(text, ((other, None),))), other)
    figures = KeyFigures(other, (KeyFigure(text, Decimal("-2.6137"), "money", other[:40]), KeyFigure(other, text, "text")))
    blocks = (table, replace(table, title=other), chart, replace(chart, kind="line"), figures, Text(text))
    return Report("costs", text, other, other, MOMENT, ((text, other),), (Section(text, blocks), Section(other, (Text(other),))))


def _opens_with_its_numbers(document: bytes, format: str) -> None:
    if format == "pdf":
        assert "-2.61" in _pdf_text(document)
    elif format == "json":
        assert json.loads(document)["sections"][0]["blocks"][0]["rows"][0][1] == -2.6137
    elif format == "csv":
        rows = list(csv.reader(io.StringIO(document.decode(), newline="")))
        assert len({len(row) for row in rows}) == 1
        assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r\n")) and cell not in ("-2.6137", "-7.8411")]
        assert sum(row.count("-2.6137") for row in rows) == 7
    else:
        cells = [cell for sheet in _sheets(document) for row in sheet.iter_rows() for cell in row]
        assert not [cell for cell in cells if cell.data_type in ("f", "e")]
        assert sum(cell.value == -2.6137 for cell in cells) == 7


@every_format
@settings(max_examples=12, deadline=5000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example], derandomize=True)
@given(text=hostile_text, other=hostile_text)
def test_foreign_text_stays_text(format: str, text: int | str, other: int | str) -> None:
    text, other = (HOSTILE[value] if isinstance(value, int) else value for value in (text, other))
    _opens_with_its_numbers(render(_hostile(text, other), format), format)


@every_format
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_known_attacks_stay_text(format: str, text: str) -> None:
    _opens_with_its_numbers(render(_hostile(text, text), format), format)


def test_markup_in_foreign_text_reads_no_file() -> None:
    document = render(_hostile('<img src="/etc/passwd"/>', "x"), "pdf")
    assert '<img src="/etc/passwd"/>' in _pdf_text(document).replace("\n", "")
    assert b"/Subtype /Image" not in document


def test_xlsx_has_no_formula_in_any_part() -> None:
    with zipfile.ZipFile(io.BytesIO(render(_hostile("=1+1", "@x"), "xlsx"))) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert not [part for part in parts if re.search(rb"<f[ />]", part)]
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 11, 1, 6, 0, 12)}
