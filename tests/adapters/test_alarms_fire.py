"""Every alarm of the stack goes off when what it is for happens, doesn't one event before, and is over when it is over.

What the app tells is driven out of the app itself (watching.py); what AWS tells is as its guides list it (tests/aws_metrics.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from alarms.rollback import ANY_THROTTLES, OF_THROTTLES, ROLLBACK, ROLLBACK_ALARMS, SEVEN
from alarms.stack import build
from chalicelib.domain import signals
from tests.adapters.watching import Watch, watching
from tests.alarm_evaluator import ALARM, OK, evaluate
from tests.aws_metrics import METRICS
from tests.emf import Point

STAGE = "local"
RESOURCES: dict[str, Any] = json.loads(build(STAGE).to_json())["Resources"]
PREFIX = f"securebase-{STAGE}-analytics-"
METRIC_ALARMS = {
    one["Properties"]["AlarmName"].removeprefix(PREFIX): one["Properties"]
    for one in RESOURCES.values()
    if one["Type"] == "AWS::CloudWatch::Alarm"
}
AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""On the full hour, where periods of an hour and of five minutes end."""
API = {"ApiName": "securebase", "Stage": STAGE}
ENOUGH = 200
"""Samples of which a p95 is one."""


def aws(namespace: str, name: str, dimensions: dict[str, str], *values: float) -> list[Point]:
    """Datapoints of a metric that AWS tells with those dimensions."""
    assert frozenset(dimensions) in map(frozenset, METRICS[namespace][name].dimensions)
    return [Point(namespace, name, frozenset(dimensions.items()), AT, value) for value in values]


def of_api(name: str, *values: float) -> list[Point]:
    return aws("AWS/ApiGateway", name, API, *values)


def of_function(function: signals.Function, name: str, *values: float) -> list[Point]:
    return aws("AWS/Lambda", name, {"FunctionName": function.deployed(STAGE)}, *values)


def of_table(table: str, name: str, *values: float, **index: str) -> list[Point]:
    return aws("AWS/DynamoDB", name, {"TableName": f"securebase-{STAGE}-{table}", **index}, *values)


@dataclass(frozen=True)
class Scenario:
    """What is told in one period: just over the threshold, just not, and when all is well (without that, nothing at all)."""

    over: list[Point]
    under: list[Point]
    well: list[Point]


def slow(points: Callable[..., list[Point]], limit: float) -> Scenario:
    """Of a percentile in milliseconds."""
    return Scenario(points(*[limit + 1] * ENOUGH), points(*[limit] * ENOUGH), points(*[10.0] * ENOUGH))


def rate(failed: int, requests: int) -> list[Point]:
    fine = requests - failed
    return [*of_api("5XXError", *[1.0] * failed, *[0.0] * fine), *of_api("Count", *[1.0] * requests)]


def late(worker: signals.Function) -> Scenario:
    limit = 0.8 * worker.timeout * 1000
    return Scenario(*(of_function(worker, "Duration", 100, value) for value in (limit + 1, limit, 200)))


def dead(queue: str) -> Scenario:
    points = [aws("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": f"securebase-{STAGE}-{queue}-dead"}, age) for age in (60, 0, 0)]
    return Scenario(*points)


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    with watching() as made:
        yield made


@pytest.fixture(scope="module")
def scenarios(watch: Watch) -> dict[str, Scenario]:
    """By alarm."""
    failing = watch.failing_requests(6)
    table = of_table("metrics", "ReadThrottleEvents", 1, 1, 1)
    index = {"GlobalSecondaryIndexName": "ServiceIndex"}
    at_index = of_table("metrics", "WriteThrottleEvents", 1, 1, 1, **index)
    return {
        "lambda-errors": Scenario(
            [*failing[:3], *of_function(signals.API, "Errors", 0, 1), *of_function(signals.REPORT_ENGINE, "Errors", 1, 1)],
            [*failing[:3], *of_function(signals.REPORT_ENGINE, "Errors", 1, 1, 0)],
            of_function(signals.API, "Errors", 0, 0),
        ),
        "lambda-duration": slow(lambda *values: of_function(signals.API, "Duration", *values), 1000),
        **{f"lambda-duration-{worker.name.removeprefix('analytics-')}": late(worker) for worker in signals.WORKERS},
        "lambda-throttles": Scenario(
            *(of_function(signals.DELIVERY_WORKER, "Throttles", 0, value) for value in (1, 0)), of_function(signals.API, "Throttles", 0)
        ),
        "dynamodb-throttles": Scenario(
            [*table, *of_table("cache", "WriteThrottleEvents", 3)], [*table, *of_table("cache", "WriteThrottleEvents", 2)], []
        ),
        "dynamodb-throttles-indexes": Scenario(
            [*at_index, *of_table("reports", "WriteThrottleEvents", 3, GlobalSecondaryIndexName="CreatedAtIndex")],
            [*at_index, *of_table("reports", "WriteThrottleEvents", 2, GlobalSecondaryIndexName="CreatedAtIndex")],
            [],
        ),
        "api-5xx": Scenario(of_api("5XXError", *[1.0] * 11, 0), of_api("5XXError", *[1.0] * 10, 0), of_api("5XXError", 0)),
        "api-latency": slow(lambda *values: of_api("Latency", *values), 500),
        "failed-reports": Scenario(watch.reports_given_up(4), watch.reports_given_up(3), []),
        **{name: dead(f"analytics-{name.removeprefix('dead-letters-')}") for name in METRIC_ALARMS if name.startswith("dead-letters-")},
        "delivery-failures": Scenario(watch.bounces(11), watch.bounces(10), []),
        "sources-stale": Scenario(*(watch.ages(timedelta(hours=3, seconds=seconds)) for seconds in (1, 0)), watch.ages(timedelta(hours=1))),
        "rollback-errors": Scenario(rate(6, 100), rate(5, 100), rate(0, 100)),
        "rollback-latency": slow(lambda *values: of_api("Latency", *values), 2000),
        "rollback-accuracy": Scenario(*(watch.difference(apart) for apart in (True, False)), []),
    }


def placed(name: str, points: Iterable[Point], ago: int) -> list[Point]:
    """In the alarm's period that ended so many periods before AT."""
    at = AT - (ago + 1) * period_of(name) + timedelta(seconds=30)
    return [point._replace(at=at) for point in points]


def period_of(name: str) -> timedelta:
    alarm = METRIC_ALARMS[name]
    (period,) = {query["MetricStat"]["Period"] for query in alarm.get("Metrics", []) if "MetricStat" in query} or {alarm["Period"]}
    return timedelta(seconds=period)


def lasting(name: str, points: list[Point], since: int = 0) -> list[Point]:
    """In each of the periods that the alarm evaluates (or as many before AT, from `since` periods ago on)."""
    return [point for ago in range(METRIC_ALARMS[name]["EvaluationPeriods"]) for point in placed(name, points, since + ago)]


def state(name: str, points: list[Point], at: datetime = AT, before: str = OK) -> str:
    return evaluate(RESOURCES, points, at, dict.fromkeys((PREFIX + one for one in METRIC_ALARMS), before))[PREFIX + name]


def elsewhere(points: list[Point]) -> list[Point]:
    """The same, told of another stage."""

    def of(point: Point) -> Point:
        return point._replace(dimensions=frozenset((name, value.replace(STAGE, "staging")) for name, value in point.dimensions))

    return [of(point) for point in points]


every_alarm = pytest.mark.parametrize("name", METRIC_ALARMS)


@every_alarm
def test_an_alarm_goes_off_when_what_it_is_for_happens(scenarios: dict[str, Scenario], name: str) -> None:
    assert state(name, lasting(name, scenarios[name].over)) == ALARM


@every_alarm
def test_an_alarm_does_not_go_off_one_event_before(scenarios: dict[str, Scenario], name: str) -> None:
    assert state(name, lasting(name, scenarios[name].under)) == OK


@every_alarm
def test_an_alarm_is_over_when_all_is_well_again(scenarios: dict[str, Scenario], name: str) -> None:
    before = lasting(name, scenarios[name].over, since=METRIC_ALARMS[name]["EvaluationPeriods"])
    if scenarios[name].well:  # where nothing is told when all is well, what was told last stands for two more periods
        assert state(name, [*before, *lasting(name, scenarios[name].well)], before=ALARM) == OK
    long_after = AT + 10 * period_of(name)
    well = [point._replace(at=point.at + 10 * period_of(name)) for point in lasting(name, scenarios[name].well)]
    assert state(name, [*before, *well], long_after, before=ALARM) == OK


@every_alarm
def test_an_alarm_of_several_periods_does_not_go_off_before_the_last_of_them(scenarios: dict[str, Scenario], name: str) -> None:
    periods, scenario = METRIC_ALARMS[name]["EvaluationPeriods"], scenarios[name]
    points = [point for ago in range(periods) for point in placed(name, scenario.over if ago < periods - 1 else scenario.well, ago)]
    assert state(name, points) == OK


@every_alarm
def test_an_alarm_of_one_stage_hears_nothing_of_another(scenarios: dict[str, Scenario], name: str) -> None:
    scenario = scenarios[name]
    ours = lasting(name, scenario.well)
    assert state(name, [*ours, *elsewhere(lasting(name, scenario.over))]) == OK


def test_a_source_that_tells_nothing_any_more_is_an_alarm_after_two_hours(scenarios: dict[str, Scenario]) -> None:
    well = placed("sources-stale", scenarios["sources-stale"].well, 0)
    assert state("sources-stale", well, AT) == OK
    assert state("sources-stale", well, AT + timedelta(hours=4)) == ALARM
    assert state("sources-stale", elsewhere(lasting("sources-stale", scenarios["sources-stale"].well))) == ALARM


def test_of_few_requests_that_all_fail_no_deployment_is_taken_back() -> None:
    assert state("rollback-errors", lasting("rollback-errors", rate(19, 19))) == OK
    assert state("rollback-errors", lasting("rollback-errors", rate(20, 20))) == ALARM
    assert state("rollback-errors", []) == OK


def test_a_percentile_of_few_requests_changes_no_state() -> None:
    few = lasting("api-latency", of_api("Latency", *[9000.0] * (ENOUGH - 1)))
    assert [state("api-latency", few, before=before) for before in (OK, ALARM)] == [OK, ALARM]


# The composite alarms


def rollback(points: list[Point]) -> str:
    return state(ROLLBACK, points)


@pytest.mark.parametrize("name", ROLLBACK_ALARMS)
def test_each_of_the_three_triggers_alone_takes_a_deployment_back_and_no_longer_than_it_lasts(
    scenarios: dict[str, Scenario], name: str
) -> None:
    assert rollback(lasting(name, scenarios[name].over)) == ALARM
    assert rollback(lasting(name, scenarios[name].under)) == OK


def going_off(scenarios: dict[str, Scenario], names: Iterable[str]) -> list[Point]:
    """Points over which exactly those of the seven are in ALARM, and none of the rollback's own."""
    metric_alarms = [OF_THROTTLES[0] if name == ANY_THROTTLES else name for name in names]
    points = [point for name in metric_alarms for point in lasting(name, scenarios[name].over)]
    states = evaluate(RESOURCES, points, AT)
    assert {name for name in (*SEVEN, *ROLLBACK_ALARMS) if states[PREFIX + name] == ALARM} == set(names)
    return points


@pytest.mark.parametrize("name", SEVEN, ids=lambda name: name.removesuffix("-any"))
def test_each_of_the_runbooks_seven_goes_off_and_alone_takes_nothing_back(scenarios: dict[str, Scenario], name: str) -> None:
    points = going_off(scenarios, [name])
    assert state(name, points) == ALARM
    assert state(name, [point._replace(at=AT - timedelta(days=1)) for point in points]) == OK
    assert rollback(points) == OK


@pytest.mark.parametrize("names", list(combinations(SEVEN, 3)), ids=", ".join)
def test_three_of_the_seven_are_not_many(scenarios: dict[str, Scenario], names: tuple[str, ...]) -> None:
    assert rollback(going_off(scenarios, names)) == OK


@pytest.mark.parametrize("names", list(combinations(SEVEN, 4)), ids=", ".join)
def test_four_of_the_seven_take_a_deployment_back(scenarios: dict[str, Scenario], names: tuple[str, ...]) -> None:
    assert rollback(going_off(scenarios, names)) == ALARM


def test_throttles_of_tables_and_of_indexes_are_one_of_the_seven(scenarios: dict[str, Scenario]) -> None:
    both = [point for name in OF_THROTTLES for point in lasting(name, scenarios[name].over)]
    assert [state(name, both) for name in (*OF_THROTTLES, ANY_THROTTLES)] == [ALARM] * 3
    assert rollback([*both, *going_off(scenarios, ["api-5xx", "failed-reports"])]) == OK
    assert rollback([*both, *going_off(scenarios, ["api-5xx", "failed-reports", "lambda-errors"])]) == ALARM


@pytest.mark.parametrize("name", OF_THROTTLES)
def test_either_throttling_is_the_one_of_the_seven(scenarios: dict[str, Scenario], name: str) -> None:
    assert state(ANY_THROTTLES, lasting(name, scenarios[name].over)) == ALARM
    assert state(ANY_THROTTLES, lasting(name, scenarios[name].under)) == OK


# What the app tells


def test_every_metric_of_our_own_is_really_told_in_the_stages_name_and_each_event_once(watch: Watch) -> None:
    told = watch.everything()
    assert {(point.namespace, point.dimensions) for point in told} == {(signals.NAMESPACE, frozenset({("Stage", STAGE)}))}
    assert {point.name for point in told} == set(signals.METRICS)
    once = (
        *(signals.REPORTS_RENDERED, signals.REPORTS_FAILED, signals.DELIVERIES_SENT, signals.DELIVERIES_FAILED),
        signals.SCHEDULES_PARKED,
    )
    assert {name: [point.value for point in told if point.name == name] for name in once} == {name: [1.0] for name in once}


def test_lines_that_fall_short_of_their_total_are_told_without_the_sign_which_no_maximum_would_see(scenarios: dict[str, Scenario]) -> None:
    scenario = scenarios["rollback-accuracy"]
    assert min(point.value for point in scenario.over) == pytest.approx(1000)
    assert {point.value for point in scenario.under} == {0.0}


def test_the_average_of_cache_hits_is_the_rate(watch: Watch) -> None:
    def ask() -> None:
        for period in ("5d", "5d", "5d", "6d"):
            answer = watch.http.get(f"/analytics/usage?period={period}", headers={"X-API-Key": watch.key})
            assert answer.status_code == 200

    assert [point.value for point in watch.points(ask, signals.CACHE_HITS)] == [0, 1, 1, 0]


def test_an_answer_that_is_no_failure_counts_as_none(watch: Watch) -> None:
    def ask() -> None:
        assert watch.http.get("/analytics/usage", headers={"X-API-Key": "nonsense"}).status_code == 401
        assert watch.http.get("/analytics/usage?period=3Od", headers={"X-API-Key": watch.key}).status_code == 400

    assert watch.points(ask) == []


def test_where_nobody_has_a_source_none_is_late(watch: Watch) -> None:
    customers = watch.aws.services.customers
    held = customers.get(watch.post.customer.id)
    assert held is not None
    customers.put(held.__class__(**{**vars(held), "disabled": True}))
    told = watch.points(lambda: watch.app.analytics_aggregator({"source": "aws.events"}, None))
    customers.put(held)
    assert {point.name: point.value for point in told} == {signals.CUSTOMERS: 0, signals.SOURCE_AGE_RATIO: 0}


def test_that_ages_cannot_be_told_has_no_plan_repeated_and_is_an_alarm_by_itself(watch: Watch) -> None:
    job = {"job": "plan", "customers": watch.post.customer.id, "end": "2026-03-04T18:00:00Z"}

    def plan() -> None:
        with watch.broken("dynamodb"):
            watch.job("aggregation_worker", job)

    assert watch.points(plan) == [], "neither an age nor a failure"
    assert state("sources-stale", []) == ALARM
