"""What a page's address says, and the addresses of its neighbours."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInput
from chalicelib.routes.pages.chosen import Chosen, chosen_of

VIEWS = ("overview", "costs", "usage")
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
filters = st.dictionaries(
    st.sampled_from(["service", "region", "account", "tag:team", "tag:a b"]), st.lists(texts, min_size=1, max_size=3), max_size=3
)


def read(address: str, prefix: str = "") -> Chosen:
    parts = urlsplit(address)
    assert parts.path == f"{prefix}/"
    return chosen_of(parse_qs(parts.query, keep_blank_values=True), prefix, VIEWS)


@given(st.sampled_from(VIEWS), filters, st.sampled_from(["", "/dev", "/base/prod"]))
def test_an_address_says_again_what_was_chosen_whatever_it_is(view: str, given: dict[str, list[str]], prefix: str) -> None:
    chosen = Chosen(prefix, view, {name: tuple(values) for name, values in given.items()})
    assert read(chosen.to(), prefix) == chosen


@given(texts)
def test_one_step_down_and_up_again(name: str) -> None:
    chosen = Chosen("", "costs", {"period": ("90d",)})
    below = read(chosen.into("service", name, "region"))
    assert below.parameters() == {"service": (name,), "breakdown": ("region",), "period": ("90d",)}
    assert read(below.without("service", name)).filters == []


def test_another_view_keeps_the_period_and_what_it_is_compared_with_alone() -> None:
    chosen = Chosen(
        "", "costs", {"first": ("2026-11-01",), "last": ("2026-11-02",), "compare": ("yoy",), "service": ("A",), "breakdown": ("region",)}
    )
    assert dict(read(chosen.to("usage")).values) == {"first": ("2026-11-01",), "last": ("2026-11-02",), "compare": ("yoy",)}
    assert read(chosen.over("7d")).period == "7d"
    assert not read(chosen.over("7d")).custom


def test_both_days_of_ones_own_period_are_in_it() -> None:
    chosen = Chosen("", "costs", {"first": ("2026-10-01",), "last": ("2026-10-31",)})
    assert chosen.parameters() == {"start": ("2026-10-01",), "end": ("2026-11-01",)}


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 400))
def test_a_period_of_n_days_is_n_days_long(first: date, more: int) -> None:
    chosen = Chosen("", "costs", {"first": (str(first),), "last": (str(first + timedelta(days=more)),)})
    start, end = (date.fromisoformat(chosen.parameters()[edge][0]) for edge in ("start", "end"))
    assert (end - start).days == more + 1


@pytest.mark.parametrize(
    "values, field",
    [
        ({"first": ("2026-11-02",), "last": ("2026-11-01",)}, "last"),
        ({"first": ("2026-11-02",)}, "last"),
        ({"last": ("2026-11-02",)}, "first"),
        ({"first": ("x",), "last": ("2026-11-02",)}, "first"),
        ({"first": ("2026-11-02",), "last": ("9999-12-31",)}, "last"),
    ],
)
def test_a_period_that_is_none_names_the_field(values: dict[str, tuple[str, ...]], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Chosen("", "costs", values).parameters()
    assert [name for name, _ in caught.value.problems] == [field]


def test_words_of_others_are_passed_over_and_what_is_ours_is_checked() -> None:
    assert chosen_of({"utm_source": ["mail"], "top": ["3"]}, "", VIEWS).values == {}
    for values, field in (({"view": ["admin"]}, "view"), ({"period": ["7d", "30d"]}, "period"), ({"service": ["x" * 301]}, "service")):
        with pytest.raises(InvalidInput) as caught:
            chosen_of(values, "", VIEWS)
        assert [name for name, _ in caught.value.problems] == [field]


def test_a_tags_key_may_be_typed() -> None:
    assert chosen_of({"view": ["costs"], "tag": ["team"], "breakdown": ["service"]}, "", VIEWS).breakdown == "tag:team"
