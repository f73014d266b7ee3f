"""Parts are wholes, whatever the lines hold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakdown import DIMENSIONS, Selection, group, ranked, top
from chalicelib.domain.cost import CostKey, CostLine, add_lines
from chalicelib.domain.exact import add, add_known
from chalicelib.domain.names import NONE, OTHERS

NAMES = st.sampled_from(["", "a", "b", "a / b", "(none)", "(others)", "=1+1"])
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=11)
LINES = st.lists(
    st.builds(CostLine, NAMES, NAMES, NAMES, NAMES, NAMES, NAMES, st.just("USD"), MONEY, MONEY, st.none() | MONEY), max_size=30
)


def amounts(lines: list[CostLine]) -> list[tuple[CostKey, Decimal | None]]:
    return [(line.key, line.billed) for line in lines]


def billed(lines: Iterable[CostLine]) -> Decimal | None:
    return add_known(line.billed for line in lines)


@given(LINES, st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True))
def test_a_breakdown_sums_to_the_total(lines: list[CostLine], by: list[str]) -> None:
    assert add(amount or Decimal(0) for amount in group(amounts(lines), tuple(by)).values()) == billed(lines)


@given(LINES, st.integers(1, 5))
def test_the_top_with_the_others_is_still_the_whole(lines: list[CostLine], count: int) -> None:
    parts = group(amounts(lines), ("service", "region"))
    kept = top(parts, count)
    assert add(amount or Decimal(0) for amount in kept.values()) == billed(lines)
    assert len(kept) <= count + 1
    assert (OTHERS in kept) or len(parts) <= count


@given(LINES)
def test_adding_lines_up_loses_nothing_and_twice_is_once(lines: list[CostLine]) -> None:
    added = add_lines(lines)
    assert billed(added) == billed(lines)
    assert add_lines(added) == added
    assert group(amounts(list(added)), ("service",)) == group(amounts(lines), ("service",))


@given(LINES)
def test_a_filter_admits_exactly_its_line_of_the_breakdown(lines: list[CostLine]) -> None:
    for name, amount in group(amounts(lines), ("service",)).items():
        selection = Selection(service=(name,))
        assert billed(line for line in lines if selection.admits(line.key)) == amount


def test_the_largest_comes_first_whatever_its_sign_and_unknown_last() -> None:
    lines = [
        CostLine("", name, "", "", "", "", "USD", amount, None, None)
        for name, amount in (("small", Decimal(1)), ("credit", Decimal(-9)), ("unknown", None), ("", Decimal(3)))
    ]
    assert list(group(amounts(lines), ("service",))) == ["credit", NONE, "small", "unknown"]


def test_a_part_is_named_by_its_dimensions_and_none_where_it_has_none() -> None:
    lines = [
        CostLine("1", "S3", region, "", "AWS", "Usage", "USD", Decimal(amount), None, None, tags)
        for region, amount, tags in (("eu", 4, {"team": "web"}), ("", 2, {}), ("eu", 1, {}))
    ]
    assert group(amounts(lines), ("service",)) == {"S3": 7}
    assert group(amounts(lines), ("region",)) == {"eu": 5, "(none)": 2}
    assert group(amounts(lines), ("service", "region")) == {"S3 / eu": 5, "S3 / (none)": 2}
    assert group(amounts(lines), ("tag:team", "region")) == {"web / eu": 4, "(none) / (none)": 2, "(none) / eu": 1}
    assert [one.key.tag("team") for one in lines] == ["web", "", ""]


def test_a_part_with_something_unknown_in_it_is_unknown_and_no_other_is() -> None:
    lines = [
        CostLine("1", service, "", "", "AWS", "Usage", "USD", None if amount is None else Decimal(amount), None, None)
        for service, amount in (("S3", 4), ("S3", None), ("S3", 1), ("EC2", 2), ("RDS", None))
    ]
    assert group(amounts(lines), ("service",)) == {"EC2": 2, "RDS": None, "S3": None}


def test_parts_are_ranked_by_size_whatever_the_sign_unknown_ones_last_and_equal_ones_by_name() -> None:
    parts = {"z": Decimal(0), "u": None, "a": Decimal("0.5"), "n": Decimal(-3), "b": Decimal(3), "t": None}
    assert list(ranked(parts)) == ["b", "n", "a", "z", "t", "u"]
