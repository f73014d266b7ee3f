"""Whatever a customer's colour, text of it can be read on light and on dark."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.colour import BLACK, LEGIBLE, OURS, WHITE, contrast, legible, or_ours, text_on

DARK = "#161e28"
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colours)
@settings(deadline=None)
def test_a_shade_can_be_read_on_its_ground_and_so_can_text_on_it(colour: str) -> None:
    for ground in (WHITE, DARK):
        shade = legible(colour, ground)
        assert contrast(shade, ground) >= LEGIBLE
        assert contrast(text_on(shade), shade) >= LEGIBLE


@given(colours)
@settings(deadline=None)
def test_a_colour_that_can_be_read_stays_as_it_is(colour: str) -> None:
    for ground in (WHITE, DARK):
        assert (legible(colour, ground) == colour) == (contrast(colour, ground) >= LEGIBLE)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(WHITE, BLACK) == contrast(BLACK, WHITE) == 21
    assert contrast("#777777", WHITE).quantize(Decimal("0.01")) == Decimal("4.48")
    assert contrast("#767676", WHITE).quantize(Decimal("0.01")) == Decimal("4.54")


@pytest.mark.parametrize("text", ["", "red", "#12345", "#12345g", "#123456;}"])
def test_what_is_no_colour_is_ours(text: str) -> None:
    assert or_ours(text) == OURS
