"""Who asks too often, held against a bucket of whole tokens that is worked out step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.allowance import A_MINUTE, Allowance, Taken
from chalicelib.domain.errors import StoreUnavailable, TooManyRequests
from chalicelib.routes.limits import kind_of
from chalicelib.usecases.access.limiting import LEASE, Limiter
from tests.fakes import Clock

START = datetime(2026, 11, 25, 10, tzinfo=UTC)
EXPORTS, QUERIES = Allowance("exports", 20), Allowance("queries", 600)


@dataclass
class Shared:
    """The one bucket behind all containers."""

    full_at: dict[tuple[str, str], float] = field(default_factory=dict)
    writes: int = 0
    away: bool = False

    def settle(self, owner: str, allowance: Allowance, since: float, tokens: int, now: float) -> float:
        if self.away:
            raise StoreUnavailable("away")
        key, self.writes = (owner, allowance.name), self.writes + 1
        self.full_at[key] = allowance.spend(self.full_at.get(key, 0.0), since, tokens)
        return self.full_at[key]


class Oracle:
    """Tokens as fractions, filled up from one request to the next."""

    def __init__(self, a_minute: int) -> None:
        self.most, self.tokens, self.at = Fraction(a_minute), Fraction(a_minute), Fraction(0)

    def there(self, at: Fraction) -> bool:
        self.tokens, self.at = min(self.most, self.tokens + (at - self.at) * self.most / 60), at
        return self.tokens >= 1

    def take(self) -> None:
        self.tokens -= 1


def limiter(shared: Shared, clock: Clock, *allowances: Allowance, lost: list[str] | None = None) -> Limiter:
    failed = (lambda: None) if lost is None else (lambda: lost.append("lost"))
    return Limiter(shared, {each.name: each for each in allowances}, clock, failed, dict)


def moments(steps: list[int]) -> Iterator[int]:
    """Milliseconds since the start."""
    at = 0
    for step in steps:
        at += step
        yield at


STEPS = st.lists(st.sampled_from((0, 0, 0, 1, 100, 999, 2999, 3001, 20_000, 90_000)), min_size=1, max_size=150)


@given(STEPS)
def test_one_container_admits_exactly_what_the_bucket_holds(steps: list[int]) -> None:
    clock, oracle = Clock(START), Oracle(20)
    one = limiter(Shared(), clock, EXPORTS)
    for at in moments(steps):
        clock.now = START + timedelta(milliseconds=at)
        there = oracle.there(Fraction(at, 1000))
        taken = one.take("acme", "exports")
        assert taken.allowed == there
        if there:
            oracle.take()
            assert taken.left == int(oracle.tokens)
        else:
            missing = (1 - oracle.tokens) * 3
            assert abs(taken.wait - float(missing)) < 1e-3
            assert taken.retry_after >= taken.wait - 1e-3


@given(STEPS, st.integers(2, 4), st.randoms(use_true_random=False))
def test_several_containers_refuse_nobody_too_early_and_give_away_no_more_than_a_lease_each(steps: list[int], count: int, random) -> None:  # type: ignore[no-untyped-def]
    clock, oracle, shared = Clock(START), Oracle(20), Shared()
    containers = [limiter(shared, clock, EXPORTS) for _ in range(count)]
    admitted = 0
    for at in moments(steps):
        clock.now = START + timedelta(milliseconds=at)
        there = oracle.there(Fraction(at, 1000))
        if random.choice(containers).take("acme", "exports").allowed:
            admitted += 1
            oracle.take()
        else:
            assert not there
        assert admitted <= 20 + at / 3000 + count * LEASE


def test_at_most_one_write_in_twenty_requests() -> None:
    clock, shared = Clock(START), Shared()
    one = limiter(shared, clock, QUERIES, EXPORTS)
    for number in range(1, 1001):
        one.take("acme", "queries")
        assert shared.writes * 20 <= number
    assert shared.writes == 600 // 20, "what was refused writes nothing"


def test_a_second_container_learns_what_the_first_one_spent() -> None:
    clock, shared = Clock(START), Shared()
    one, two = (limiter(shared, clock, QUERIES) for _ in range(2))
    assert all(one.take("acme", "queries").allowed for _ in range(600))
    assert [two.take("acme", "queries").allowed for _ in range(25)] == [True] * 20 + [False] * 5
    assert two.take("borealis", "queries").left == 599, "and nobody else pays for it"


def test_a_bucket_that_cannot_be_reached_holds_nobody_up() -> None:
    clock, shared, lost = Clock(START), Shared(away=True), []
    one = limiter(shared, clock, QUERIES, lost=lost)
    assert all(one.take("acme", "queries").allowed for _ in range(40))
    assert lost == ["lost", "lost"]


def test_looking_takes_nothing() -> None:
    one = limiter(Shared(), Clock(START), EXPORTS)
    assert {one.look("acme", "exports").left for _ in range(50)} == {20}


@pytest.mark.parametrize(
    "method, route, kind",
    [
        ("GET", "/analytics/costs", "queries"),
        ("HEAD", "/analytics/costs", "queries"),
        ("GET", "/analytics/reports/{report_id}/download", "exports"),
        ("POST", "/analytics/reports", "writes"),
        ("PATCH", "/analytics/schedules/{schedule_id}", "writes"),
        ("DELETE", "/analytics/keys/{key_id}", "writes"),
    ],
)
def test_what_is_asked_says_whose_bucket_pays(method: str, route: str, kind: str) -> None:
    assert kind_of(method, route) == kind


def test_what_everybody_has_by_default() -> None:
    assert A_MINUTE == {"queries": 600, "exports": 20, "writes": 50, "bad_credentials": 30}


def test_an_empty_bucket_has_no_token_left_until_one_has_grown_back() -> None:
    bucket = Allowance("exports", 20)
    full_at = 0.0
    for spent in range(20):
        assert (bucket.left(full_at, 0), bucket.wait(full_at, 0)) == (20 - spent, 0)
        full_at = bucket.spend(full_at, 0)
    assert (bucket.left(full_at, 0), bucket.wait(full_at, 0)) == (0, 3)
    assert (bucket.left(full_at, 2.9), bucket.left(full_at, 3)) == (0, 1)
    assert bucket.left(full_at + 60, 0) == 0


@pytest.mark.parametrize("wait, allowed, seconds", [(0.0, True, 1), (0.2, False, 1), (1.0, False, 1), (1.2, False, 2)])
def test_who_is_refused_is_told_whole_seconds_until_there_is_a_token(wait: float, allowed: bool, seconds: int) -> None:
    taken = Taken(EXPORTS, 0, wait, 60.0)
    assert (taken.allowed, taken.retry_after) == (allowed, seconds)
    refused = TooManyRequests("too many exports", taken)
    assert (str(refused), refused.taken) == ("too many exports", taken)
