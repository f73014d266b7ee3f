"""Values as text: nothing becomes zero by being shown, and no name breaks what it stands in."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from chalicelib.domain.figures import (
    cut,
    exact,
    figures_of,
    heading,
    instant,
    kind_of,
    known,
    on_a_line,
    places_of,
    printable,
    shown,
    stated_places,
    storable,
    unique,
    unit_of,
    units,
)
from chalicelib.domain.report import Column, Kind

FACE = "\U0001f600"
THERE = datetime(2026, 11, 1, 15, 5, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    "value, kind, text",
    [
        ("1234.5", "money", "1,234.50"),
        ("0.125", "money", "0.12"),
        ("0.375", "percent", "0.38"),
        ("0.01", "money", "0.01"),
        ("0.0099", "money", "0.0099"),
        ("-0.00123456", "money", "-0.0012"),
        ("0.0000000000123", "money", "0.00000000001"),
        ("0.00000000000123", "money", "1.230E-12"),
        ("-0.00", "money", "0.00"),
        ("0", "number", "0"),
        ("1234567.8900", "number", "1,234,567.89"),
        ("0.000001", "number", "0.000001"),
        ("0.0000009", "number", "0.0000009"),
        ("-0.00000050", "number", "-0.0000005"),
        ("100", "integer", "100"),
        ("1E+60", "integer", "1" + ",000" * 20),
        ("1E+61", "integer", "1.000E+61"),
        ("NaN", "money", "n/a"),
        ("-Infinity", "number", "n/a"),
    ],
)
def test_a_number_is_shown_with_as_many_places_as_it_needs(value: str, kind: Kind, text: str) -> None:
    assert shown(Decimal(value), kind) == text


def test_decimals_that_are_asked_for_are_what_is_shown() -> None:
    assert [shown(Decimal("0.0049"), "percent", places) for places in (0, 1, 3)] == ["0", "0.0", "0.005"]
    assert shown(7, "money") == "7.00"


def test_what_is_no_number_is_shown_as_it_is() -> None:
    assert shown(None, "money") == "n/a"
    assert shown("text", "text") == "text"
    assert shown(date(2026, 11, 1), "time") == "2026-11-01"
    assert shown(THERE, "time") == "2026-11-01 14:05:00"


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "n/a"),
        (Decimal("NaN"), "n/a"),
        (THERE, "2026-11-01T14:05:00Z"),
        (date(2026, 11, 1), "2026-11-01"),
        (Decimal("1.500"), "1.500"),
        (Decimal("1E+60"), "1" + "0" * 60),
        (Decimal("1E+61"), "1E+61"),
        (Decimal("1E-60"), "0." + "0" * 59 + "1"),
        (Decimal("1E-61"), "1E-61"),
        (7, "7"),
    ],
)
def test_machines_get_every_digit(value: date | Decimal | int | None, text: str) -> None:
    assert exact(value) == text
    assert instant(THERE) == "2026-11-01T14:05:00Z"


@pytest.mark.parametrize(
    "value, stated, places",
    [
        ("12", 0, 2),
        ("1.50", 1, 2),
        ("100.000", 0, 2),
        ("0.001", 3, 3),
        ("0.00123", 5, 4),
        ("-0.0099", 4, 4),
        ("1E-11", 11, 11),
        ("1E-12", 12, 11),
        ("1E+3", 0, 2),
        ("1E-60", 60, 11),
        ("1E-400", 60, 11),
        ("NaN", 0, 2),
        ("0.000", 0, 2),
    ],
)
def test_a_tiny_amount_has_the_places_of_its_first_two_digits(value: str, stated: int, places: int) -> None:
    assert (stated_places(Decimal(value)), places_of(Decimal(value))) == (stated, places)


def test_values_without_a_kind_are_whole_numbers_or_have_places_as_money() -> None:
    whole = [Decimal(3), None, Decimal("NaN"), Decimal("4.0")]
    assert (kind_of(whole), figures_of(whole)) == ("integer", ["3", "n/a", "n/a", "4"])
    broken = [Decimal(3), Decimal("0.5")]
    assert (kind_of(broken), figures_of(broken)) == ("money", ["3.00", "0.50"])
    assert known(Decimal(0)) == 0


def test_a_column_is_called_by_its_title_and_unit() -> None:
    assert heading(Column("Cost", "money", unit="USD")) == "Cost (USD)"
    assert heading(Column("Change", "percent")) == "Change (%)"
    assert heading(Column("At", "time")) == "At (UTC)"
    assert heading(Column("Name", "text")) == "Name"
    assert [unit_of(Column("Change", "percent", unit="points")), unit_of(Column("Name", "text"))] == ["points", ""]


def test_what_cant_be_printed_is_written_out_and_tabs_and_line_ends_stay() -> None:
    assert printable("a\tb\nc\rd") == "a\tb\nc\rd"
    assert printable("\u2028 \u00a0") == "\u2028 \u00a0"
    assert printable("\x00\x1b\x7f\x9f\ud800\ufffe é") == "\\x00\\x1b\\x7f\\x9f\\ud800\\ufffe é"


def test_a_text_is_stored_whole_or_cut_to_what_a_cell_holds() -> None:
    assert storable("a" * 32_767) == "a" * 32_767
    assert storable("a" * 32_768) == "a" * 32_766 + "…"
    assert storable(FACE * 16_383) == FACE * 16_383
    assert storable(FACE * 16_384) == FACE * 16_383 + "…"
    assert storable(FACE * 16_383 + "a") == FACE * 16_383 + "a"
    assert storable("\x00" * 8_192) == "\\x00" * 8_191 + "\\x…"


def test_a_name_stays_on_its_line_and_its_direction() -> None:
    assert on_a_line(" a\r\n\tb\u2028c ") == "a b c"
    assert on_a_line("a\u202eb\x1b") == "a\\u202eb\\x1b"
    assert on_a_line("a" * 200) == "a" * 200
    assert on_a_line("a" * 201) == "a" * 200 + "…"
    assert on_a_line("abcdef", 4) == "abcd…"


def test_a_cut_keeps_whole_characters() -> None:
    assert [units(text) for text in ("ab", "é", FACE + "a")] == [2, 1, 3]
    assert [cut(FACE + "ab", longest) for longest in (1, 2, 3, 4, 6)] == ["", FACE, FACE + "a", FACE + "ab", FACE + "ab"]


def test_a_name_that_is_taken_gets_a_number_within_the_same_length() -> None:
    used: set[str] = set()
    assert [unique(name, used, 9) for name in ("Costs", "costs", "COSTS", "Costs now!", "Costs now?")] == [
        "Costs",
        "costs (2)",
        "COSTS (3)",
        "Costs now",
        "Costs (4)",
    ]
    assert unique("a" * 5_000, used) == "a" * 5_000
