"""What is kept densely comes back to the last digit, whatever the amounts, names and gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import Amounts, Columns, end_to_end, pieces, summed
from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import BASES, CostDay, CostLine, SourceTotal, add_lines, totals_of
from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.exact import add_known
from chalicelib.domain.names import NONE
from chalicelib.domain.period import HOUR, Window
from chalicelib.domain.spend import Chosen, by_day, by_key, reconcile, total_of
from chalicelib.domain.usage import Sample, UsageBucket, hour_buckets, merge
from chalicelib.stores.dense import decode, encode
from chalicelib.stores.records import COSTS, USAGE

DAY = date(2026, 9, 1)
START = datetime(2026, 9, 1, tzinfo=UTC)
TINY, HUGE = Decimal("1E-40"), Decimal("9" * 40)
MONEY = st.none() | st.sampled_from([Decimal(0), TINY, -TINY, HUGE, -HUGE]) | st.decimals(-(10**12), 10**12, places=10, allow_nan=False)
NAMES = st.sampled_from(["", "a", "Amazon EC2", "=1+1", "\u202ex", "café", '"quoted, text"'])
TAGS = st.dictionaries(NAMES, NAMES, max_size=2)
LINES = st.lists(st.builds(CostLine, NAMES, NAMES, NAMES, NAMES, NAMES, NAMES, st.sampled_from(["USD", "EUR"]), MONEY, MONEY, MONEY, TAGS))


def day(number: int, lines: list[CostLine], owns: Decimal | None = None) -> CostDay:
    added = add_lines(lines)
    own = [SourceTotal("1", "USD", owns, owns, None)] if owns else totals_of(added)
    return CostDay.of(DAY + timedelta(days=number), added, own, number % 2 == 0, ("focus_export",), "unblended")


@given(st.lists(MONEY))
def test_amounts_are_the_values_they_were_made_of(values: list[Decimal | None]) -> None:
    amounts = Amounts.of(values)
    assert amounts.values() == values
    assert amounts.total() == add_known(values)
    assert amounts == Amounts.of([None if value is None else value * 1000 / 1000 if abs(value) < 10**12 else value for value in values])


@settings(deadline=None)
@given(st.lists(LINES, max_size=5), MONEY)
def test_days_come_back_from_one_item_as_they_went_in(days: list[list[CostLine]], owns: Decimal | None) -> None:
    kept = [day(number, lines, owns) for number, lines in enumerate(days)]
    data = encode(COSTS, kept)
    assert decode(COSTS, data) == kept
    assert encode(COSTS, decode(COSTS, data)) == data
    for found, (number, lines) in zip(decode(COSTS, data), enumerate(days), strict=True):
        assert found.lines == add_lines(lines), number
        assert found.totals == kept[number].totals


@settings(deadline=None)
@given(LINES, st.integers(1, 4))
def test_sums_over_columns_are_the_sums_of_the_lines(lines: list[CostLine], copies: int) -> None:
    days = decode(COSTS, encode(COSTS, [day(number, lines) for number in range(copies)]))
    chosen = Chosen(Selection(service=(NONE, "a")), "USD")
    wanted = [line for line in add_lines(lines) if line.currency == "USD" and line.service in ("", "a")]
    for basis in BASES:
        expected = add_known(line.amount(basis) for _ in range(copies) for line in wanted)
        assert add_known(by_day(days, basis, chosen).values()) == total_of(days, basis, chosen) == expected
        assert add_known(amount for _, amount in by_key(days, basis, chosen)) == expected


@settings(deadline=None)
@given(LINES, MONEY)
def test_a_total_that_differs_from_the_lines_is_told_with_its_difference(lines: list[CostLine], owns: Decimal | None) -> None:
    days = decode(COSTS, encode(COSTS, [day(0, lines, owns)]))
    found = reconcile(days, "billed", "USD", by_day(days, "billed", Chosen(Selection(), "USD")))
    assert found.lines == add_known(line.billed for line in lines if line.currency == "USD")
    assert found.own == (owns if owns else found.lines)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["api_calls", "storage_gb"]), NAMES, st.decimals(0, 10**6, places=6)), max_size=20
    )
)
def test_hours_and_what_is_merged_from_them_come_back(found: list[tuple[int, str, str, Decimal]]) -> None:
    samples = [Sample(START + hour * HOUR, metric, service, "us-east-1", "1", value) for hour, metric, service, value in found]
    window = Window(START, START + 4 * HOUR)
    hours = hour_buckets(samples, window, {"1/us-east-1"}, {"compute_hours": START + HOUR})
    buckets: list[UsageBucket] = [*hours, merge(hours, START)]
    for bucket in buckets:
        assert decode(USAGE, encode(USAGE, [bucket])) == [bucket]
    assert decode(USAGE, encode(USAGE, buckets)) == buckets


def test_keys_of_different_days_are_added_by_key_and_those_of_the_same_by_place() -> None:
    one, other = (("a",), ("b",)), (("b",), ("c",))
    parts = [
        (one, Amounts.of([Decimal("1.5"), Decimal(2)])),
        (one, Amounts.of([Decimal(1), None])),
        (other, Amounts.of([Decimal(7), Decimal("0.001")])),
    ]
    keys, sums = summed(parts)
    assert dict(zip(keys, sums.values(), strict=True)) == {("a",): Decimal("2.5"), ("b",): None, ("c",): Decimal("0.001")}


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x63rest"])
def test_bytes_of_another_version_are_an_error_not_garbage(data: bytes) -> None:
    with pytest.raises(UnknownSchema):
        decode(COSTS, data)


@settings(deadline=None)
@given(LINES, LINES, st.lists(st.booleans(), max_size=5))
def test_a_days_sums_are_what_its_columns_sum_to(one: list[CostLine], other: list[CostLine], which: list[bool]) -> None:
    kept = [day(number, one if first else other) for number, first in enumerate(which)]
    for found in (kept, decode(COSTS, encode(COSTS, kept))):
        for basis in BASES:
            for currency in ("USD", "EUR"):
                whole, listed = by_day(found, basis, Chosen(Selection(), currency)), by_key(found, basis, Chosen(Selection(), currency))
                assert whole == {one.day: add_known(line.amount(basis) for line in one.lines if line.currency == currency) for one in kept}
                assert add_known(whole.values()) == add_known(amount for _, amount in listed)
                assert total_of(found, basis, Chosen(Selection(), currency)) == add_known(whole.values())


def test_days_that_lie_side_by_side_are_taken_in_one_piece() -> None:
    one, other = ([CostLine("1", name, "", "", "", "", "USD", Decimal(name), None, None)] for name in "12")
    days = decode(COSTS, encode(COSTS, [day(number, lines) for number, lines in enumerate([one, one, other, one, one])]))
    assert [amounts.units for _, amounts in pieces((each.amounts for each in days), 0)] == [(1, 1, 1, 1), (2,)]
    assert [amounts.units for _, amounts in pieces((days[number].amounts for number in (0, 4)), 0)] == [(1,), (1,)]


def test_facts_are_kept_once_while_they_stay_the_same() -> None:
    same = [day(number, []) for number in (0, 2, 4)]
    other = replace(same[1], basis="net")
    assert decode(COSTS, encode(COSTS, [same[0], other, same[2]])) == [same[0], other, same[2]]
    assert len(encode(COSTS, same)) < len(encode(COSTS, [same[0], other, same[2]]))


def test_amounts_of_different_fineness_lie_end_to_end_with_their_holes() -> None:
    parts = [Amounts.of([Decimal(100), None]), Amounts.of([None, Decimal(0)]), Amounts.of([Decimal("0.001")]), Amounts.of([])]
    assert end_to_end(parts).values() == [100, None, None, 0, Decimal("0.001")]
    assert end_to_end([]) == end_to_end([Amounts.of([])]) == Amounts()
    assert end_to_end([Amounts.of([Decimal(0)])]).values() == [0]


def test_columns_are_the_same_as_nothing_but_columns_of_the_same_amounts() -> None:
    one = Columns.of(("a", "b"), [Amounts.of([Decimal(1), Decimal(2)])])
    assert one == Columns.of(("a", "b"), [Amounts(-1, (10, 20))])
    assert one != Columns.of(("a", "b"), [Amounts.of([Decimal(1), Decimal(3)])])
    assert one != [Amounts.of([Decimal(1), Decimal(2)])]


def test_a_sum_with_something_unknown_in_it_is_unknown_and_nothing_else() -> None:
    keys = (("a",), ("b",))
    parts = [(keys, Amounts.of([Decimal(5), Decimal(70)])), (keys, Amounts.of([None, Decimal(30)]))]
    assert summed(parts) == (keys, Amounts(2, (0, 1), frozenset({0})))
    assert summed([]) == ((), Amounts())
