"""CloudWatch's evaluation of alarms, as its user guide describes it, over a template's alarms and whatever datapoints there are.

Periods are aligned to multiples of themselves. To evaluate N periods the last N + 2 are looked at (the guide's tables: five for three):
where enough of them have data, the newest N with data count; else those with data and as many missing ones as make N.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.emf import Point

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
LOOKED_FURTHER = 2
NEVER_MISSING = "AWS/DynamoDB"
"""Alarms on this namespace stay as they are when data are missing, whatever they say."""
Series = list[float | None]
Resource = Mapping[str, Any]


def evaluate(
    resources: Mapping[str, Resource], points: Iterable[Point], at: datetime, before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Every alarm's state by its name, `before` being what they were in; composite ones by the states that come of it."""
    seen, before = list(points), before or {}
    alarms = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    composites = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::CompositeAlarm"]
    states = {one["AlarmName"]: state_of(one, seen, at, before.get(one["AlarmName"], INSUFFICIENT)) for one in alarms}
    rules = {one["AlarmName"]: one["AlarmRule"] for one in composites}
    while rules:
        ready = [name for name, rule in rules.items() if rule_names(rule).isdisjoint(rules)]
        assert ready, "composite alarms form a circle"
        states |= {name: ALARM if holds(rules.pop(name), states) else OK for name in ready}
    return states


def state_of(alarm: Resource, points: list[Point], at: datetime, before: str = INSUFFICIENT) -> str:
    """A metric alarm's state at an instant."""
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold", "no other one is used"
    periods = int(alarm["EvaluationPeriods"])
    values, low = _values(alarm, points, at, periods + LOOKED_FURTHER)
    if low and alarm.get("EvaluateLowSampleCountPercentile") == "ignore":
        return before
    found = [value for value in values if value is not None][-periods:]
    missing = periods - len(found)
    if missing and _namespaces(alarm) == {NEVER_MISSING}:
        return before
    treated = alarm["TreatMissingData"]
    assert treated in ("notBreaching", "breaching"), "no other one is used"
    breaching = sum(value > alarm["Threshold"] for value in found) + (missing if treated == "breaching" else 0)
    return ALARM if breaching >= int(alarm.get("DatapointsToAlarm", periods)) else OK


def _namespaces(alarm: Resource) -> set[str]:
    stats = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [alarm]
    return {one["Namespace"] for one in stats}


def _values(alarm: Resource, points: list[Point], at: datetime, periods: int) -> tuple[Series, bool]:
    """The last periods' values, oldest first, and whether one of them is a percentile of too few samples."""
    if "Metrics" not in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return _series(alarm, statistic, alarm["Period"], points, at, periods)
    series: dict[str, Series] = {}
    (returned,) = [query["Expression"] for query in alarm["Metrics"] if query["ReturnData"]]
    for query in (query for query in alarm["Metrics"] if "MetricStat" in query):
        stat = query["MetricStat"]
        series[query["Id"]], _ = _series(stat["Metric"], stat["Stat"], stat["Period"], points, at, periods)
    return calculated(returned, series), False


def _series(metric: Resource, statistic: str, period: int, points: list[Point], at: datetime, periods: int) -> tuple[Series, bool]:
    dimensions = frozenset((one["Name"], one["Value"]) for one in metric.get("Dimensions", ()))
    end = int(at.astimezone(UTC).timestamp()) // period
    buckets: dict[int, list[float]] = {place: [] for place in range(end - periods, end)}
    for point in points:
        place = int(point.at.timestamp()) // period
        if (point.namespace, point.name, point.dimensions) == (metric["Namespace"], metric["MetricName"], dimensions) and place in buckets:
            buckets[place].append(point.value)
    low = any(found and len(found) < fewest_samples(statistic) for found in buckets.values())
    return [statistic_of(statistic, found) if found else None for found in buckets.values()], low


def fewest_samples(statistic: str) -> float:
    """Of a percentile: 10 / (1 - p) from the median on, 10 / p below; any other statistic is of whatever there is."""
    if not re.fullmatch(r"p[0-9.]+", statistic):
        return 1
    share = float(statistic[1:]) / 100
    return 10 / (1 - share) if share >= 0.5 else 10 / share


def statistic_of(statistic: str, values: list[float]) -> float:
    if statistic.startswith("p"):
        return sorted(values)[math.ceil(float(statistic[1:]) / 100 * len(values)) - 1]
    simple: dict[str, Callable[[list[float]], float]] = {
        "Sum": sum,
        "Average": lambda found: sum(found) / len(found),
        "Maximum": max,
        "Minimum": min,
        "SampleCount": len,
    }
    return simple[statistic](values)


# Metric math


OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
}


def calculated(expression: str, series: Mapping[str, Series]) -> Series:
    """One series out of several, which are equally long. A sum is of what is there; any other operation of a missing value is missing."""
    length = len(next(iter(series.values())))
    return [
        _at(ast.parse(expression, mode="eval").body, {name: values[place] for name, values in series.items()}) for place in range(length)
    ]


def _at(node: Any, values: Mapping[str, float | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.BinOp):
        return _both(type(node.op), _at(node.left, values), _at(node.right, values))
    if isinstance(node, ast.Compare):
        return _both(type(node.ops[0]), _at(node.left, values), _at(node.comparators[0], values))
    assert isinstance(node, ast.Call), "no other syntax is used"
    return _function(node, values)


def _function(node: ast.Call, values: Mapping[str, float | None]) -> float | None:
    name, arguments = getattr(node.func, "id", ""), node.args
    if name == "SUM":
        (listed,) = arguments
        assert isinstance(listed, ast.List)
        found = [value for value in (_at(one, values) for one in listed.elts) if value is not None]
        return sum(found) if found else None
    if name == "FILL":
        value = _at(arguments[0], values)
        return _at(arguments[1], values) if value is None else value
    assert name == "IF", f"{name} isn't known here"
    condition = _at(arguments[0], values)
    return None if condition is None else _at(arguments[1] if condition else arguments[2], values)


def _both(kind: type, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (kind is ast.Div and right == 0):
        return None
    return float(OPERATORS[kind](left, right))


# Rules of composite alarms


TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+)')
STATES = (OK, ALARM, INSUFFICIENT)


def rule_names(rule: str) -> set[str]:
    """The alarms that it names."""
    words = {"AND", "OR", "NOT", "AT_LEAST", "TRUE", "FALSE", *STATES}
    return {
        token.strip('"') for token in TOKEN.findall(rule) if token not in words and token not in "()," and not re.fullmatch(r"\d+%?", token)
    }


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Whether a composite alarm's rule holds; one that isn't written as CloudWatch wants it is an AssertionError."""
    tokens = TOKEN.findall(rule)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", "", rule)
    value = _any(tokens, states)
    assert not tokens, f"{tokens} is left over"
    return value


def _any(tokens: list[str], states: Mapping[str, str]) -> bool:
    found = [_all(tokens, states)]
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        found.append(_all(tokens, states))
    return any(found)


def _all(tokens: list[str], states: Mapping[str, str]) -> bool:
    found = [_one(tokens, states)]
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        found.append(_one(tokens, states))
    return all(found)


def _one(tokens: list[str], states: Mapping[str, str]) -> bool:
    word = tokens.pop(0)
    if word == "NOT":
        return not _one(tokens, states)
    if word in ("TRUE", "FALSE"):
        return word == "TRUE"
    if word == "(":
        value = _any(tokens, states)
        _expect(tokens, ")")
        return value
    _expect(tokens, "(")
    if word == "AT_LEAST":
        return _at_least(tokens, states)
    assert word in STATES, f"{word} is no function"
    name = tokens.pop(0).strip('"')
    _expect(tokens, ")")
    return states[name] == word


def _at_least(tokens: list[str], states: Mapping[str, str]) -> bool:
    count = tokens.pop(0)
    _expect(tokens, ",")
    negated = tokens[0] == "NOT" and bool(tokens.pop(0))
    wanted = tokens.pop(0)
    assert wanted in STATES
    _expect(tokens, ",")
    _expect(tokens, "(")
    names = [tokens.pop(0).strip('"')]
    while tokens[0] == ",":
        tokens.pop(0)
        names.append(tokens.pop(0).strip('"'))
    _expect(tokens, ")")
    _expect(tokens, ")")
    fewest = len(names) * int(count[:-1]) / 100 if count.endswith("%") else int(count)
    return sum((states[name] == wanted) is not negated for name in names) >= fewest


def _expect(tokens: list[str], token: str) -> None:
    assert tokens.pop(0) == token
