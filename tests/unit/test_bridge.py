"""A score's change is divided among the controls without a rest, whatever became of them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.bridge import Tally, apportioned, bridge, contributions

STATES = ["passed", "failed", "unknown", "no_data", "disabled", "excepted"]
DAYS = st.dictionaries(st.sampled_from([f"C.{number}" for number in range(12)]), st.sampled_from(STATES))


def ratio(states: dict[str, str]) -> Fraction | None:
    """The score before it is rounded, from the definition's own words."""
    passed, failed, unknown = ([state for state in states.values() if state == name] for name in ("passed", "failed", "unknown"))
    evaluated = len(passed) + len(failed) + len(unknown)
    return Fraction(100 * len(passed), evaluated) if evaluated else None


@given(DAYS, DAYS)
def test_exact_contributions_sum_to_the_exact_change(then: dict[str, str], now: dict[str, str]) -> None:
    before, after = ratio(then), ratio(now)
    if before is None or after is None:
        assert bridge(then, now).contributions is None
        return
    exact = contributions(then, now, Tally.of(then.values()), Tally.of(now.values()))
    assert sum(exact.values()) == after - before


@given(DAYS, DAYS)
def test_shown_contributions_sum_to_the_shown_change(then: dict[str, str], now: dict[str, str]) -> None:
    found = bridge(then, now)
    if found.contributions is None:
        assert found.change is None
        return
    assert sum(found.contributions.values()) == found.change
    assert abs(Fraction(found.change or 0) - ((ratio(now) or 0) - (ratio(then) or 0))) <= Fraction(1, 10**6)
    exact = contributions(then, now, found.then, found.now)
    assert all(abs(Fraction(found.contributions[name]) - exact[name]) < Fraction(2, 10**6) for name in exact)


@given(DAYS, DAYS)
def test_going_back_takes_away_what_going_there_gave(then: dict[str, str], now: dict[str, str]) -> None:
    before, after = Tally.of(then.values()), Tally.of(now.values())
    if before.evaluated and after.evaluated:
        there, back = contributions(then, now, before, after), contributions(now, then, after, before)
        assert there == {name: -amount for name, amount in back.items()}


@given(DAYS, DAYS)
def test_a_fix_never_lowers_and_a_failure_never_raises_the_score(then: dict[str, str], now: dict[str, str]) -> None:
    for name, amount in (bridge(then, now).contributions or {}).items():
        if now.get(name) == "passed":
            assert amount >= Decimal("-0.000001")
        if then.get(name) == "passed" and now.get(name) in ("failed", "unknown"):
            assert amount < 0


def test_only_what_changed_contributes() -> None:
    found = bridge({"a": "passed", "b": "failed", "c": "no_data"}, {"a": "passed", "b": "unknown", "c": "disabled", "d": "passed"})
    assert found.contributions is not None
    assert found.contributions.keys() == {"d"}


def test_one_fix_of_four_is_worth_its_quarter() -> None:
    then = dict.fromkeys("abc", "passed") | {"d": "failed"}
    assert bridge(then, {**then, "d": "passed"}).contributions == {"d": 25}


def test_a_new_failure_and_a_new_pass_by_hand() -> None:
    """50 to 2/4: P0/N0 = 1/2, P1/N1 = 2/4; the pass gives 100 * ((1/2 + 1/4) / 2 - 3 / 16), the failure takes 100 * 3 / 16."""
    then = {"a": "passed", "b": "failed"}
    found = bridge(then, {**then, "c": "passed", "d": "failed"})
    assert found.change == 0
    assert found.contributions == {"c": Decimal("18.75"), "d": Decimal("-18.75")}


@given(DAYS)
def test_a_tally_is_the_definitions_score(states: dict[str, str]) -> None:
    exact, found = ratio(states), Tally.of(states.values())
    assert found.score == (None if exact is None else int(exact + Fraction(1, 2)))
    assert (found.unrounded is None) == (exact is None)


@given(st.lists(st.fractions(-100, 100, max_denominator=999), min_size=1, max_size=5), st.integers(-2, 6))
def test_whatever_is_left_by_rounding_is_given_to_somebody(parts: list[Fraction], millionths: int) -> None:
    exact = {f"c{number}": part for number, part in enumerate(parts)}
    total = (Decimal(int(sum(parts) * 10**6)) + millionths) / 10**6
    shares = apportioned(exact, total)
    assert sum(shares.values()) == total
    assert shares.keys() == exact.keys()


def test_what_rounding_leaves_goes_to_the_largest_remainders_and_of_equal_ones_to_the_first_by_name() -> None:
    third, sixth = Fraction(1, 3), Fraction(1, 6)
    assert apportioned({"a": third, "b": third, "c": Fraction(1, 3)}, Decimal(1)) == {
        "a": Decimal("0.333334"),
        "b": Decimal("0.333333"),
        "c": Decimal("0.333333"),
    }
    assert apportioned({"a": third, "b": third + third, "c": sixth, "d": -sixth}, Decimal(1)) == {
        "a": Decimal("0.333333"),
        "b": Decimal("0.666667"),
        "c": Decimal("0.166667"),
        "d": Decimal("-0.166667"),
    }
