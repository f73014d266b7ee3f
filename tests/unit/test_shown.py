"""Values in HTML: every digit for a script, text for people, and nothing foreign as markup."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.web.shown import cell, value

EVIL = "<script>alert(1)</script>\"' onload=x \x00\ud800"


def test_a_number_is_data_with_every_digit_and_text_with_its_unit() -> None:
    told = '<data value="1234.5678" data-kind="money" data-unit="USD">1,234.57 USD</data>'
    assert value(Decimal("1234.5678"), "money", "USD") == told
    assert value(12, "integer") == '<data value="12" data-kind="integer">12</data>'
    assert value(Decimal("12.345"), "percent", decimals=1) == '<data value="12.345" data-kind="percent" data-unit="%">12.3 %</data>'


def test_unknown_is_neither_zero_nor_data() -> None:
    assert value(None, "money", "USD") == value(Decimal("NaN")) == value(Decimal("Infinity")) == '<span class="unknown">n/a</span>'
    assert cell(None) == cell(Decimal("NaN")) == '<td class="unknown">n/a</td>'


def test_days_and_instants_are_times_in_utc() -> None:
    assert value(date(2026, 11, 1)) == '<time datetime="2026-11-01">2026-11-01</time>'
    there = datetime(2026, 11, 1, 15, 5, tzinfo=timezone(timedelta(hours=1)))
    assert value(there, "time") == '<time datetime="2026-11-01T14:05:00Z">2026-11-01 14:05 UTC</time>'
    assert cell(datetime(2026, 11, 1, tzinfo=UTC)) == '<td><time datetime="2026-11-01T00:00:00Z">2026-11-01 00:00 UTC</time></td>'


def test_text_and_units_stay_text() -> None:
    inert = "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39; onload=x \\x00\\ud800"
    assert value(EVIL) == inert
    assert cell(EVIL) == f"<td>{inert}</td>"
    assert value(1, "number", EVIL) == f'<data value="1" data-kind="number" data-unit="{inert}">1 {inert}</data>'


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_cell_tells_every_digit(number: Decimal) -> None:
    digits = cell(number, "money").partition('data-v="')[2].partition('"')[0]
    assert Decimal(digits) == number


def test_a_table_of_ninety_rows_and_six_columns_stays_below_25_kilobytes() -> None:
    row = f'<tr><th scope="row">2026-09-01</th>{cell(Decimal("1234.56"), "money") * 6}</tr>'
    assert len(row) * 90 < 25_000
