"""How old a customer's sources are, in parts of what each may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.state import (
    CLOUDWATCH,
    COST_EXPLORER,
    FAILING,
    FINDINGS_EXPORT,
    NO_DATA,
    NOT_ENABLED,
    OK,
    SECURITY_HUB,
    CustomerStatus,
    SourceState,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def state(source: str, hours: float | None, kind: str = OK, every: int = 1) -> SourceState:
    return SourceState(source, kind, NOW, None if hours is None else NOW - timedelta(hours=hours), every=every)


def ratio(*states: SourceState) -> float:
    return CustomerStatus(sources={one.source: one for one in states}).age_ratio(NOW)


@pytest.mark.parametrize("source, limit", [(CLOUDWATCH, 3), (COST_EXPLORER, 30), (SECURITY_HUB, 26)])
def test_a_source_is_stale_as_soon_as_its_age_is_over_its_limit(source: str, limit: int) -> None:
    at, after = state(source, limit), state(source, limit + 0.001)
    assert (at.age_ratio(NOW), at.stale(NOW)) == (1, False)
    assert after.stale(NOW)
    assert after.age_ratio(NOW) > 1


def test_one_that_is_read_every_six_hours_may_be_five_older() -> None:
    assert state(CLOUDWATCH, 8, every=6).age_ratio(NOW) == 1


def test_the_oldest_source_counts_also_one_that_fails() -> None:
    assert ratio(state(CLOUDWATCH, 1), state(COST_EXPLORER, 60, FAILING)) == 2


def test_what_never_came_has_no_limit_or_is_not_to_come_is_not_old() -> None:
    assert ratio() == 0
    assert ratio(state(CLOUDWATCH, None, FAILING), state(FINDINGS_EXPORT, 999)) == 0
    assert ratio(state(SECURITY_HUB, 999, NOT_ENABLED), state(COST_EXPLORER, 999, NO_DATA)) == 0
