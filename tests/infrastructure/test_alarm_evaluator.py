"""The evaluator that the other tests trust, against the worked examples of CloudWatch's own guide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.alarm_evaluator import ALARM, INSUFFICIENT, OK, calculated, evaluate, fewest_samples, holds, rule_names, state_of, statistic_of
from tests.emf import Point

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alarm(**more: Any) -> dict[str, Any]:
    plain = {"Namespace": "N", "MetricName": "m", "Period": 60, "Statistic": "Sum", "EvaluationPeriods": 3, "Threshold": 5}
    return {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", **plain, **more}


def point(minutes_ago: float, value: float, name: str = "m", namespace: str = "N") -> Point:
    return Point(namespace, name, frozenset(), AT - minutes_ago * MINUTE, value)


def drawn(picture: str) -> list[Point]:
    """As the guide draws it: 0 is within the threshold, X breaches it, - is missing; the newest stands last."""
    values = {"0": 0.0, "X": 9.0}
    signs = picture.split()
    return [point(len(signs) - place, values[sign]) for place, sign in enumerate(signs) if sign != "-"]


# "Configuring how CloudWatch alarms treat missing data": 3 out of 3, and 2 out of 3
GUIDE = [
    (3, "0 - X - X", OK, OK),
    (3, "- - - - 0", OK, OK),
    (3, "- - - - -", ALARM, OK),
    (3, "0 X X - X", ALARM, ALARM),
    (3, "- - X - -", ALARM, OK),
    (2, "0 - X - X", ALARM, ALARM),
    (2, "0 0 X 0 X", ALARM, ALARM),
    (2, "0 - X - -", ALARM, OK),
    (2, "- - - - 0", ALARM, OK),
    (2, "- - - X -", ALARM, OK),
]


@pytest.mark.parametrize("datapoints, picture, breaching, not_breaching", GUIDE)
def test_missing_data_are_treated_as_in_the_guides_tables(datapoints: int, picture: str, breaching: str, not_breaching: str) -> None:
    found = [
        state_of(alarm(DatapointsToAlarm=datapoints, TreatMissingData=treated), drawn(picture), AT)
        for treated in ("breaching", "notBreaching")
    ]
    assert found == [breaching, not_breaching]


def test_what_is_at_the_threshold_does_not_exceed_it() -> None:
    assert state_of(alarm(EvaluationPeriods=1), [point(1, 5.0)], AT) == OK
    assert state_of(alarm(EvaluationPeriods=1), [point(1, 5.1)], AT) == ALARM


def test_only_whole_periods_and_the_very_metric_count() -> None:
    one = alarm(EvaluationPeriods=1, Dimensions=[{"Name": "Stage", "Value": "dev"}])
    stage = frozenset({("Stage", "dev")})
    ours = Point("N", "m", stage, AT - MINUTE, 9.0)
    assert state_of(one, [ours], AT) == ALARM
    others = [ours._replace(dimensions=frozenset({("Stage", "prod")})), ours._replace(dimensions=frozenset()), ours._replace(name="n")]
    assert state_of(one, [*others, ours._replace(at=AT), ours._replace(at=AT - 9 * MINUTE)], AT) == OK


def test_a_percentile_of_too_few_samples_leaves_the_state_where_the_alarm_ignores_them() -> None:
    assert (fewest_samples("p95"), fewest_samples("p50"), fewest_samples("p10")) == (pytest.approx(200), 20, 100)
    one = alarm(Statistic=None, ExtendedStatistic="p95", EvaluationPeriods=1, EvaluateLowSampleCountPercentile="ignore")
    few, many = [point(1, 9.0)] * 199, [point(1, 9.0)] * 200
    assert [state_of(one, few, AT, before) for before in (OK, ALARM, INSUFFICIENT)] == [OK, ALARM, INSUFFICIENT]
    assert state_of(one, many, AT, OK) == ALARM


def test_a_percentile_is_the_value_that_so_many_stay_under() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert (statistic_of("p95", hundred), statistic_of("p50", hundred)) == (95, 50)
    assert [statistic_of(name, [1.0, 2.0, 6.0]) for name in ("Sum", "Average", "Maximum", "Minimum", "SampleCount")] == [9, 3, 6, 1, 3]


def test_metric_math_fills_sums_and_chooses_as_the_guide_says() -> None:
    series = {"m0": [1.0, None, None], "m1": [2.0, 3.0, None]}
    assert calculated("SUM([FILL(m0, 0), FILL(m1, 0)])", series) == [3, 3, 0]
    assert calculated("SUM([m0, m1])", series) == [3, 3, None]
    assert calculated("m0 / m1", series) == [0.5, None, None]
    assert calculated("IF(m1 >= 3, 100 * m1 / m1, 0)", series) == [0, 100, None]
    assert calculated("m1 / 0", series) == [None, None, None]


def test_an_alarm_on_dynamodb_stays_as_it_is_when_data_are_missing() -> None:
    one = alarm(Namespace="AWS/DynamoDB", EvaluationPeriods=1)
    assert [state_of(one, [], AT, before) for before in (OK, ALARM)] == [OK, ALARM]


def test_rules_are_read_as_cloudwatch_reads_them() -> None:
    states = {"a": ALARM, "b": OK, "c": ALARM, "d d": INSUFFICIENT}
    true = [
        'ALARM("a") AND NOT ALARM("b")',
        'OK(b) OR ALARM("b")',
        '(ALARM("b") OR ALARM("c")) AND INSUFFICIENT_DATA("d d")',
        'AT_LEAST(2, ALARM, (a, "b", c))',
        "AT_LEAST(50%, NOT OK, (a, b))",
        'ALARM("b") AND ALARM("b") OR TRUE',
    ]
    false = ["AT_LEAST(3, ALARM, (a, b, c))", 'ALARM("a") AND FALSE', "AT_LEAST(51%, OK, (a, b))"]
    assert [holds(rule, states) for rule in true] == [True] * len(true)
    assert [holds(rule, states) for rule in false] == [False] * len(false)
    assert rule_names('ALARM("d d") OR AT_LEAST(2, NOT ALARM, (a, b))') == {"a", "b", "d d"}


@pytest.mark.parametrize("rule", ['ALARM("a"', "ALARM(a) b", "MAYBE(a)", "AT_LEAST(2, a, b)", "", 'AT_LEAST(1, ALARM, ("a"))x'])
def test_a_rule_that_cloudwatch_would_refuse_is_refused(rule: str) -> None:
    with pytest.raises((AssertionError, IndexError)):
        holds(rule, {"a": OK, "b": OK})


def test_composite_alarms_follow_those_that_their_rules_name() -> None:
    resources = {
        "Outer": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmName": "outer", "AlarmRule": "ALARM(inner)"}},
        "Inner": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmName": "inner", "AlarmRule": 'ALARM("a")'}},
        "A": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm(EvaluationPeriods=1)},
    }
    assert evaluate(resources, [point(1, 9.0)], AT) == {"a": ALARM, "inner": ALARM, "outer": ALARM}
    assert evaluate(resources, [], AT) == {"a": OK, "inner": OK, "outer": OK}
