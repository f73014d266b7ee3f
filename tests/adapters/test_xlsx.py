"""What a workbook has that the other documents haven't: Excel tables, native charts, properties; and that Excel opens it."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image

from chalicelib.domain.branding import Branding
from chalicelib.domain.report import Change, Chart, Column, KeyFigure, KeyFigures, Report, Section, Series, Table, Text
from chalicelib.renderers import write
from chalicelib.renderers.xlsx import tables as xlsx_tables
from tests.adapters.test_four_documents import COSTS, RICH, hash_of, render
from tests.adapters.test_renderers import HOSTILE, _hostile
from tests.package import objections, units

ROOT = Path(__file__).parents[2]


def sheets(report: Report) -> Any:
    return openpyxl.load_workbook(io.BytesIO(render(report, "xlsx")))


def of(*blocks: Any) -> Report:
    return replace(RICH, sections=(Section("Costs", blocks),))


def test_excel_has_no_objections() -> None:
    assert objections(render(RICH, "xlsx")) == []
    assert objections(render(replace(RICH, sections=()), "xlsx")) == []


def test_formulas_and_links_would_be_objected_to() -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"], workbook.active["A2"].hyperlink = "=1+1", "https://evil.example"
    file = io.BytesIO()
    workbook.save(file)
    assert len(objections(file.getvalue())) >= 3


@pytest.mark.parametrize("text", [*HOSTILE, "_x0041_", "😀" * 40_000, "a\u2028b\x85c", "x" * 300], ids=range(len(HOSTILE) + 4))
def test_excel_has_no_objections_to_hostile_text(text: str) -> None:
    assert objections(render(_hostile(text, text), "xlsx")) == []


def test_a_table_is_an_excel_table_without_its_totals() -> None:
    sheet = sheets(of(COSTS))["Cost by service"]
    (table,) = sheet.tables.values()
    assert (table.ref, table.totalsRowCount, table.autoFilter.ref) == ("A1:E5", None, "A1:E5")
    assert table.column_names == [cell.value for cell in sheet[1]]
    assert [cell.value for cell in sheet[6]][:2] == ["Total", 12480.66]
    assert [cell.font.b for cell in (*sheet[1], *sheet[6])] == [True] * 10


def test_tables_of_one_title_have_sheets_and_names_of_their_own() -> None:
    workbook = sheets(of(COSTS, COSTS, replace(COSTS, title="COST BY SERVICE")))
    assert workbook.sheetnames[1:] == ["Cost by service", "Cost by service (2)", "COST BY SERVICE (3)"]
    assert [name for sheet in workbook for name in sheet.tables] == ["Table1", "Table2", "Table3"]


def test_headers_are_one_line_each_and_differ() -> None:
    table = Table("T", (Column(""), Column("A\r\nb"), Column("a B"), Column("="), Column(" ")), (tuple("12345"),))
    assert [cell.value for cell in sheets(of(table))["T"][1]] == ["Column", "A b", "a B (2)", "=", "Column (2)"]


def test_a_table_without_rows_is_no_excel_table() -> None:
    sheet = sheets(of(replace(COSTS, rows=())))["Cost by service"]
    assert not sheet.tables
    assert [cell.value for cell in sheet[2]][:2] == ["Total", 12480.66]


def test_a_table_longer_than_a_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_tables, "MOST_ROWS", 10)
    rows = tuple((str(number), Decimal(number)) for number in range(20))
    table = Table("Long", (Column("Name"), Column("Cost", "money", "USD")), rows, ("Total", Decimal(190)), "Note.")
    workbook = sheets(of(table))
    parts = [workbook[name] for name in workbook.sheetnames[1:]]
    assert [(sheet.title, sheet.max_row) for sheet in parts] == [("Long", 7), ("Long (2)", 7), ("Long (3)", 7), ("Long (4)", 6)]
    values = [value for sheet in parts for (value,) in sheet.iter_rows(2, 7, 2, 2, values_only=True) if value is not None]
    assert values == [*range(20), 190]
    assert objections(render(of(table), "xlsx")) == []


def test_a_table_as_long_as_a_sheet_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_tables, "MOST_ROWS", 10)
    table = Table("Full", (Column("Name"),), (("a",),) * 9)
    assert len(sheets(of(table)).sheetnames) == 2
    assert len(sheets(of(replace(table, totals=("Total",)))).sheetnames) == 3


def test_names_are_cut_where_excel_would_refuse_them() -> None:
    names = sheets(of(replace(COSTS, title="😀" * 31), replace(COSTS, title="😀" * 31))).sheetnames[1:]
    assert names == ["😀" * 15, "😀" * 13 + " (2)"]
    assert all(units(name) <= 31 for name in names)


def test_values_have_the_formats_of_their_columns() -> None:
    columns = (Column("A", "money", "USD"), Column("B", "number", "GB"), Column("C", "percent"), Column("D", "date"), Column("E", "time"))
    moment = datetime(2026, 10, 3, 4, 5, 6, tzinfo=UTC)
    sheet = sheets(of(Table("T", columns, ((Decimal("1.5"), Decimal("0.125"), Decimal("7"), date(2026, 10, 3), moment),))))["T"]
    assert [cell.number_format for cell in sheet[2]] == [
        r"#,##0.00\ [$USD]",
        "#,##0.000",
        '#,##0.00"%"',
        "yyyy-mm-dd",
        "yyyy-mm-dd hh:mm:ss",
    ]
    assert [cell.value for cell in sheet[2]][3:] == [datetime(2026, 10, 3), datetime(2026, 10, 3, 4, 5, 6)]


@pytest.mark.parametrize(
    ("values", "format"),
    [(("1", "2"), "#,##0"), (("0.5", "0.25"), "#,##0.00"), (("0.12345678",), "#,##0.000000"), (("0.12345678", "1E-9"), "#,##0.000000000")],
)
def test_a_number_has_the_places_it_states_and_is_never_shown_as_nothing(values: tuple[str, ...], format: str) -> None:
    table = Table("T", (Column("A", "number"),), tuple((Decimal(value),) for value in values))
    assert {cell.number_format for (cell,) in sheets(of(table))["T"].iter_rows(min_row=2)} == {format}


def test_what_excel_cannot_hold_is_text() -> None:
    table = Table("T", (Column("A", "money"), Column("B", "date")), ((Decimal("1E+400"), date(1850, 1, 1)), (10**400, date(1900, 2, 28))))
    found = [[cell.value for cell in row] for row in sheets(of(table))["T"].iter_rows(min_row=2)]
    assert found == [["1E+400", "1850-01-01"], [str(10**400), "1900-02-28"]]


def test_an_escape_of_excels_stays_text() -> None:
    document = render(of(Table("T", (Column("_x000D_"),), (("a_x0041_b & <c>\rd",),))), "xlsx")
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    assert ">_x005F_x000D_</t>" in sheet
    assert ">a_x005F_x0041_b &amp; &lt;c&gt;&#13;d</t>" in sheet


def test_key_figures_tell_their_change() -> None:
    change = Change(Decimal("-2.5"), "%", "last month", "down")
    figures = KeyFigures("Now", (KeyFigure("Cost", Decimal(12), "money", "USD", change), KeyFigure("Score", None)))
    summary = sheets(of(figures, Text("Careful.", True)))["Summary"]
    rows = [[cell.value for cell in row] for row in summary.iter_rows()]
    assert ["Figure", "Value", "Unit", "Change", "Unit", "Compared with"] in rows
    assert ["Cost", 12, "USD", -2.5, "%", "last month"] in rows
    assert ["Score", "n/a", "", None, None, None] in rows
    at = rows.index(["Cost", 12, "USD", -2.5, "%", "last month"]) + 1
    assert summary.cell(at, 4).number_format == '+#,##0.00"%";-#,##0.00"%";#,##0.00"%"'
    assert summary.cell(at + 2, 1).font.b
    assert [str(merged) for merged in summary.merged_cells.ranges] == [f"A{at + 2}:F{at + 2}"]


def _chart(kind: Any, **other: Any) -> Any:
    series = (Series("EC2", (("a", Decimal(1)), ("b", Decimal(2)))), Series("S3", (("a", Decimal(3)),)))
    return sheets(of(Chart("T", kind, series if kind != "gauge" else series[:1], **other)))["Summary"]._charts[0]


def test_charts_are_native_and_of_their_kind() -> None:
    assert type(_chart("line")).__name__ == "LineChart"
    stacked, bar, gauge = _chart("stacked"), _chart("bar"), _chart("gauge", most=Decimal(100))
    assert (stacked.grouping, stacked.overlap, stacked.barDir) == ("stacked", 100, "col")
    assert (bar.grouping, bar.barDir, bar.x_axis.scaling.orientation) == ("clustered", "bar", "maxMin")
    assert (gauge.barDir, gauge.y_axis.scaling.min, gauge.y_axis.scaling.max) == ("bar", 0, 100)


def test_charts_are_drawn_from_the_sheet_of_their_points() -> None:
    workbook = sheets(RICH)
    gauge, ranked, daily = workbook["Summary"]._charts
    assert [series.val.numRef.f for series in daily.series] == ["'Charts'!$B$15:$B$16", "'Charts'!$C$15:$C$16"]
    assert [[cell.value for cell in row[:3]] for row in workbook["Charts"]["A13:C16"]] == [
        ["Daily (USD)", None, None],
        ["Point (blank: unknown)", "EC2", "S3"],
        ["2026-10-01", 1.5, None],
        ["2026-10-02", None, 0.1234567890123456789],
    ]
    assert [point.v for point in daily.series[1].cat.strRef.strCache.pt] == ["2026-10-01", "2026-10-02"]
    assert [(point.idx, point.v) for point in daily.series[0].val.numRef.numCache.pt] == [(0, 1.5)]
    assert gauge.series[0].graphicalProperties.solidFill.srgbClr == "0b4a7a"
    assert ranked.anchor._from.row == 18


def test_a_chart_without_points_is_not_drawn() -> None:
    assert sheets(of(Chart("T", "line", (Series("a", ()),)), Chart("U", "bar", ())))["Summary"]._charts == []


def test_a_workbook_says_what_it_is() -> None:
    about = sheets(RICH).properties
    assert (about.title, about.subject, about.language) == ("Executive report", "Žürich Møbel AG", "en")
    assert about.creator == "SecureBase Analytics"
    assert about.keywords == "executive, full, Møbel Cloud"
    assert about.created == about.modified == datetime(2026, 11, 1, 6, 0, 12)


def test_the_summary_names_brand_customer_and_facts() -> None:
    rows = [row[:2] for row in sheets(RICH)["Summary"].iter_rows(max_row=5, values_only=True)]
    assert rows == [
        ("Executive report", None),
        ("Møbel Cloud", None),
        ("Žürich Møbel AG", None),
        ("Period", "2026-10-01 to 2026-11-01"),
        ("Generated (UTC)", datetime(2026, 11, 1, 6, 0, 12)),
    ]


def test_another_process_makes_the_same_bytes() -> None:
    """With other hashes, so that no set's order is in them."""
    script = "from tests.adapters.test_four_documents import *; print([hash_of(format) for format in ('xlsx', 'csv', 'json')])"
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={"PYTHONHASHSEED": "1"}, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == str([hash_of(format) for format in ("xlsx", "csv", "json")])


@pytest.mark.parametrize("format", ["xlsx", "csv", "json"])
def test_a_spooled_file_gets_the_same_bytes_and_stays_open(format: str) -> None:
    with tempfile.SpooledTemporaryFile(max_size=1000) as file:
        write(RICH, format, file)
        file.seek(0)
        assert file.read() == render(RICH, format)


def test_a_logo_is_the_only_picture_and_stands_undistorted_beside_the_title() -> None:
    logo = io.BytesIO()
    Image.new("RGBA", (440, 110), "#c01040").save(logo, "PNG")
    made = replace(of(Text("x")), brand=Branding("Acme", "#c01040", logo.getvalue()))
    document = render(made, "xlsx")
    assert objections(document) == []
    assert render(made, "xlsx") == document
    (picture,) = openpyxl.load_workbook(io.BytesIO(document))["Summary"]._images
    assert (picture.width, picture.height) == (440, 110), "the file's own"
    anchor = picture.anchor
    assert (anchor._from.row, anchor._from.col, round(anchor.ext.width / 9525), round(anchor.ext.height / 9525)) == (0, 4, 220, 55)
