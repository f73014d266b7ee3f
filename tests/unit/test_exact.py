"""Sums never round; quotients round once."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.exact import add, add_known, percent, plain, quotient

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=11)


@given(st.lists(AMOUNTS))
def test_a_sum_is_the_exact_one(amounts: list[Decimal]) -> None:
    assert Fraction(add(amounts)) == sum(map(Fraction, amounts), Fraction(0))


def test_a_sum_of_far_apart_amounts_keeps_every_digit() -> None:
    assert str(add([Decimal("12345678901234567890123456789"), Decimal("0.00000000001")])) == "12345678901234567890123456789.00000000001"


def test_one_unknown_part_makes_the_sum_unknown() -> None:
    assert add_known([Decimal(1), None]) is None
    assert add_known([]) == 0


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_a_quotient_has_six_places_half_even(dividend: Decimal, divisor: Decimal) -> None:
    exact = Fraction(dividend) / Fraction(divisor)
    assert abs(Fraction(quotient(dividend, divisor)) - exact) <= Fraction(1, 2_000_000)


def test_half_goes_to_the_even_neighbour() -> None:
    assert quotient(Decimal("0.0000005"), Decimal(1)) == 0
    assert quotient(Decimal("0.0000015"), Decimal(1)) == Decimal("0.000002")


def test_there_is_no_percentage_of_nothing() -> None:
    assert percent(Decimal(5), Decimal(0)) is None
    assert percent(Decimal(5), Decimal(-10)) == 50


@given(AMOUNTS)
def test_the_plain_form_is_the_same_number_without_trailing_zeros(amount: Decimal) -> None:
    shown = plain(amount)
    assert shown == amount
    text = format(shown, "f")
    assert "." not in text or not text.endswith("0")
    assert shown.quantize(Decimal(1), ROUND_HALF_EVEN) is not None
    assert str(plain(Decimal("1E+3"))) == "1000"
    assert str(plain(Decimal("1E+40"))) == "1" + "0" * 40


def test_a_quotient_has_six_places_however_large_it_is() -> None:
    assert str(quotient(Decimal(10**40), Decimal(3))) == "3" * 40 + ".333333"
