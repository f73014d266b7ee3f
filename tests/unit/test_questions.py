"""Parameters become questions, or errors that name them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.usecases.questions.compliance import compliance_question
from chalicelib.usecases.questions.costs import cost_question
from chalicelib.usecases.questions.usage import usage_question

NOW = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)


def test_nothing_given_is_thirty_days_by_day_and_service() -> None:
    question = cost_question({}, NOW)
    assert (question.period, question.granularity, question.by, question.basis, question.currency) == (
        "30d",
        "day",
        ("service",),
        "billed",
        None,
    )


@pytest.mark.parametrize(
    ("parameters", "granularity"),
    [
        ({"period": ["24h"]}, "hour"),
        ({"period": ["2d"]}, "hour"),
        ({"period": ["3d"]}, "day"),
        ({"period": ["92d"]}, "day"),
        ({"period": ["93d"]}, "month"),
    ],
)
def test_granularity_follows_the_windows_length(parameters: dict[str, list[str]], granularity: str) -> None:
    assert usage_question(parameters, NOW).granularity == granularity


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"period": ["24h"]}, "period"),
        ({"start": ["2026-01-01T06:00:00Z"], "end": ["2026-01-02"]}, "start"),
        ({"granularity": ["hour"]}, "granularity"),
        ({"granularity": ["week"]}, "granularity"),
        ({"breakdown": ["nonsense"]}, "breakdown"),
        ({"breakdown": ["service,region,account"]}, "breakdown"),
        ({"breakdown": ["service,service"]}, "breakdown"),
        ({"breakdown": ["tag:"]}, "breakdown"),
        ({"cost": ["net"]}, "cost"),
        ({"currency": ["usd"]}, "currency"),
        ({"top": ["0"]}, "top"),
        ({"top": ["1001"]}, "top"),
        ({"top": ["٣"]}, "top"),
        ({"service": [""]}, "service"),
        ({"service": ["x" * 301]}, "service"),
        ({"period": ["7d", "30d"]}, "period"),
        ({"period": ["7d"], "start": ["2026-01-01"]}, "period"),
        ({"start": ["2026-01-01"]}, "end"),
        ({"end": ["2026-01-01"]}, "start"),
        ({"perod": ["7d"]}, "perod"),
        ({"framework": ["cis"]}, "framework"),
    ],
)
def test_what_costs_cannot_take_is_refused_by_name(parameters: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cost_question(parameters, NOW)
    assert field in [name for name, _ in refused.value.problems]


def test_every_unknown_parameter_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        compliance_question({"period": ["7d"], "sudo": ["1"]}, NOW)
    assert [name for name, _ in refused.value.problems] == ["period", "sudo"]


def test_filters_may_be_repeated_and_two_dimensions_joined() -> None:
    question = usage_question({"service": ["A", "B"], "breakdown": ["region,account"]}, NOW)
    assert question.selection.service == ("A", "B")
    assert question.by == ("region", "account")
