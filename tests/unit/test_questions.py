"""Parameters become questions, or errors that name them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.usecases.questions.compliance import compliance_question
from chalicelib.usecases.questions.costs import cost_question, month_question, nothing_asked, unit_question
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
        ({"charges": ["tax"]}, "charges"),
        ({"region": ["x"] * 51}, "region"),
        ({"start": ["2026-01-01T06:30:00Z"], "end": ["2026-01-02"]}, "start"),
        ({"start": ["2026-01-01"], "end": ["2026-01-02T00:30:00Z"]}, "end"),
        ({"start": ["2026-01-01"], "end": ["2026-01-02T06:00:00Z"]}, "end"),
        ({"as_of": ["2026-11-23T20:31:00Z"]}, "as_of"),
    ],
)
def test_what_costs_cannot_take_is_refused_by_name(parameters: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        cost_question(parameters, NOW)
    assert field in [name for name, _ in refused.value.problems]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-10", "2026-10-01", "October"])
def test_a_month_that_is_none_is_not_there(month: str) -> None:
    assert month_question("2026-10", {}, NOW) == date(2026, 10, 1)
    with pytest.raises(NotFound):
        month_question(month, {}, NOW)


def test_what_takes_no_parameters_refuses_them_by_name() -> None:
    nothing_asked({}, NOW)
    for ask in (nothing_asked, lambda parameters, now: month_question("2026-10", parameters, now)):
        with pytest.raises(InvalidInput, match="period"):
            ask({"period": ["7d"]}, NOW)


def test_what_a_unit_costs_is_told_by_effective_cost_unless_another_is_asked_for() -> None:
    assert unit_question({}, NOW).basis == "effective"
    assert unit_question({"cost": ["billed"]}, NOW).basis == "billed"
    with pytest.raises(InvalidInput, match="breakdown"):
        unit_question({"breakdown": ["region"]}, NOW)


def test_a_framework_and_how_many_issues_are_all_that_compliance_is_asked_with() -> None:
    asked = compliance_question({"framework": ["cis"], "top": ["3"]}, NOW)
    assert (asked.framework, asked.top, compliance_question({}, NOW).top) == ("cis", 3, 10)


def test_every_unknown_parameter_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        compliance_question({"period": ["7d"], "sudo": ["1"]}, NOW)
    assert [name for name, _ in refused.value.problems] == ["period", "sudo"]


def test_filters_may_be_repeated_and_two_dimensions_joined() -> None:
    question = usage_question({"service": ["A", "B"], "breakdown": ["region,account"]}, NOW)
    assert question.selection.service == ("A", "B")
    assert question.by == ("region", "account")
